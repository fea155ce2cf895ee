import { describe, expect, test } from 'vitest'
import * as steps from '../../src/domain/ip-table.ts'
import { type PeerRecord, unsignedRecord } from '../../src/domain/record.ts'
import { MOST_UNPROVEN, MOST_UNPROVEN_A_SOURCE, MOST_UNSIGNED, UNPROVEN_FOR, UNPROVEN_TURN } from '../../src/domain/timings.ts'
import { signedBy } from '../records.ts'
import { EMPTY_TABLE, type IpTable, lapseUnproven, merge, type Outcome, recordBurst } from './pure-table.ts'
import { hear, held, miss, ping, play, type Step } from './table-steps.ts'

const at = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:8088`
const words = (first: number, count: number): readonly PeerRecord[] =>
  Array.from({ length: count }, (_, i) => signedBy(`peer${first + i}`, at(first + i)))
const nameless = (first: number, count: number): readonly PeerRecord[] =>
  Array.from({ length: count }, (_, i) => unsignedRecord(at(first + i)))
const tell = (table: IpTable, records: readonly PeerRecord[], source: string | null, atMs = 0): Outcome =>
  merge(table, records, atMs, 'hearsay', source)
const prove = (table: IpTable, keys: readonly string[]): IpTable => {
  const proven = table.copy()
  for (const key of keys) steps.recordBurst(proven, key, { type: 'answered', rttMs: 5 }, 0, key.startsWith('peer') ? key : null)
  return proven
}
const roomFor = ({ unproven }: IpTable, source: string): number => unproven.roomOf(source)
const keysOf = ({ rows }: IpTable): readonly string[] => [...rows.keys()]

describe(`of one source ${MOST_UNPROVEN_A_SOURCE} rows wait for a look`, () => {
  test('and more are refused, whatever it says of how many', () => {
    const { table, changes } = tell(EMPTY_TABLE, words(0, 10_000), '192.0.2.1')
    expect([table.rows.size, changes.length, roomFor(table, '192.0.2.1')]).toEqual([64, 64, 0])
  })
  test('while others may tell of theirs', () => {
    const first = tell(EMPTY_TABLE, words(0, 100), '192.0.2.1').table
    expect(tell(first, words(200, 70), '192.0.2.2').table.rows.size).toEqual(128)
  })
  test('those that have proven themselves count no more, nor those that are gone', () => {
    const full = tell(EMPTY_TABLE, words(0, 64), '192.0.2.1').table
    const some = prove(full, ['peer0', 'peer1'])
    const gone = [1, 2, 3].reduce((so) => recordBurst(so, 'peer2', { type: 'silent', refused: true, why: '' }, 0).table, some)
    expect([roomFor(gone, '192.0.2.1'), tell(gone, words(100, 9), '192.0.2.1').table.rows.size]).toEqual([3, 66])
  })
  test('a row that moves meanwhile stays in the share it was told in', () => {
    const full = tell(EMPTY_TABLE, words(0, 64), '192.0.2.1').table
    const moved = tell(full, [signedBy('peer0', at(900), { seq: 2 })], '192.0.2.2').table
    expect([roomFor(moved, '192.0.2.1'), roomFor(moved, '192.0.2.2')]).toEqual([0, 64])
  })
})

describe(`of all sources ${MOST_UNPROVEN} wait`, () => {
  const full = Array.from({ length: 16 }, (_, i) => i).reduce(
    (table, i) => tell(table, words(i * 64, 64), `192.0.2.${i}`).table,
    EMPTY_TABLE,
  )
  test('and whoever is told of next waits outside until the first have had their turn', () =>
    expect([full.rows.size, tell(full, words(5_000, 9), 'other', UNPROVEN_TURN - 1).table === full]).toEqual([MOST_UNPROVEN, true]))
  test('then who waits longest makes room', () => {
    const { table } = tell(full, words(5_000, 2), 'other', UNPROVEN_TURN)
    expect([table.rows.size, keysOf(table).slice(0, 1), keysOf(table).slice(-2)]).toEqual([
      MOST_UNPROVEN,
      ['peer2'],
      ['peer5000', 'peer5001'],
    ])
  })
  test('who speaks for itself gets a place at once', () => {
    const { table } = merge(full, words(5_000, 1), 0, 'firsthand', '192.0.2.99')
    expect([table.rows.size, keysOf(table).slice(0, 1), keysOf(table).slice(-1)]).toEqual([MOST_UNPROVEN, ['peer1'], ['peer5000']])
  })
  test('proven rows are not counted, however many they are', () => {
    const proven = prove(full, keysOf(full))
    expect(tell(proven, words(5_000, 64), 'other').table.rows.size).toEqual(MOST_UNPROVEN + 64)
  })
})

describe(`${MOST_UNSIGNED} rows may stand that nobody signs`, () => {
  const sources = (count: number) => Array.from({ length: count }, (_, i) => i)
  const full = sources(4).reduce((table, i) => tell(table, nameless(i * 64, 64), `192.0.2.${i}`).table, EMPTY_TABLE)
  test('of those that are not proven the one that waits longest makes room', () => {
    const { table } = tell(full, nameless(5_000, 1), 'other')
    expect([table.rows.size, keysOf(table)[0], keysOf(table).at(-1)]).toEqual([MOST_UNSIGNED, at(1), at(5_000)])
  })
  test('proven ones make none', () => {
    const proven = prove(full, keysOf(full))
    expect(tell(proven, nameless(5_000, 1), 'other').table === proven).toEqual(true)
  })
  test('signed ones come beside them', () => expect(tell(full, words(5_000, 1), 'other').table.rows.size).toEqual(MOST_UNSIGNED + 1))
})

describe('a row that was only heard of', () => {
  const lapse =
    (key: string, atMs: number): Step =>
    (table) =>
      lapseUnproven(table, key, atMs)
  const ash = signedBy('ash', at(1))
  test.each<[string, readonly Step[], readonly string[]]>([
    ['is given up once it has waited long enough', [hear(ash), lapse('ash', UNPROVEN_FOR)], []],
    ['and not before', [hear(ash), lapse('ash', UNPROVEN_FOR - 1)], [`ash 1 unknown at ${at(1)}`]],
    ['nor once it is proven', [hear(ash), ping('ash'), miss('ash'), lapse('ash', UNPROVEN_FOR)], [`ash 1 suspect at ${at(1)}`]],
    [
      'of one that has moved since its proof the time counts from then',
      [hear(ash), ping('ash'), hear(signedBy('ash', at(2), { seq: 2 }), { atMs: 9 }), lapse('ash', UNPROVEN_FOR + 8)],
      [`ash 2 unknown at ${at(2)}`],
    ],
    [
      'and ends as well',
      [hear(ash), ping('ash'), hear(signedBy('ash', at(2), { seq: 2 }), { atMs: 9 }), lapse('ash', UNPROVEN_FOR + 9)],
      [],
    ],
  ])('%s', (_, steps, expected) => expect(held(play(...steps).table)).toEqual(expected))
})
