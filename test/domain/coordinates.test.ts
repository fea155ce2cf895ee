import { expect, test } from 'vitest'
import {
  type Coordinate,
  estimateError,
  estimateMs,
  MAX_ERROR,
  MAX_TOLD_ERROR,
  moved,
  type Placed,
  readCoordinate,
  UNPLACED,
  writeCoordinate,
} from '../../src/domain/coordinates.ts'

/** Numbers that are the same in every run. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

type Truth = (i: number, j: number) => number

/** Nodes that have sampled one another, each told as it is told on the wire. */
function placed(nodes: number, truth: Truth, samples: number): readonly Placed[] {
  const fraction = chance(7)
  const all: Placed[] = Array.from({ length: nodes }, () => UNPLACED)
  for (let round = 0; round < samples; round++)
    for (const [i, own] of all.entries()) {
      const j = Math.floor(fraction() * nodes)
      const other = readCoordinate(writeCoordinate(all[j] ?? UNPLACED))
      if (j !== i && other) all[i] = moved(own, other, truth(i, j), fraction)
    }
  return all
}

/** How far off the estimates of all pairs are, in percent: the mean and the worst. */
function offPct(all: readonly Placed[], truth: Truth): readonly [mean: number, worst: number] {
  const off = all.flatMap((a, i) => all.slice(0, i).map((b, j) => (Math.abs(estimateMs(a, b) - truth(i, j)) / truth(i, j)) * 100))
  const round = (value: number): number => Math.round(value * 10) / 10
  return [round(off.reduce((sum, one) => sum + one, 0) / off.length), round(Math.max(...off))]
}

const noise = Array.from({ length: 25 * 25 }, chance(3))
const SPACES: readonly [name: string, nodes: number, truth: Truth, meanPct: number, worstPct: number][] = [
  ['a line, 10 ms apart', 10, (i, j) => 10 * Math.abs(i - j), 0.2, 1],
  ['a grid, 10 ms apart', 25, (i, j) => 10 * Math.hypot((i % 5) - (j % 5), Math.floor(i / 5) - Math.floor(j / 5)), 0.2, 1.5],
  ['two sites of 1 ms, 11 ms apart', 25, (i, j) => (i < 13 === j < 13 ? 1 : 11), 0.2, 1],
  ['access lines of 1 to 25 ms at one exchange', 25, (i, j) => 2 + i + j, 10, 65],
  ['chance, 90 to 110 ms, in which no place fits', 25, (i, j) => 90 + 20 * (noise[Math.max(i, j) * 25 + Math.min(i, j)] ?? 0), 4, 15],
]

test.each(SPACES)('after a thousand samples each the estimates fit: %s', (_, nodes, truth, meanPct, worstPct) => {
  const [mean, worst] = offPct(placed(nodes, truth, 1_000), truth)
  expect([mean <= meanPct, worst <= worstPct, mean, worst]).toEqual([true, true, mean, worst])
})

test('a newcomer knows after thirty samples of settled nodes how near they are', () => {
  const truth: Truth = (i, j) => 10 * Math.abs(i - j)
  const all = placed(10, truth, 1_000)
  const fraction = chance(11)
  let own = UNPLACED
  for (let i = 0; i < 30; i++) own = moved(own, all[i % 10] ?? UNPLACED, 5 + truth(3, i % 10), fraction)
  const guessed = all.map((other) => Math.round(estimateMs(own, other)))
  expect([guessed.indexOf(Math.min(...guessed)), own.error < 0.3]).toEqual([3, true])
})

test('a node that lies of its place moves another by 50 ms at the most with one sample', () => {
  const [own = UNPLACED] = placed(10, (i, j) => 10 * Math.abs(i - j), 1_000)
  const liar: Coordinate = { at: [9_000, 0, 0, 0, 0, 0, 0, 0], heightMs: 9_000, adjustmentMs: 0, error: 0 }
  const after = moved(own, liar, 1, chance(1))
  expect(Math.hypot(...after.at.map((x, i) => x - (own.at[i] ?? 0)))).toBeLessThanOrEqual(51)
})

test.each<[string, (own: Coordinate) => Coordinate]>([
  ['a hair away', ({ at: [x = 0, ...rest] }) => ({ at: [x + 2e-6, ...rest], heightMs: 0, adjustmentMs: 0, error: 0 })],
  ['at the end of the world', () => ({ at: Array(8).fill(10_000), heightMs: 10_000, adjustmentMs: 0, error: 0 })],
])('a node that says it is %s changes height and adjustment of another no more than that, and leaves it sure of itself', (_, lie) => {
  const [own = UNPLACED] = placed(10, (i, j) => 10 * Math.abs(i - j), 1_000)
  for (const rttMs of [1, 5_000]) {
    const after = moved(own, lie(own), rttMs, chance(1))
    expect(Math.abs(after.heightMs - own.heightMs)).toBeLessThanOrEqual(50)
    expect(Math.abs(after.adjustmentMs - own.adjustmentMs)).toBeLessThanOrEqual(50)
    expect(after.error).toBeLessThan(MAX_TOLD_ERROR)
  }
})

test.each([0, -1, Number.NaN, 10_001, Number.POSITIVE_INFINITY])('a round trip of %d ms moves nobody', (rttMs) => {
  expect(moved(UNPLACED, UNPLACED, rttMs, chance(1))).toBe(UNPLACED)
})

test('an estimate is as uncertain as the end that knows its place least', () => {
  expect([estimateError(UNPLACED, { ...UNPLACED, error: 0.1 }), estimateMs(UNPLACED, UNPLACED)]).toEqual([MAX_ERROR, 0.02])
})

test('an adjustment that would make an estimate negative is left out', () => {
  const early = { ...UNPLACED, adjustmentMs: -5 }
  expect(estimateMs(early, early)).toEqual(0.02)
})

test('what is told is read again', () => {
  const told = writeCoordinate({ at: [1.234, -2, 0, 0, 0, 0, 0, 0], heightMs: 3.456, adjustmentMs: -0.014, error: 0.12345 })
  expect(told).toEqual([1.23, -2, 0, 0, 0, 0, 0, 0, 3.46, -0.01, 0.123])
  expect(readCoordinate(told)).toEqual({ at: [1.23, -2, 0, 0, 0, 0, 0, 0], heightMs: 3.46, adjustmentMs: -0.01, error: 0.123 })
})

test.each([
  ['nothing', undefined],
  ['a text', 'here'],
  ['too few numbers', [0, 0, 0]],
  ['too many', Array(12).fill(0)],
  ['no number', [...Array(10).fill(0), 'x']],
  ['NaN', [...Array(10).fill(0), Number.NaN]],
  ['a place beyond all paths', [10_001, ...Array(10).fill(0)]],
  ['a negative height', [...Array(8).fill(0), -1, 0, 0]],
  ['an error below 0', [...Array(10).fill(0), -0.1]],
  ['an error above the most', [...Array(10).fill(0), 1.6]],
])('%s is no coordinate', (_, told) => {
  expect(readCoordinate(told)).toEqual(null)
})
