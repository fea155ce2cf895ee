import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Burst, figuresOf, foldBurst, type Latency, type LatencyFigures, NO_LATENCY, roundMs } from '../../src/domain/latency.ts'

const SILENT: Burst = { type: 'silent', refused: false, why: 'no answer' }
const SECOND = 1_000
/** One burst a second, the first at 0. Null: silence. */
const fold = (bursts: readonly (number | null | Burst)[]): Latency =>
  bursts.reduce<Latency>((so, one, i) => {
    const burst: Burst = one === null ? SILENT : typeof one === 'number' ? { type: 'answered', rttMs: one } : one
    return foldBurst(so, burst, i * SECOND)
  }, NO_LATENCY)
const shown = (bursts: readonly (number | null | Burst)[], wallMs = Math.max(0, bursts.length - 1) * SECOND): LatencyFigures =>
  figuresOf(fold(bursts), wallMs)

const NOTHING: LatencyFigures = {
  rttMs: null,
  minMs: null,
  medianMs: null,
  p95Ms: null,
  jitterMs: null,
  rttAtMs: null,
  lossPct: null,
  connectMs: null,
  connectAtMs: null,
  serverBusy: null,
  loadedMs: null,
  loadedAtMs: null,
}

test.each<[string, readonly (number | null | Burst)[], Partial<LatencyFigures>]>([
  ['nothing was tried', [], {}],
  ['silence from the start', [null], { lossPct: 100 }],
  [
    'the first answer is all there is, to the microsecond',
    [1.23456],
    { rttMs: 1.235, minMs: 1.235, medianMs: 1.235, p95Ms: 1.235, rttAtMs: 0, lossPct: 0 },
  ],
  [
    'it is left out of what is told of several once there is a second',
    [40, 12],
    { rttMs: 12, minMs: 12, medianMs: 12, p95Ms: 12, rttAtMs: 1_000, lossPct: 0 },
  ],
  [
    'jitter is the mean difference of neighbours',
    [40, 10, 12, 11],
    { rttMs: 11, minMs: 10, medianMs: 11, p95Ms: 12, jitterMs: 1.5, rttAtMs: 3_000, lossPct: 0 },
  ],
  [
    'the neighbour of an answer may lie before silence, which leaves its age',
    [40, 10, null, 13, null],
    { rttMs: 13, minMs: 10, medianMs: 10, p95Ms: 13, jitterMs: 3, rttAtMs: 3_000, lossPct: 40 },
  ],
  [
    'an answer that could not be timed is no loss, and no value',
    [40, 10, { type: 'answered', rttMs: null }],
    { rttMs: 10, minMs: 10, medianMs: 10, p95Ms: 10, rttAtMs: 1_000, lossPct: 0 },
  ],
  [
    'nor does about how long it took stand beside a value',
    [40, 10, { type: 'answered', rttMs: null, roughMs: 3 }],
    { rttMs: 10, minMs: 10, medianMs: 10, p95Ms: 10, rttAtMs: 1_000, lossPct: 0 },
  ],
  [
    'about how long it took stands while there is no value',
    [{ type: 'answered', rttMs: null, roughMs: 30 }],
    { rttMs: 30, minMs: 30, medianMs: 30, p95Ms: 30, rttAtMs: 0, lossPct: 0 },
  ],
  [
    'and is gone with the first value',
    [{ type: 'answered', rttMs: null, roughMs: 3 }, 10],
    { rttMs: 10, minMs: 10, medianMs: 10, p95Ms: 10, rttAtMs: 1_000, lossPct: 0 },
  ],
  [
    'a refusal is an answer of a kind, so nothing was lost',
    [10, { type: 'silent', refused: true, why: 'connection refused' }],
    { rttMs: 10, minMs: 10, medianMs: 10, p95Ms: 10, rttAtMs: 0, lossPct: 0 },
  ],
  [
    'a value beside a speed test is kept apart',
    [40, 10, { type: 'answered', rttMs: 55.55555, connectMs: 50, isLoaded: true }],
    { rttMs: 10, minMs: 10, medianMs: 10, p95Ms: 10, rttAtMs: 1_000, lossPct: 0, loadedMs: 55.556, loadedAtMs: 2_000 },
  ],
  [
    'the handshake has an age of its own',
    [{ type: 'answered', rttMs: 3, connectMs: 2.5 }, 3],
    { rttMs: 3, minMs: 3, medianMs: 3, p95Ms: 3, rttAtMs: 1_000, lossPct: 0, connectMs: 2.5, connectAtMs: 0, serverBusy: false },
  ],
])('%s', (_, bursts, figures) => expect(shown(bursts)).toEqual({ ...NOTHING, ...figures }))

test('a handshake is never shown as longer than a round trip', () =>
  expect(shown([{ type: 'answered', rttMs: 3, connectMs: 7 }]).connectMs).toEqual(3))

describe('a steady path', () => {
  // 0.05 ms and a little, as loopback has it, and a first value that met cold code.
  const steady = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => 0.05 + (i % 3) * 0.01)

  test('shows a jitter below 0.1 ms after two minutes, whatever its first value was', () =>
    expect(shown([47, ...steady(24)])).toMatchObject({ jitterMs: 0.013, medianMs: 0.06, p95Ms: 0.07, minMs: 0.05 }))

  test('shows one outlier as that, and has forgotten it 16 values later', () => {
    expect(shown([47, ...steady(20), 9, ...steady(3)])).toMatchObject({ jitterMs: 1.204, medianMs: 0.06, p95Ms: 9 })
    expect(shown([47, ...steady(20), 9, ...steady(16)])).toMatchObject({ jitterMs: 0.013, medianMs: 0.06, p95Ms: 0.07 })
  })
})

test.each<[string, number, number, boolean]>([
  ['as long as the handshake', 20, 20, false],
  ['a little longer on a short path', 6, 1, false],
  ['6 ms longer on a short path', 7, 1, true],
  ['a third longer on a long path', 120, 90, false],
  ['more than half longer on a long path', 140, 90, true],
  ['shorter than a handshake that was retransmitted', 20, 1_020, false],
])('whether the server is busy, where answers take %s', (_, rttMs, connectMs, serverBusy) =>
  expect(shown([{ type: 'answered', rttMs, connectMs }]).serverBusy).toEqual(serverBusy),
)

test('whether a server is busy is not known by a handshake of more than an hour ago, nor without a value of the last minutes', () => {
  const busy: readonly Burst[] = [{ type: 'answered', rttMs: 9, connectMs: 1 }]
  const again = foldBurst(fold(busy), { type: 'answered', rttMs: 9 }, 3_600_000)
  expect([0, 4 * 60_000, 5 * 60_000].map((wallMs) => shown(busy, wallMs).serverBusy)).toEqual([true, true, null])
  expect([3_600_000, 3_600_001].map((wallMs) => figuresOf(again, wallMs).serverBusy)).toEqual([true, null])
})

const single = (rttMs: number): Burst => ({ type: 'answered', rttMs, isSingle: true })
test.each<[string, readonly Burst[], number]>([
  ['is left out where a burst has said it better', [{ type: 'answered', rttMs: 0.05 }, single(0.8)], 0.05],
  ['counts where it is shorter', [{ type: 'answered', rttMs: 0.05 }, single(0.04)], 0.04],
  ['that is much longer is left out once', [{ type: 'answered', rttMs: 20 }, single(30)], 20],
  ['that is much longer counts the second time', [{ type: 'answered', rttMs: 20 }, single(30), single(31)], 31],
  ['is left out where it is a little longer on a long path', [{ type: 'answered', rttMs: 100 }, single(120)], 100],
  ['counts where there was no burst', [single(3), single(4)], 4],
])('a single request %s', (_, bursts, rttMs) => expect(shown(bursts).rttMs).toEqual(rttMs))

test('a single request counts where the last burst is more than four and a half minutes ago', () => {
  const burst = foldBurst(NO_LATENCY, { type: 'answered', rttMs: 1 }, 0)
  expect([270_000, 270_001].map((wallMs) => foldBurst(burst, single(2), wallMs).rttMs)).toEqual([1, 2])
})

describe('what is kept', () => {
  test('of a row that was never measured is one and the same', () => expect(fold([])).toBe(NO_LATENCY))

  test('is bounded, however long a row is measured', () => {
    const kept = Array.from({ length: 2_000 }, (_, i) => i).reduce<Latency>(
      (so, i) => foldBurst(so, { type: 'answered', rttMs: i }, i * 5_000),
      NO_LATENCY,
    )
    expect([kept.samplesMs, kept.recent.leastMs.length]).toEqual([Array.from({ length: 16 }, (_, i) => 1_984 + i), 5])
  })
})

const rtt = fc.double({ min: 0, max: 10_000, noNaN: true })

test('loss is the share of silence among the last 16', () =>
  fc.assert(
    fc.property(fc.array(fc.option(rtt), { minLength: 1, maxLength: 60 }), (bursts) => {
      const last = bursts.slice(-16)
      const silent = last.filter((one) => one === null).length
      expect(shown(bursts).lossPct).toEqual(Math.round((silent / last.length) * 1_000) / 10)
    }),
  ))

test('jitter never exceeds the largest step, and the figures are in order', () =>
  fc.assert(
    fc.property(fc.array(rtt, { minLength: 3, maxLength: 60 }), (rtts) => {
      const steps = rtts.slice(1).map((one, i) => Math.abs(one - (rtts[i] ?? 0)))
      const { jitterMs, medianMs, p95Ms } = shown(rtts)
      expect(jitterMs ?? -1).toBeLessThanOrEqual(Math.max(...steps) + 0.002)
      expect(medianMs ?? -1).toBeLessThanOrEqual(p95Ms ?? -1)
    }),
  ))

test.each([
  [0.04277400000000853, 0.043],
  [12.3456, 12.346],
  [100, 100],
])('%s ms are told as %s', (ms, told) => expect(roundMs(ms)).toEqual(told))
