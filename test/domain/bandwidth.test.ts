import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Arrival, type Rate, rateOf } from '../../src/domain/bandwidth.ts'

/** Pieces 10 ms apart, at these rates in Mbit/s for so many ms each. */
function arrivals(...phases: readonly (readonly [mbps: number, ms: number])[]): readonly Arrival[] {
  const all: Arrival[] = [{ ms: 0, bytes: 0 }]
  for (const [mbps, forMs] of phases) {
    for (let ms = 0; ms < forMs; ms += 10) {
      const { ms: lastMs, bytes } = all.at(-1) ?? { ms: 0, bytes: 0 }
      all.push({ ms: lastMs + 10, bytes: bytes + (mbps * 1e6 * 0.01) / 8 })
    }
  }
  return all
}

test.each<[string, readonly Arrival[], Rate | null]>([
  ['nothing', [], null],
  ['one piece tells no rate', [{ ms: 5, bytes: 1_000 }], null],
  [
    'all at one moment neither',
    [
      { ms: 5, bytes: 1_000 },
      { ms: 5, bytes: 2_000 },
    ],
    null,
  ],
  [
    'a clock that went back neither',
    [
      { ms: 5, bytes: 1_000 },
      { ms: 4, bytes: 2_000 },
    ],
    null,
  ],
  [
    'the first piece only starts the clock',
    [
      { ms: 0, bytes: 9e9 },
      { ms: 8, bytes: 9e9 + 1_000 },
    ],
    { mbps: 1, confidence: 0, stable: false },
  ],
  ['a short transfer is taken whole', arrivals([8, 100]), { mbps: 8, confidence: 0.25, stable: false }],
  ['a steady one is stable after four windows', arrivals([80, 160]), { mbps: 80, confidence: 1, stable: true }],
  ['the slow start is left behind', arrivals([1, 500], [80, 160]), { mbps: 80, confidence: 1, stable: true }],
  ['a rate that swings is not stable', arrivals([80, 80], [40, 80]), { mbps: 60, confidence: 1 - 40 / 60, stable: false }],
  ['a transfer that stands still is no rate at all', arrivals([80, 40], [0, 160]), { mbps: 0, confidence: 0, stable: false }],
])('%s', (_, all, expected) => expect(rateOf(all)).toEqual(expected))

test('the rate lies between the slowest and the fastest piece, and confidence between 0 and 1', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 200 })), { minLength: 1, maxLength: 20 }),
      (phases) => {
        const rate = rateOf(arrivals(...phases))
        const speeds = phases.map(([mbps]) => mbps)
        expect(rate && rate.mbps >= Math.min(...speeds) - 0.01 && rate.mbps <= Math.max(...speeds) + 0.01).toEqual(true)
        expect(rate && rate.confidence >= 0 && rate.confidence <= 1).toEqual(true)
      },
    ),
  ))
