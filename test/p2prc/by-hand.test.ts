import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ByHand, edited, upToDate } from '../../src/p2prc/by-hand.ts'
import { ListScanner } from '../../src/p2prc/list-scanner.ts'
import { formatTableFile, parseTableFile, TableReader } from '../../src/p2prc/table-codec.ts'
import type { StoredRow, StoredTable } from '../../src/p2prc/table-file.ts'
import { row } from './stored-row.ts'

const [ASH_ID, ELM_ID] = ['a1'.repeat(16), 'e1'.repeat(16)]

function rowLines(text: string): readonly number[] {
  let lines: number[] = []
  const isList = (key: string): boolean => key.toLowerCase() === 'ip_address'
  const scanner = new ListScanner(isList, 64, { element: ({ line }) => lines.push(line), restart: () => (lines = []) })
  scanner.push(Buffer.from(text))
  scanner.end()
  return lines
}

function found(value: unknown) {
  const parsed = parseTableFile(JSON.stringify(value))
  if (parsed.type !== 'table') throw new Error('no table')
  return parsed
}
const byHandIn = (value: unknown): ByHand => found(value).byHand
/** The file after `tables` were written one after another, and its rows by host and note. */
function written(byHand: ByHand, ...tables: readonly StoredTable[]) {
  let own = byHand
  for (const table of tables) own = upToDate(own, table)
  const { ip_address, ...others } = JSON.parse(formatTableFile(tables.at(-1) ?? { rows: [] }, own))
  return { notes: ip_address.map((one: { ipv4: string; note?: string }) => [one.ipv4, one.note ?? null]), others }
}

const FILE = { ip_address: [{ ipv4: '203.0.113.7', 'port no': '8088', note: 'in the cellar' }] }

test.each<[string, readonly StoredRow[]]>([
  ['a row of the same address', [row({})]],
  ['a row that got an id', [row({ id: ASH_ID })]],
])('a person’s own fields stay with %s', (_, rows) =>
  expect(written(byHandIn(FILE), { rows })).toEqual({ notes: [['203.0.113.7', 'in the cellar']], others: {} }),
)

test('a person’s own fields follow a server that got an id to its new address', () => {
  const [here, moved] = [{ rows: [row({ id: ASH_ID })] }, { rows: [row({ id: ASH_ID, host: '198.51.100.4' })] }]
  expect(written(byHandIn(FILE), here, moved)).toEqual({ notes: [['198.51.100.4', 'in the cellar']], others: {} })
})

test('a person’s own fields are not given to another server that took the address', () => {
  const known = { ip_address: [{ ...FILE.ip_address[0], id: ASH_ID, name: 'ash' }] }
  const elm = { rows: [row({ id: ELM_ID })] }
  expect(written(byHandIn(known), elm)).toEqual({
    notes: [['203.0.113.7', null]],
    others: { absent: [{ ipv4: '203.0.113.7', 'port no': '8088', name: 'ash', id: ASH_ID, note: 'in the cellar' }] },
  })
})

test('a person’s own fields wait for a server that left the table, over a restart too', () => {
  const text = formatTableFile({ rows: [] }, byHandIn(FILE))
  const next = parseTableFile(text)
  expect(next.type === 'table' && [next.table.rows, written(next.byHand, { rows: [row({})] })]).toEqual([
    [],
    { notes: [['203.0.113.7', 'in the cellar']], others: {} },
  ])
})

test('rows that can’t be used and keys that are not known go back as they are', () => {
  const strange = [{ ipv4: '203.0.113.5', 'port no': '80 88', name: 'cellar' }, 'ash', 7]
  const value = { comment: 'mine', ip_address: [...strange, { ipv4: '203.0.113.7', 'port no': 8088 }], absent: 'as well' }
  const again = JSON.parse(formatTableFile({ rows: [row({})] }, byHandIn(value)))
  expect({ ...again, ip_address: again.ip_address.slice(1) }).toEqual({ comment: 'mine', ip_address: strange, absent: 'as well' })
})

test('rows that somebody wrote while the node ran wait until the table has them', () => {
  const before = { rows: [row({ name: 'ash' })] }
  const now = found({
    ip_address: [
      { ipv4: '203.0.113.7', 'port no': '8088' },
      { ipv4: '198.51.100.4', 'port no': '8088', note: 'new' },
    ],
  })
  const byHand = edited(now, before)
  expect(written(byHand, before)).toEqual({
    notes: [
      ['203.0.113.7', null],
      ['198.51.100.4', 'new'],
    ],
    others: {},
  })
  const both = { rows: [...before.rows, row({ host: '198.51.100.4', id: ELM_ID })] }
  expect(written(byHand, both)).toEqual({
    notes: [
      ['203.0.113.7', null],
      ['198.51.100.4', 'new'],
    ],
    others: {},
  })
  expect(upToDate(byHand, both).waiting).toEqual([])
})

test('each row’s line is found, however the file is laid out', () => {
  const text = `{ "before": [ {"ip_address": [1,
    2]} ], "IP_Address": [
      { "ipv4": "203.0.113.7",
        "note": "a } in \\"text\\" ]" }, 7,

      [1, [2,
      3]],
    "x" ]
  , "after": [1, 2] }`
  expect(rowLines(text)).toEqual([3, 4, 6, 8])
  expect([rowLines('{"ip_address":[]}'), rowLines('{}'), rowLines('{"ip_address":null}')]).toEqual([[], [], []])
})

test('there is a line for each row, whatever the rows are', () =>
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 6 }), fc.jsonValue(), fc.constantFrom(undefined, 1), (rows, other, indent) => {
      const text = JSON.stringify({ other, ip_address: rows, another: other }, null, indent)
      expect(rowLines(text).length).toEqual(rows.length)
    }),
  ))

const twoRows = formatTableFile({ rows: [row({ name: 'ash' }), row({ name: 'elm', host: '203.0.113.8' })] })

test.each<[string, string]>([
  ['as the node writes it', twoRows],
  [
    'with a row that a person wrote in one line',
    twoRows.replace(/\{\s+"ipv4": "203.0.113.7"[^}]*\}/, '{ "ipv4": "203.0.113.7", "port no": "8088", "name": "ash" }'),
  ],
  ['with what looks like the end of a row inside a text', twoRows.replace('"ash"', '"ash\\n    }"')],
  ['with an object inside a row', twoRows.replace('"name": "ash"', '"more": { "at": [1, {}],\n    "b": 1\n    },\n      "name": "ash"')],
  ['with more behind a row than a comma', twoRows.replace('},', '} ,')],
  ['with nothing between two rows', twoRows.replace('},', '}')],
  ['with a sign that is no space before a row', twoRows.replace('    {', '   \u0001{')],
  ['with a word behind a row', twoRows.replace('},', '} x,')],
])('a file %s is read as JSON is, in pieces of any length', (_, text) => {
  let names: readonly string[] | null = null
  try {
    names = JSON.parse(text).ip_address.map(({ name }: { name: string }) => name)
  } catch {
    // It is no JSON.
  }
  for (const length of [1, 7, 200, 1_000_000]) {
    const reader = new TableReader()
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += length) reader.push(bytes.subarray(at, at + length))
    const read = reader.end()
    expect(read.type === 'table' ? read.table.rows.map(({ name }) => name) : null).toEqual(names)
  }
})
