import { describe, expect, test } from 'vitest'
import { NO_LATENCY } from '../../src/domain/latency.ts'
import { PickedKeys } from '../../src/domain/table/picked-rows.ts'
import { byRank, RankedRows } from '../../src/domain/table/ranked-rows.ts'
import { newRow, type Row } from '../../src/domain/table/row.ts'
import { signedBy } from '../records.ts'

const row = (i: number, rttMs: number | null): Row => ({
  ...newRow(`peer${i}`, signedBy(`peer${i}`, `192.0.2.${i % 250}:${1_000 + i}`), 1, null),
  latency: { ...NO_LATENCY, rttMs },
})
/** Many at one latency, and some that were never measured. */
const rows = Array.from({ length: 3_000 }, (_, i) => row(i, i % 7 === 0 ? null : (i * 7_919) % 40))

describe('rows in order', () => {
  const rankedOf = (all: readonly Row[]): RankedRows => {
    const ranked = new RankedRows()
    for (const one of all) ranked.replace(null, one)
    return ranked
  }
  test('are the nearest first, then by address, however they came', () => {
    const ranked = rankedOf(rows)
    expect([ranked.size, [...ranked.values()]]).toEqual([3_000, rows.toSorted(byRank)])
  })
  test('give any page', () => {
    const ranked = rankedOf(rows)
    const sorted = rows.toSorted(byRank)
    for (const from of [0, 1, 511, 1_700, 2_990, 3_000])
      expect(ranked.slice(from, 200).map(({ key }) => key)).toEqual(sorted.slice(from, from + 200).map(({ key }) => key))
  })
  test('follow what changes: another latency, other figures at the same, gone', () => {
    const ranked = rankedOf(rows)
    const after = rows.flatMap((one, i) => (i % 3 === 0 ? [] : [i % 3 === 1 ? row(i, i % 90) : { ...one, strikes: 1 }]))
    for (const [i, one] of rows.entries()) ranked.replace(one, i % 3 === 0 ? null : i % 3 === 1 ? row(i, i % 90) : { ...one, strikes: 1 })
    expect([ranked.size, [...ranked.values()]]).toEqual([2_000, after.toSorted(byRank)])
  })
  test('all may go, and come again', () => {
    const ranked = rankedOf(rows)
    for (const one of rows) ranked.replace(one, null)
    ranked.replace(null, row(1, 1))
    expect([ranked.size, ranked.slice(0, 9).map(({ key }) => key)]).toEqual([1, ['peer1']])
  })
})

describe('keys to draw from', () => {
  const picksOf = (...keys: readonly string[]): PickedKeys => {
    const picks = new PickedKeys()
    for (const key of keys) picks.set(key, true)
    return picks
  }
  test.each<[string, PickedKeys, number, number, string, readonly string[]]>([
    ['the first ones where chance is nothing', picksOf('a', 'b', 'c'), 2, 0, '', ['a', 'b']],
    ['the last one first where chance is most', picksOf('a', 'b', 'c'), 2, 0.99, '', ['c', 'a']],
    ['no more than there are', picksOf('a', 'b'), 9, 0, '', ['a', 'b']],
    ['never the one that is not meant', picksOf('a', 'b', 'c'), 9, 0, 'a', ['c', 'b']],
    ['nor where it is the last', picksOf('a', 'b', 'c'), 9, 0.99, 'c', ['b', 'a']],
    ['nobody among none', picksOf(), 3, 0, '', []],
  ])('%s', (_, picks, count, chance, except, drawn) => expect(picks.draw(count, () => chance, except)).toEqual(drawn))
  test('the last one fills the place of one that went, and nobody is there twice', () => {
    const picks = picksOf('a', 'b', 'c', 'b')
    picks.set('a', false)
    picks.set('x', false)
    expect([picks.size, picks.some(9, () => 0), picks.some(1, () => 0.99)]).toEqual([2, ['c', 'b'], ['b']])
  })
  test('drawing changes nothing', () => {
    const picks = picksOf('a', 'b', 'c')
    picks.draw(3, () => 0.99)
    expect(picks.some(3, () => 0)).toEqual(['a', 'b', 'c'])
  })
})
