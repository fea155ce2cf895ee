// Rows of the file: not looked at is no fact about them, and what a person wrote stays.
import { describe, expect, test } from 'vitest'
import { keptRows, NOT_MEASURED, type Row } from '../../src/domain/ip-table.ts'
import { NO_LATENCY } from '../../src/domain/latency.ts'
import { unsignedRecord } from '../../src/domain/record.ts'
import { STORED_FOR } from '../../src/domain/timings.ts'
import { signedBy } from '../records.ts'
import { EMPTY_TABLE, factsOf } from './pure-table.ts'
import { forget, hear, held, miss, own, ping, play, restore, restoreName, type Step, shutOut, told, turnsOutToBe } from './table-steps.ts'

const AT = '192.0.2.1:8088'
const ELSEWHERE = '192.0.2.2:8088'
const NAME = 'ash.example:8088'
const ash = signedBy('ash', AT)
const pc = unsignedRecord(AT, 'pc')
const FIGURES = { latencyMs: 9, downMbps: 90, upMbps: 40, speedAtMs: null, lastSeen: '2029-12-31T00:00:00.000Z' }
const DAY = STORED_FOR

const kept = (...steps: readonly Step[]): readonly string[] => keptRows(play(...steps).table).map(({ key }) => key)
const silentSince = (...steps: readonly Step[]): number | null | undefined => play(...steps).table.rows.get('ash')?.stored?.silentSinceMs

test('a row of the file is one to be asked, with what the file says of it', () => {
  const row: Row = {
    key: 'ash',
    record: ash,
    state: 'unknown',
    latency: NO_LATENCY,
    downMbps: null,
    upMbps: null,
    speedAtMs: null,
    sustained: null,
    lastProofMs: null,
    strikes: 0,
    version: 1,
    stored: { ...NOT_MEASURED, ...FIGURES },
    written: null,
    suspicion: null,
    reachedBy: [],
    heard: null,
  }
  const { table, changes } = play(restore(ash, FIGURES))
  expect({ table: factsOf(table), changes }).toEqual({
    table: { ...factsOf(EMPTY_TABLE), rows: new Map([['ash', row]]), holders: new Map([[AT, 'ash']]), version: 1 },
    changes: [{ type: 'heard', row }],
  })
})

test('once it answers the file is no more asked, but for the speeds that were not measured since', () => {
  const row = play(restore(ash, FIGURES), ping('ash', { atMs: 7 })).table.rows.get('ash')
  expect(row && [row.state, row.stored, row.latency.rttMs, row.downMbps, row.upMbps, row.lastProofMs]).toEqual([
    'alive',
    null,
    5,
    90,
    40,
    7,
  ])
})

test('a server that has moved takes nothing of a file that is read later: it was proven in this run', () => {
  const moved = signedBy('ash', ELSEWHERE, { seq: ash.seq + 1 })
  const row = play(restore(ash), ping('ash', { atMs: 7 }), hear(moved), restore(moved, FIGURES)).table.rows.get('ash')
  expect(row && [row.state, row.stored, row.lastProofMs]).toEqual(['unknown', null, 7])
})

test('what is known of its speed, from the file or from before it was away, is no reason to measure it again', () => {
  const known = { ...FIGURES, speedAtMs: 3 }
  const speeds = (...steps: readonly Step[]) => {
    const row = play(...steps).table.rows.get('ash')
    return row && [row.downMbps, row.upMbps, row.speedAtMs]
  }
  const back = [hear(signedBy('ash', AT, { seq: 2 }), { source: 'firsthand' }), ping('ash', { atMs: 9 })] as const
  expect(speeds(restore(ash, known), ping('ash', { atMs: 7 }))).toEqual([90, 40, 3])
  expect(speeds(restore(ash, known), ping('ash', { atMs: 7 }), ...[7, 8, 9].map((atMs) => miss('ash', { atMs })), ...back)).toEqual([
    90, 40, 3,
  ])
})

test('a row that peers told before the file was read keeps what the file says of it', () => {
  const early = play(hear(ash), restore(ash, FIGURES))
  expect([early.table.rows.get('ash')?.stored, early.changes.length]).toEqual([{ ...NOT_MEASURED, ...FIGURES }, 1])
})

test.each<[string, readonly Step[], readonly string[]]>([
  ['of which one is known already', [hear(ash), restore(ash)], ['heard ash']],
  ['of which one has the address of another', [own(signedBy('me', AT)), restore(pc)], ['added me']],
  ['of which one was removed by a person', [shutOut('ash', AT), restore(ash)], []],
  ['of which one nobody signs, at an address that a person removed', [shutOut('ash', AT), restore(pc)], []],
])('rows of the file, %s: that one is left alone', (_, steps, expected) =>
  expect(play(...steps).changes.map(({ type, row }) => `${type} ${row.key}`)).toEqual(expected),
)

describe('a row of the file that is silent', () => {
  const silent = (...atMs: readonly number[]): readonly Step[] => atMs.map((at) => miss('ash', { atMs: at }))
  const inDoubt = (...atMs: readonly number[]): readonly Step[] => atMs.map((at) => miss('ash', { atMs: at, surroundings: 'isolated' }))

  test.each<[string, readonly Step[], readonly string[]]>([
    ['stays after three times', silent(1, 2, 3, 4), ['ash']],
    ['stays for a day', silent(1_000, DAY + 999), ['ash']],
    ['is gone after it', silent(1_000, DAY + 1_000), []],
    ['stays while this node is in doubt of itself', inDoubt(1_000, 10 * DAY), ['ash']],
    ['stays for a whole day after that', [...inDoubt(1_000, 10 * DAY), ...silent(11 * DAY, 12 * DAY - 1)], ['ash']],
    ['has its day again when this node was in doubt between', [...silent(1_000), ...inDoubt(DAY), ...silent(DAY + 1_000)], ['ash']],
    ['is gone when a person says so', [...silent(1), forget('ash')], []],
    ['is gone when it says goodbye', [...silent(1), hear(signedBy('ash', AT, { seq: 2, left: true }))], []],
    ['has moved by its own word, and is asked there', [...silent(1), hear(signedBy('ash', ELSEWHERE, { seq: 2 }))], ['ash']],
  ])('%s', (_, steps, expected) => expect(kept(restore(ash), ...steps)).toEqual(expected))

  test('is silent since the first time that says something', () =>
    expect([
      silentSince(restore(ash)),
      silentSince(restore(ash), ...silent(5, 9)),
      silentSince(restore(ash), ...inDoubt(5)),
      silentSince(restore(ash), ...silent(5), ...inDoubt(9)),
      silentSince(restore(ash), ...silent(5), ...inDoubt(9), ...silent(11, 13)),
    ]).toEqual([null, 5, null, null, 11]))

  test('counts its silences, whatever they say of it, for it is asked more and more rarely', () =>
    expect([
      play(restore(ash), ...silent(1, 2, 3)).table.rows.get('ash')?.strikes,
      play(restore(ash), ...silent(1, 2, 3), ...inDoubt(4)).table.rows.get('ash')?.strikes,
    ]).toEqual([3, 4]))

  test('was never told of, so its end is no news', () =>
    expect(told(play(restore(ash), ...silent(0, DAY)).changes)).toEqual([`heard ash at ${AT}`, `dropped ash at ${AT}: no answer`]))
})

describe('a host name that a person wrote', () => {
  test.each<[string, readonly Step[], readonly string[]]>([
    ['is asked under that name', [restoreName(NAME)], [`${NAME} 0 unknown at ${NAME}`]],
    [
      'turns out to be a node, which has the row from then on',
      [restoreName(NAME), ping(NAME, { by: 'ash' }), hear(ash), turnsOutToBe(NAME, 'ash')],
      [`ash 1 unknown at ${AT}`],
    ],
    [
      'is asked again when that node is silent, wherever it leads now',
      [restoreName(NAME), hear(ash), turnsOutToBe(NAME, 'ash'), ping('ash'), miss('ash'), miss('ash'), miss('ash')],
      [`${NAME} 0 unknown at ${NAME}`],
    ],
    [
      'is asked again when it has said goodbye',
      [restoreName(NAME), hear(ash), turnsOutToBe(NAME, 'ash'), hear(signedBy('ash', AT, { seq: 2, left: true }))],
      [`${NAME} 0 unknown at ${NAME}`],
    ],
    [
      'is asked again when it was silent for a day itself',
      [restoreName(NAME), miss(NAME), miss(NAME, { atMs: DAY })],
      [`${NAME} 0 unknown at ${NAME}`],
    ],
    ['is not, when a person removes that node', [restoreName(NAME), hear(ash), turnsOutToBe(NAME, 'ash'), shutOut('ash', AT)], []],
    ['nor when a person removes the name', [restoreName(NAME), shutOut(NAME, NAME)], []],
  ])('%s', (_, steps, expected) => expect(held(play(...steps).table)).toEqual(expected))

  test('stands with the row of the node that it leads to, also when that moves', () => {
    const written = (...steps: readonly Step[]) =>
      play(restoreName(NAME), hear(ash), turnsOutToBe(NAME, 'ash'), ...steps).table.rows.get('ash')?.written
    expect([written(), written(ping('ash')), written(hear(signedBy('ash', ELSEWHERE, { seq: 2 })), ping('ash'))]).toEqual([
      NAME,
      NAME,
      NAME,
    ])
  })

  test.each<[string, Step]>([
    ['a row that nobody signs', turnsOutToBe(NAME, AT)],
    ['one that is not there', turnsOutToBe(NAME, 'elm')],
    ['itself', turnsOutToBe(NAME, NAME)],
    ['what was not there', turnsOutToBe(ELSEWHERE, 'ash')],
    ['what has an identity', turnsOutToBe('ash', 'ash')],
  ])('is not taken up by %s', (_, step) => {
    const { table } = play(restoreName(NAME), hear(ash))
    expect(held(step(table).table)).toEqual([`${NAME} 0 unknown at ${NAME}`, `ash 1 unknown at ${AT}`])
  })
})

test.each<[string, readonly Step[], readonly string[]]>([
  ['what people see, the nearest first', [hear(ash), hear(signedBy('elm', ELSEWHERE)), ping('ash'), ping('elm')], ['ash', 'elm']],
  ['suspects', [hear(ash), ping('ash'), miss('ash')], ['ash']],
  ['rows of the file that were not proven', [restore(ash)], ['ash']],
  ['who has moved and was not looked at yet', [hear(ash), ping('ash'), hear(signedBy('ash', ELSEWHERE, { seq: 2 }))], ['ash']],
  ['nobody that is only heard of', [hear(ash)], []],
  ['nobody that is gone', [hear(ash), ping('ash'), miss('ash'), miss('ash'), miss('ash')], []],
])('the file holds %s', (_, steps, expected) => expect(kept(...steps)).toEqual(expected))
