import { expect, test } from 'vitest'
import { coveringArray, tuplesOf } from './covering-array.ts'

const FACTORS = {
  server: ['old', 'new', 'ours'],
  mux: ['on', 'off'],
  wire: ['1', '2'],
  coding: ['plain', 'encrypted', 'compressed', 'both'],
} as const
/** The old server knows one wire. */
const excludes = ({ server, wire }: { server: string; wire: string }): boolean => server === 'old' && wire === '2'

/** Every row there is, written as loops rather than as the function under test writes it. */
const every = FACTORS.server.flatMap((server) =>
  FACTORS.mux.flatMap((mux) => FACTORS.wire.flatMap((wire) => FACTORS.coding.map((coding) => ({ server, mux, wire, coding })))),
)
const covered = (rows: readonly Record<string, string>[], strength: number): string[] =>
  [...new Set(rows.flatMap((row) => tuplesOf(row, strength)))].sort()

test.each([1, 2, 3, 4])('whatever %i factors may be together is in some row, and what cannot be is in none', (strength) => {
  const rows = coveringArray(FACTORS, { strength, excludes })
  const possible = every.filter((row) => !excludes(row))
  expect(covered(rows, strength)).toEqual(covered(possible, strength))
  expect(rows.filter((row) => !possible.some((other) => JSON.stringify(other) === JSON.stringify(row)))).toEqual([])
})

test('two and two of three factors make four rows', () => {
  expect(coveringArray({ a: ['0', '1'], b: ['0', '1'], c: ['0', '1'] })).toEqual([
    { a: '0', b: '0', c: '0' },
    { a: '0', b: '1', c: '1' },
    { a: '1', b: '0', c: '1' },
    { a: '1', b: '1', c: '0' },
  ])
})

test('a row lists what it covers', () => {
  expect(tuplesOf({ a: '0', b: '1', c: '2' }, 2)).toEqual(['a=0, b=1', 'a=0, c=2', 'b=1, c=2'])
})

test('where nothing can exist there are no rows', () => {
  expect(coveringArray({ a: ['0', '1'], b: ['0'] }, { excludes: () => true })).toEqual([])
})
