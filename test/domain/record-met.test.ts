// Who answers this node by a hello, or when it is dialled back, is there: a proof without a figure. And what new vouches say of who was missed.
import { describe, expect, test } from 'vitest'
import {
  type Change,
  KeptTable,
  merge,
  NOT_MEASURED,
  recordBurst,
  recordLooks,
  recordMet,
  recordVouched,
  removeRow,
  restoreRows,
} from '../../src/domain/ip-table.ts'
import { unsignedRecord } from '../../src/domain/record.ts'
import { ANOTHER_NODE } from '../../src/domain/seed-fault.ts'
import { ALONE } from '../../src/domain/suspicion.ts'
import { newRow } from '../../src/domain/table/row.ts'
import { signedBy } from '../records.ts'

const AT = '192.0.2.9:8088'
const ELSEWHERE = '192.0.2.8:8088'
const COMPANY = { ...ALONE, canAsk: true, members: 9 }

const oak = signedBy('oak', AT)
type Step = (table: KeptTable) => readonly Change[]
const hear =
  (record = oak): Step =>
  (table) =>
    merge(table, [record], 0)
const met =
  (address = AT, key = 'oak'): Step =>
  (table) =>
    recordMet(table, key, address, 7)
const ping =
  (key = 'oak'): Step =>
  (table) =>
    recordBurst(table, key, { type: 'answered', rttMs: 5 }, 3)
const miss: Step = (table) => recordBurst(table, 'oak', { type: 'silent', refused: false, why: 'no answer' }, 0, null, 'fine', COMPANY)
const vouched =
  (isNew?: boolean): Step =>
  (table) =>
    recordVouched(table, 'oak', ['ash', 'elm'], isNew)
const missedByOthers: Step = (table) => recordLooks(table, 'oak', { reachedBy: [], missedBy: ['ash', 'elm'] }, 'no answer', 0)
const file: Step = (table) => restoreRows(table, [{ record: oak, stored: NOT_MEASURED, written: null }])

const tableAfter = (...steps: readonly Step[]): KeptTable => {
  const table = new KeptTable()
  for (const step of steps) step(table)
  return table
}
/** Such as `removed elm: another node answers there`. */
const said = (changes: readonly Change[]): readonly string[] =>
  changes.map((change) => {
    const more =
      'why' in change ? `: ${change.why}` : 'formerKey' in change ? ` that was ${change.formerKey}` : 'isFirst' in change ? ' first' : ''
    return `${change.type} ${change.row.key}${more}`
  })

test('who was only heard of and answers is alive, reached just now, and how near it is nobody knows', () => {
  const table = tableAfter(hear())
  const changes = met()(table)
  const row = { ...newRow('oak', oak, 2, null), state: 'alive', lastProofMs: 7, isUntimed: true }
  expect({ changes, row: table.rows.get('oak') }).toEqual({ changes: [{ type: 'added', row }], row })
})

describe('meeting somebody changes', () => {
  test.each<[string, readonly Step[], readonly string[]]>([
    ['that it is listed, of one that was heard of', [hear()], ['added oak']],
    ['that it is listed, of one in the file', [file], ['added oak']],
    ['that it is listed, of one that was missed before', [hear(), miss], ['added oak']],
    ['that it is proven, of one that was listed by word alone', [hear(), vouched()], ['measured oak first']],
    [
      'that it is not suspected, of one that others missed too',
      [hear(), vouched(), miss, missedByOthers],
      ['cleared oak', 'measured oak first'],
    ],
    ['its address, of one that has moved', [hear(signedBy('oak', ELSEWHERE, { seq: 0 })), ping(), hear()], ['changed oak']],
    ['its name, of one that was known by its address', [hear(unsignedRecord(AT)), ping(AT), hear()], [`changed oak that was ${AT}`]],
    [
      'who is there, where somebody else was',
      [hear(signedBy('elm', AT)), ping('elm'), hear()],
      [`removed elm: ${ANOTHER_NODE}`, 'added oak'],
    ],
  ])('%s', (_, before, expected) => {
    const table = tableAfter(...before)
    const changes = met()(table)
    const rows = [...table.rows.values()].map(({ key, state, strikes, told, lastProofMs }) => ({ key, state, strikes, told, lastProofMs }))
    expect({ changes: said(changes), rows }).toEqual({
      changes: expected,
      rows: [{ key: 'oak', state: 'alive', strikes: 0, told: undefined, lastProofMs: 7 }],
    })
    expect(changes.at(-1)?.row).toBe(table.rows.get('oak'))
  })
})

test.each<[string, readonly Step[], Step]>([
  ['who is reached already', [hear(), ping()], met()],
  ['who was met already', [hear(), met()], met()],
  ['who is suspected, and was reached', [hear(), ping(), miss, missedByOthers], met()],
  ['who stands with another address', [hear()], met(ELSEWHERE)],
  ['who is not in the table', [hear()], met(AT, 'fir')],
])('meeting %s changes nothing', (_, before, step) => {
  const table = tableAfter(...before)
  const { revision, version } = table
  const row = table.rows.get('oak')
  expect([step(table), table.revision, table.version]).toEqual([[], revision, version])
  expect(table.rows.get('oak')).toBe(row)
})

test('what was measured before it moved stays, so it is near or far as it was', () => {
  const table = tableAfter(hear(signedBy('oak', ELSEWHERE, { seq: 0 })), ping(), hear())
  const measured = table.rows.get('oak')?.latency
  met()(table)
  const { latency, isUntimed } = table.rows.get('oak') ?? {}
  expect({ latency, isUntimed, rttMs: latency?.rttMs }).toEqual({ latency: measured, isUntimed: undefined, rttMs: 5 })
})

test('its first ping says how near it is', () => {
  const table = tableAfter(hear(), met())
  const changes = ping()(table)
  expect([said(changes), table.rows.get('oak')?.latency.rttMs, 'isUntimed' in (table.rows.get('oak') ?? {})]).toEqual([
    ['measured oak'],
    5,
    false,
  ])
})

describe('the table knows whom it has to look at', () => {
  test.each<[string, readonly Step[], { untried: number; unlooked: readonly string[]; told: readonly string[]; peers: readonly string[] }]>(
    [
      ['none in one that is only heard of', [hear()], { untried: 1, unlooked: [], told: [], peers: [] }],
      ['one that is listed by word', [hear(), vouched()], { untried: 0, unlooked: ['oak'], told: ['oak'], peers: [] }],
      ['one that was met', [hear(), met()], { untried: 1, unlooked: ['oak'], told: [], peers: ['oak'] }],
      ['one that was listed by word and then met', [hear(), vouched(), met()], { untried: 1, unlooked: ['oak'], told: [], peers: ['oak'] }],
      ['none that was met and pinged', [hear(), met(), ping()], { untried: 0, unlooked: [], told: [], peers: ['oak'] }],
      ['none that was pinged', [hear(), ping()], { untried: 0, unlooked: [], told: [], peers: ['oak'] }],
      [
        'none that was met and has gone',
        [hear(), met(), (table) => removeRow(table, 'oak', 'removed', 0)],
        { untried: 0, unlooked: [], told: [], peers: [] },
      ],
      [
        'none that was met at an address where it is no more',
        [hear(), met(), hear(signedBy('oak', ELSEWHERE, { seq: 2 }))],
        { untried: 1, unlooked: [], told: [], peers: [] },
      ],
    ],
  )('%s', (_, steps, expected) => {
    const table = tableAfter(...steps)
    for (const one of [table, table.copy()])
      expect({
        untried: one.untriedCount,
        unlooked: one.unlooked.some(9, () => 0),
        told: one.told.some(9, () => 0),
        peers: one.peers.some(9, () => 0),
      }).toEqual(expected)
  })
})

describe('vouches for one that this node missed', () => {
  test.each<[string, readonly Step[]]>([
    ['once', [hear(), miss]],
    ['twice', [hear(), miss, miss]],
  ])('%s say less than that where they are old, and more where they are new', (_, before) => {
    const [old, fresh] = [tableAfter(...before), tableAfter(...before)]
    const was = old.rows.get('oak')
    expect([vouched()(old), vouched(false)(old)]).toEqual([[], []])
    expect(old.rows.get('oak')).toBe(was)
    const changes = vouched(true)(fresh)
    const row = { ...was, state: 'alive', strikes: 0, told: ['ash', 'elm'], version: 2 }
    expect({ changes, row: fresh.rows.get('oak') }).toEqual({ changes: [{ type: 'added', row }], row })
  })

  test.each<[string, readonly Step[]]>([
    ['who is in the file', [file]],
    ['who is listed', [hear(), vouched()]],
    ['who is reached', [hear(), ping()]],
    ['whose address is held by another that is listed', [hear(signedBy('elm', AT)), ping('elm'), hear()]],
    ['who is not in the table', []],
  ])('list nobody %s, however new they are', (_, before) => {
    const table = tableAfter(...before)
    const { revision } = table
    expect([vouched(true)(table), table.revision]).toEqual([[], revision])
  })
})
