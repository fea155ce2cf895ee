import { describe, expect, test } from 'vitest'
import { FIRST_PAGE, type PageAsk, type Row, SORTS } from '../../src/domain/ip-table.ts'
import { NO_LATENCY } from '../../src/domain/latency.ts'
import { Pages } from '../../src/domain/table/page.ts'
import { byRank, RankedRows } from '../../src/domain/table/ranked-rows.ts'
import { newRow } from '../../src/domain/table/row.ts'
import { signedBy } from '../records.ts'

const chance = (i: number, most: number): number => (i * 7_919 + 13) % most
const rows = Array.from({ length: 1_500 }, (_, i): Row => {
  const record = signedBy(`id${String(chance(i, 1_511)).padStart(4, '0')}`, `192.0.2.${chance(i, 250)}:${i + 1}`, {
    name: `${i % 2 ? 'Peer' : 'node'} ${chance(i, 97)}`,
    via: i % 3 === 0 ? `turn${chance(i, 5)}` : null,
  })
  return {
    ...newRow(record.id ?? '', record, i, null),
    state: i % 5 === 0 ? 'suspect' : 'alive',
    latency: { ...NO_LATENCY, rttMs: i % 9 === 0 ? null : chance(i, 80) },
    downMbps: i % 4 === 0 ? null : chance(i, 30),
    upMbps: null,
    lastProofMs: chance(i, 500),
  }
})
const ranked = new RankedRows()
for (const row of rows) ranked.replace(null, row)
const pages = new Pages(ranked)
const keysOf = (ask: Partial<PageAsk>) => {
  const { rows: found, total } = pages.page({ ...FIRST_PAGE, ...ask })
  return { keys: found.map(({ key }) => key), total }
}

test('without a word about it a page is of the nearest', () =>
  expect(keysOf({ offset: 10, limit: 3 })).toEqual({
    keys: rows
      .toSorted(byRank)
      .slice(10, 13)
      .map(({ key }) => key),
    total: 1_500,
  }))

const VALUE: Readonly<Record<PageAsk['sort'], (row: Row) => string | number | null>> = {
  rtt: ({ latency }) => latency.rttMs,
  name: ({ record }) => record.name,
  address: ({ record }) => record.address,
  state: ({ state }) => state,
  down: ({ downMbps }) => downMbps,
  up: ({ upMbps }) => upMbps,
  seen: ({ lastProofMs }) => -(lastProofMs ?? 0),
  turn: ({ record }) => (record.offersTurn && record.via === null ? 0 : 1),
  via: ({ record }) => record.via,
  id: ({ record }) => record.id,
}
const sortedBy = (sort: PageAsk['sort'], isDown: boolean): readonly string[] => {
  const known = rows.toSorted(byRank).filter((row) => VALUE[sort](row) !== null)
  const others = rows.toSorted(byRank).filter((row) => VALUE[sort](row) === null)
  const compare = (a: Row, b: Row): number => {
    const [one, other] = [VALUE[sort](a) ?? '', VALUE[sort](b) ?? '']
    return one === other ? 0 : (one < other ? -1 : 1) * (isDown ? -1 : 1)
  }
  return [...known.toSorted(compare), ...others].map(({ key }) => key)
}

test.each(
  SORTS.flatMap((sort) => [false, true].map((isDown) => [sort, isDown ? 'the greatest first' : 'the least first', isDown] as const)),
)('by %s, %s, each page follows on the one before, and what is not known comes last', (sort, _, isDown) => {
  const pages = [0, 1, 700, 1_400].map((offset) => keysOf({ sort, isDown, offset, limit: 200 }).keys)
  const sorted = sortedBy(sort, isDown)
  expect(pages).toEqual([0, 1, 700, 1_400].map((offset) => sorted.slice(offset, offset + 200)))
})

test.each<[string, string, number]>([
  ['a part of a name in whatever case', 'pEER', 750],
  ['a part of an address', '192.0.2.7:', 6],
  ['a part of an id', 'id0007', 1],
  ['nothing that is there', 'nobody', 0],
])('it finds %s', (_, search, total) => {
  const part = search.toLowerCase()
  const found = rows
    .toSorted(byRank)
    .filter(({ key, record }) => [key, record.name.toLowerCase(), record.address].some((one) => one.includes(part)))
  expect([found.length, keysOf({ search, limit: 999 })]).toEqual([total, { keys: found.map(({ key }) => key), total }])
})

describe('while the table changes', () => {
  const moved = (row: Row, i: number): Row => ({
    ...row,
    latency: { ...row.latency, rttMs: chance(i, 60) },
    record: i % 4 === 0 ? { ...row.record, name: `Moved ${i}` } : row.record,
    downMbps: i % 6 === 0 ? null : i,
  })
  const ask = (sort: PageAsk['sort'], isDown: boolean, search: string): PageAsk => ({ offset: 90, limit: 200, sort, isDown, search })
  test.each(SORTS.flatMap((sort) => [false, true].map((isDown) => [sort, isDown] as const)))(
    'pages by %s, downwards %s, are as if all were sorted anew',
    (sort, isDown) => {
      const changing = new RankedRows()
      const kept = new Pages(changing)
      const change = (before: Row | null, after: Row | null): void => {
        changing.replace(before, after)
        kept.replace(before, after)
      }
      for (const row of rows) change(null, row)
      for (const search of ['', 'peer', 'moved 1']) kept.page(ask(sort, isDown, search))
      for (const [i, row] of rows.entries()) if (i % 2 === 0) change(row, i % 10 === 0 ? null : moved(row, i))
      for (const search of ['', 'peer', 'moved 1'])
        expect(kept.page(ask(sort, isDown, search))).toEqual(new Pages(changing).page(ask(sort, isDown, search)))
    },
  )
})

test.each<[string, string]>([
  ['a name and the address behind it', 'peer 1\t192'],
  ['two rows', '1\nnode'],
])('a search does not find what only %s would hold together', (_, search) => expect(keysOf({ search })).toEqual({ keys: [], total: 0 }))
