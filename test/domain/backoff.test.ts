import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from '../../src/domain/backoff.ts'

test.each([
  [0, 0, 25],
  [0, 1, 100],
  [1, 0, 50],
  [1, 0.5, 125],
  [3, 1, 800],
  [4, 1, 1_000],
  [4, 0, 250],
  [1_000, 1, 1_000],
  [Number.MAX_SAFE_INTEGER, 0, 250],
])('attempt %d with chance %d waits %d ms', (attempt, fraction, expected) =>
  expect(backoffMs(attempt, 100, 1_000, fraction)).toEqual(expected),
)

test('no wait is shorter than a quarter of the first, or longer than the last', () =>
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, fraction) => {
      const ms = backoffMs(attempt, 60, 15_000, fraction)
      expect(ms >= 15 && ms < 15_000).toEqual(true)
    }),
  ))
