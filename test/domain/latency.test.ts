import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Burst, foldBurst, type Latency, NO_LATENCY, roundMs } from '../../src/domain/latency.ts'

const SILENT: Burst = { type: 'silent', refused: false, why: 'no answer' }
const fold = (bursts: readonly (number | null)[]): Latency =>
  bursts.reduce<Latency>((so, rttMs) => foldBurst(so, rttMs === null ? SILENT : { type: 'answered', rttMs }), NO_LATENCY)

const repeat = <T>(count: number, item: T): readonly T[] => Array.from({ length: count }, () => item)

test.each<[string, readonly (number | null)[], Latency]>([
  ['nothing was tried', [], { rttMs: null, jitterMs: null, lossPct: null, history: 0, bursts: 0 }],
  ['silence from the start', [null], { rttMs: null, jitterMs: null, lossPct: 100, history: 1, bursts: 1 }],
  ['one answer has no jitter', [1.23456], { rttMs: 1.235, jitterMs: null, lossPct: 0, history: 0, bursts: 1 }],
  ['two answers differ by their jitter', [10, 12], { rttMs: 12, jitterMs: 2, lossPct: 0, history: 0, bursts: 2 }],
  ['a third moves it by a sixteenth', [10, 12, 12], { rttMs: 12, jitterMs: 1.875, lossPct: 0, history: 0, bursts: 3 }],
  ['silence keeps what was known', [10, 12, null], { rttMs: 12, jitterMs: 2, lossPct: 33.3, history: 0b1, bursts: 3 }],
  [
    'the neighbour of an answer may lie before silence',
    [10, null, 13],
    { rttMs: 13, jitterMs: 3, lossPct: 33.3, history: 0b10, bursts: 3 },
  ],
  ['16 bursts count', [...repeat(8, null), ...repeat(8, 5)], { rttMs: 5, jitterMs: 0, lossPct: 50, history: 0xff00, bursts: 16 }],
  ['older ones do not', [...repeat(9, null), ...repeat(16, 5)], { rttMs: 5, jitterMs: 0, lossPct: 0, history: 0, bursts: 16 }],
  ['silence for ever is all loss', repeat(40, null), { rttMs: null, jitterMs: null, lossPct: 100, history: 0xffff, bursts: 16 }],
])('%s', (_, bursts, expected) => expect(fold(bursts)).toEqual(expected))

const rtt = fc.double({ min: 0, max: 10_000, noNaN: true })

test('a refusal is an answer of a kind, so nothing was lost', () => {
  const refused: Burst = { type: 'silent', refused: true, why: 'connection refused' }
  expect(foldBurst(fold([10, 12]), refused)).toEqual({ rttMs: 12, jitterMs: 2, lossPct: 0, history: 0, bursts: 3 })
})

test('loss is the share of silence among the last 16', () =>
  fc.assert(
    fc.property(fc.array(fc.option(rtt), { minLength: 1, maxLength: 60 }), (bursts) => {
      const last = bursts.slice(-16)
      const silent = last.filter((one) => one === null).length
      expect(fold(bursts).lossPct).toEqual(Math.round((silent / last.length) * 1_000) / 10)
    }),
  ))

test('jitter never exceeds the largest step', () =>
  fc.assert(
    fc.property(fc.array(rtt, { minLength: 2, maxLength: 60 }), (rtts) => {
      const steps = rtts.slice(1).map((one, i) => Math.abs(one - (rtts[i] ?? 0)))
      expect(fold(rtts).jitterMs ?? -1).toBeLessThanOrEqual(Math.max(...steps) + 0.002)
    }),
  ))

test.each([
  [0.04277400000000853, 0.043],
  [12.3456, 12.346],
  [100, 100],
])('%s ms are told as %s', (ms, told) => expect(roundMs(ms)).toEqual(told))
