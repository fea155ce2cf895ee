import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fullAllowance, takeOne } from '../../src/domain/allowance.ts'

const LIMITS = { burst: 4, perSecond: 2 }

/** How long each taker has to wait, who all come at these times. */
function waits(atMs: readonly number[], limits = LIMITS): readonly number[] {
  let allowance = fullAllowance(limits, 0)
  return atMs.map((nowMs) => {
    const taken = takeOne(allowance, limits, nowMs)
    allowance = taken.allowance
    return taken.waitMs
  })
}

test.each<[string, readonly number[], readonly number[]]>([
  ['a burst waits for nothing', [0, 0, 0, 0], [0, 0, 0, 0]],
  ['who comes after it waits, each for its own turn', [0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 500, 1_000, 1_500]],
  ['time gives back', [0, 0, 0, 0, 500, 1_000], [0, 0, 0, 0, 0, 0]],
  ['a part of a turn counts', [0, 0, 0, 0, 250], [0, 0, 0, 0, 250]],
  ['what was promised is paid first', [0, 0, 0, 0, 0, 500], [0, 0, 0, 0, 500, 500]],
  ['no more is saved than a burst', [3_600_000, 3_600_000, 3_600_000, 3_600_000, 3_600_000], [0, 0, 0, 0, 500]],
])('%s', (_, atMs, expected) => expect(waits(atMs)).toEqual(expected))

test('whenever they come, within any time no more go than the burst and what the time gives', () =>
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 400 }), { maxLength: 60 }), (gaps) => {
      let nowMs = 0
      const atMs = gaps.map((gap) => (nowMs += gap))
      const goMs = waits(atMs).map((waitMs, i) => (atMs[i] ?? 0) + waitMs)
      for (const [i, first] of goMs.entries())
        for (const [j, last] of goMs.entries())
          if (j >= i) expect(j - i + 1).toBeLessThanOrEqual(LIMITS.burst + ((last - first) * LIMITS.perSecond) / 1_000 + 1e-6)
    }),
  ))

test('nobody goes before who came first', () =>
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 400 }), { maxLength: 60 }), (gaps) => {
      let nowMs = 0
      const atMs = gaps.map((gap) => (nowMs += gap))
      const goMs = waits(atMs).map((waitMs, i) => (atMs[i] ?? 0) + waitMs)
      expect(goMs).toEqual(goMs.toSorted((a, b) => a - b))
    }),
  ))
