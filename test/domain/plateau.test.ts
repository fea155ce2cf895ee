import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Plateau, PlateauWatch } from '../../src/domain/plateau.ts'

interface Arrival {
  readonly ms: number
  readonly bytes: number
}

/** As a test takes it: told of each arrival until it has settled. */
function watched(
  arrivals: readonly Arrival[],
  rttMs: number,
): { readonly plateau: Plateau | null; readonly atMs: number; readonly bytes: number } {
  const watch = new PlateauWatch(rttMs)
  const stop = arrivals.findIndex(({ ms, bytes }) => watch.arrived(ms, bytes))
  const { ms: atMs, bytes } = arrivals.at(stop) ?? { ms: 0, bytes: 0 }
  return { plateau: watch.plateau(), atMs: Math.round(atMs), bytes }
}

/** Pieces 5 ms apart, at these rates in Mbit/s for so many ms each. */
function arrivals(...phases: readonly (readonly [mbps: number, ms: number])[]): readonly Arrival[] {
  const all: Arrival[] = [{ ms: 0, bytes: 0 }]
  for (const [mbps, forMs] of phases)
    for (let ms = 0; ms < forMs; ms += 5) {
      const { ms: lastMs, bytes } = all.at(-1) ?? { ms: 0, bytes: 0 }
      all.push({ ms: lastMs + 5, bytes: bytes + (mbps * 1e6 * 0.005) / 8 })
    }
  return all
}

describe('what was recorded', () => {
  /** See test/namespaces/record-traces.ts. `errorPct`: off from what the path carried. */
  const replay = (name: string) => {
    const lines = readFileSync(fileURLToPath(new URL(`./traces/${name}.txt`, import.meta.url)), 'utf8')
      .trim()
      .split('\n')
    const said = (word: string): number => Number(new RegExp(`^# ${word} ([\\d.]+)`, 'm').exec(lines.join('\n'))?.[1])
    const all: Arrival[] = []
    let [ms, bytes] = [0, 0]
    for (const line of lines.filter((one) => !one.startsWith('#'))) {
      const [tenths = 0, count = 0] = line.split(' ').map(Number)
      ms += tenths / 10
      bytes += count
      all.push({ ms, bytes })
    }
    const seen = watched(all, said('rtt'))
    return { ...seen, errorPct: Math.round(((seen.plateau?.mbps ?? 0) / said('carries') - 1) * 1_000) / 10 }
  }

  test.each<[string, string, ReturnType<typeof replay>]>([
    [
      'a path that is too long for what came of it has shown no rate',
      'ramp',
      {
        errorPct: -78.8,
        plateau: { mbps: 20.267, lowMbps: 0.979, highMbps: 20.267, coverage: 0.52, confidence: 0.26, settled: false },
        atMs: 261,
        bytes: 424484,
      },
    ],
    [
      'what slow start sends in each round trip is no pace, since each brings twice what the one before did',
      'slow-start',
      {
        errorPct: -0.3,
        plateau: { mbps: 95.316, lowMbps: 91.232, highMbps: 99.401, coverage: 0.32, confidence: 0.68, settled: true },
        atMs: 521,
        bytes: 3111984,
      },
    ],
    [
      'one that keeps its pace from the first moment',
      'plateau',
      {
        errorPct: 0.1,
        plateau: { mbps: 95.649, lowMbps: 91.823, highMbps: 99.475, coverage: 0.8, confidence: 0.84, settled: true },
        atMs: 82,
        bytes: 1019314,
      },
    ],
    [
      'lost packets hold back what others brought, and let it go at once',
      'hole-and-burst',
      {
        errorPct: 1,
        plateau: { mbps: 48.289, lowMbps: 45.082, highMbps: 51.495, coverage: 0.5, confidence: 0.73, settled: true },
        atMs: 599,
        bytes: 3266420,
      },
    ],
    [
      'others use the path, and give way to four connections: more than they leave to one',
      'cross-traffic',
      {
        errorPct: 27.9,
        plateau: { mbps: 83.93, lowMbps: 79.007, highMbps: 88.853, coverage: 0.18, confidence: 0.52, settled: true },
        atMs: 503,
        bytes: 2284396,
      },
    ],
    [
      'a receiver that is at work for 35 of every 50 ms sees less',
      'noisy-processor',
      {
        errorPct: -18.8,
        plateau: { mbps: 77.611, lowMbps: 71.412, highMbps: 83.811, coverage: 0.25, confidence: 0.51, settled: true },
        atMs: 809,
        bytes: 6204164,
      },
    ],
    [
      'a receiver that lags and catches up, at a rate where each ms counts',
      'lagging-receiver',
      {
        errorPct: -1.8,
        plateau: { mbps: 469.406, lowMbps: 449.504, highMbps: 489.309, coverage: 0.67, confidence: 0.83, settled: true },
        atMs: 185,
        bytes: 10532480,
      },
    ],
    [
      'a bucket that lends twice the rate for a third of a second is taken for the path',
      'token-bucket-boost',
      {
        errorPct: 100.1,
        plateau: { mbps: 95.671, lowMbps: 91.844, highMbps: 99.498, coverage: 0.44, confidence: 0.79, settled: true },
        atMs: 138,
        bytes: 1300012,
      },
    ],
    [
      'a round trip of 120 ms',
      'long-path',
      {
        errorPct: -2.8,
        plateau: { mbps: 92.93, lowMbps: 87.096, highMbps: 98.764, coverage: 0.28, confidence: 0.59, settled: true },
        atMs: 1051,
        bytes: 5469876,
      },
    ],
  ])('%s', (_, name, expected) => expect(replay(name)).toEqual(expected))
})

test.each<[string, readonly Arrival[], number, ReturnType<typeof watched>]>([
  ['nothing', [], 0, { plateau: null, atMs: 0, bytes: 0 }],
  ['one piece tells no rate', [{ ms: 5, bytes: 1_000 }], 0, { plateau: null, atMs: 5, bytes: 1000 }],
  [
    'all at one moment neither',
    [
      { ms: 5, bytes: 1_000 },
      { ms: 5, bytes: 2_000 },
    ],
    0,
    { plateau: null, atMs: 5, bytes: 2000 },
  ],
  [
    'a clock that went back neither',
    [
      { ms: 5, bytes: 1_000 },
      { ms: 4, bytes: 2_000 },
    ],
    0,
    { plateau: null, atMs: 4, bytes: 2000 },
  ],
  [
    'the first piece only starts the clock',
    [
      { ms: 0, bytes: 9e9 },
      { ms: 8, bytes: 9e9 + 1_000 },
    ],
    0,
    { plateau: { mbps: 9000001, lowMbps: 0, highMbps: 9000001, coverage: 0, confidence: 0, settled: false }, atMs: 8, bytes: 9000001000 },
  ],
  [
    'a short transfer is taken whole',
    arrivals([8, 10]),
    0,
    { plateau: { mbps: 8, lowMbps: 0, highMbps: 8, coverage: 0, confidence: 0, settled: false }, atMs: 10, bytes: 10000 },
  ],
  [
    'a steady one is known after four windows of 60 ms in all',
    arrivals([80, 400]),
    1,
    { plateau: { mbps: 80, lowMbps: 76.8, highMbps: 83.2, coverage: 1, confidence: 0.84, settled: true }, atMs: 65, bytes: 650000 },
  ],
  [
    'after two round trips where those are longer',
    arrivals([80, 400]),
    100,
    { plateau: { mbps: 80, lowMbps: 76.8, highMbps: 83.2, coverage: 1, confidence: 0.84, settled: true }, atMs: 215, bytes: 2150000 },
  ],
  [
    'a slow one has longer windows',
    arrivals([8, 1_000]),
    1,
    { plateau: { mbps: 8, lowMbps: 7.672, highMbps: 8.328, coverage: 1, confidence: 0.84, settled: true }, atMs: 170, bytes: 170000 },
  ],
  [
    'the slow start is left behind',
    arrivals([1, 30], [2, 30], [4, 30], [8, 30], [16, 30], [32, 30], [64, 30], [80, 400]),
    30,
    {
      plateau: { mbps: 80, lowMbps: 76.161, highMbps: 83.839, coverage: 0.21, confidence: 0.58, settled: true },
      atMs: 285,
      bytes: 1226250,
    },
  ],
  [
    'a burst behind a hole is both together',
    arrivals([40, 30], [10, 30], [70, 30], [40, 400]),
    60,
    {
      plateau: { mbps: 40.09, lowMbps: 38.486, highMbps: 41.693, coverage: 0.8, confidence: 0.84, settled: true },
      atMs: 160,
      bytes: 800000,
    },
  ],
  [
    'a rate that swings never settles, and its worth is what it covers',
    arrivals([20, 100], [60, 40], [20, 60], [90, 50], [40, 60], [10, 40], [70, 50]),
    50,
    {
      plateau: { mbps: 48.119, lowMbps: 13.386, highMbps: 90, coverage: 0.28, confidence: 0.14, settled: false },
      atMs: 400,
      bytes: 2050000,
    },
  ],
  [
    'after a boost that emptied a bucket, the rate at which it fills',
    arrivals([100, 60], [50, 1_000]),
    40,
    { plateau: { mbps: 50, lowMbps: 48, highMbps: 52, coverage: 0.67, confidence: 0.84, settled: true }, atMs: 185, bytes: 1531250 },
  ],
  [
    'one that stands still has no rate',
    arrivals([80, 40], [0, 160]),
    60,
    { plateau: { mbps: 0, lowMbps: 0, highMbps: 0, coverage: 0.16, confidence: 0.08, settled: false }, atMs: 200, bytes: 400000 },
  ],
])('%s', (_, all, rttMs, expected) => expect(watched(all, rttMs)).toEqual(expected))

test('the rate lies within what it says, and that within the slowest and the fastest piece', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 200 })), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 0, max: 300 }),
      (phases, rttMs) => {
        const { plateau } = watched(arrivals(...phases), rttMs)
        const speeds = phases.map(([mbps]) => mbps)
        const { mbps, lowMbps, highMbps, coverage, confidence } = plateau ?? {
          mbps: 0,
          lowMbps: 0,
          highMbps: 0,
          coverage: 0,
          confidence: 0,
        }
        expect(lowMbps <= mbps && mbps <= highMbps).toEqual(true)
        expect(mbps >= Math.min(...speeds) - 0.01 && mbps <= Math.max(...speeds) + 0.01).toEqual(true)
        expect([coverage, confidence].every((share) => share >= 0 && share <= 1)).toEqual(true)
      },
    ),
  ))

test('a transfer of four seconds costs one look at each window', () => {
  const watch = new PlateauWatch(0)
  let state = 1
  let [ms, bytes] = [0, 0]
  // A rate that never stays: each piece is one of very different sizes.
  while (ms < 3_800) {
    state = (state * 48_271) % 2_147_483_647
    ms += 0.05
    bytes += state % (1 << (state % 17))
    watch.arrived(ms, bytes)
  }
  expect(watch.windows <= 3_800 / 15).toEqual(true)
})
