import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rateAfter, rateFrom } from '../../src/domain/byte-rate.ts'

/** Rounded rates after each reading of `[at ms, bytes so far]`. */
const rates = (...readings: readonly (readonly [atMs: number, bytes: number])[]): readonly number[] => {
  let rate = rateFrom(0, 0)
  return readings.map(([atMs, bytes]) => {
    rate = rateAfter(rate, bytes, atMs)
    return Math.round(rate.bytesPerSecond)
  })
}

describe('the rate of a count', () => {
  test.each<[string, readonly (readonly [number, number])[], readonly number[]]>([
    ['is that of the first second after the first second', [[1_000, 500]], [500]],
    [
      'is the count of each second when every second has the same',
      [
        [1_000, 500],
        [2_000, 1_000],
        [3_000, 1_500],
      ],
      [500, 500, 500],
    ],
    [
      'does not depend on how often it is read',
      [
        [250, 125],
        [700, 350],
        [3_000, 1_500],
      ],
      [500, 500, 500],
    ],
    [
      'follows a change within a few seconds',
      [
        [60_000, 0],
        [61_000, 1_000],
        [62_000, 2_000],
        [65_000, 5_000],
        [70_000, 10_000],
      ],
      [0, 330, 551, 865, 982],
    ],
    [
      'fades when nothing comes any more',
      [
        [60_000, 60_000],
        [61_000, 60_000],
        [65_000, 60_000],
        [80_000, 60_000],
      ],
      [1_000, 670, 135, 0],
    ],
    [
      'leaves bytes read at the same instant to the next reading',
      [
        [1_000, 500],
        [1_000, 700],
        [2_000, 1_000],
      ],
      [500, 500, 500],
    ],
    [
      'is not negative when a count begins anew',
      [
        [1_000, 500],
        [2_000, 0],
      ],
      [500, 201],
    ],
  ])('%s', (_, readings, expected) => expect(rates(...readings)).toEqual(expected))

  test('lies between the slowest and the fastest second', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(1e9), { minLength: 1, maxLength: 40 }), (seconds) => {
        let rate = rateFrom(0, 0)
        for (const bytes of seconds) rate = rateAfter(rate, rate.bytes + bytes, rate.atMs + 1_000)
        expect(rate.bytesPerSecond).toBeGreaterThanOrEqual(Math.min(...seconds) - 1e-3)
        expect(rate.bytesPerSecond).toBeLessThanOrEqual(Math.max(...seconds) + 1e-3)
      }),
    ))
})
