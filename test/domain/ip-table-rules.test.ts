// What holds of the table whatever happens: chance plays, the rules are looked at after every step.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byRank, type Change, isListed, keptRows, NOT_MEASURED, offlineRows, type Row } from '../../src/domain/ip-table.ts'
import { type PeerRecord, unsignedRecord } from '../../src/domain/record.ts'
import { OFFLINE_FOR } from '../../src/domain/timings.ts'
import { NO_P2PRC_FIELDS } from '../../src/p2prc/wire-table.ts'
import {
  absorb,
  EMPTY_TABLE,
  type IpTable,
  keepAway,
  letIn,
  merge,
  type Outcome,
  putOwn,
  recordBurst,
  recordMine,
  recordVouched,
  removeRow,
  restoreRows,
} from './pure-table.ts'

const IDS = ['ash', 'elm', 'oak']
const ADDRESSES = ['192.0.2.1:1', '192.0.2.2:1', '192.0.2.3:1']
const SELF = 'me'

const record = fc
  .record({
    id: fc.constantFrom(...IDS, null),
    address: fc.constantFrom(...ADDRESSES),
    seq: fc.integer({ min: 1, max: 5 }),
    isSigned: fc.boolean(),
    left: fc.boolean(),
    knowsFields: fc.boolean(),
    via: fc.constantFrom(null, IDS[0] ?? null),
  })
  .map(
    ({ id, address, seq, isSigned, left, knowsFields, via }): PeerRecord => ({
      id,
      name: `${seq}`,
      address,
      seq: id === null ? 0 : seq,
      via: id === null ? null : via,
      offersTurn: true,
      left: id !== null && left && seq > 3,
      envelope: id !== null && isSigned ? `${id} ${seq}` : null,
      p2prc: id === null && knowsFields ? NO_P2PRC_FIELDS : null,
    }),
  )

const NAMES = ['ash.example:1', 'elm.example:1']
const key = fc.constantFrom(...IDS, ...ADDRESSES, ...NAMES, SELF)
const address = fc.constantFrom(...ADDRESSES)

type Step = (table: IpTable, wallMs: number) => Outcome
const surroundings = fc.constantFrom('fine' as const, 'isolated' as const)
const silence = { type: 'silent', refused: false, why: 'no answer' } as const
const answer = (wallMs: number) => ({ type: 'answered', rttMs: 1 + ((wallMs / 20_000) % 3) }) as const

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.array(record, { maxLength: 4 }), fc.constantFrom('hearsay' as const, 'firsthand' as const)).map(
    ([records, source]): Step =>
      (table, wallMs) =>
        merge(table, records, wallMs, source),
  ),
  fc.tuple(key, fc.constantFrom(null, null, ...IDS)).map(
    ([which, by]): Step =>
      (table, wallMs) =>
        recordBurst(table, which, answer(wallMs), wallMs, by),
  ),
  fc.tuple(key, surroundings).map(
    ([which, around]): Step =>
      (table, wallMs) =>
        recordBurst(table, which, silence, wallMs, null, around),
  ),
  fc.tuple(fc.constantFrom(...IDS), fc.constantFrom(...IDS)).map(
    ([which, by]): Step =>
      (table) =>
        recordVouched(table, which, [by]),
  ),
  key.map(
    (which): Step =>
      (table, wallMs) =>
        removeRow(table, which, 'removed', wallMs),
  ),
  record.map(
    (one): Step =>
      (table, wallMs) =>
        putOwn(table, { ...one, id: SELF, left: false }, wallMs),
  ),
  record.map(
    (one): Step =>
      (table) =>
        restoreRows(table, [{ record: { ...one, left: false }, stored: NOT_MEASURED, written: null }]),
  ),
  fc.constantFrom(...NAMES).map(
    (written): Step =>
      (table) =>
        restoreRows(table, [{ record: unsignedRecord(written), stored: NOT_MEASURED, written }]),
  ),
  fc.tuple(fc.constantFrom(...IDS, ...ADDRESSES), address).map(
    ([which, at]): Step =>
      (table, wallMs) =>
        keepAway(table, which, at, wallMs),
  ),
  key.map(
    (which): Step =>
      (table) =>
        letIn(table, which),
  ),
  address.map(
    (at): Step =>
      (table, wallMs) =>
        recordMine(table, at, wallMs),
  ),
  fc.tuple(fc.constantFrom(...ADDRESSES, ...NAMES), fc.constantFrom(...IDS)).map(
    ([which, id]): Step =>
      (table, wallMs) =>
        absorb(table, which, id, wallMs),
  ),
)
const story = fc.array(step, { minLength: 1, maxLength: 40 })

const isProven = ({ state }: { readonly state: string }): boolean => state !== 'unknown'

/** Plays a story, within minutes or days, and looks at the table before and after each of its steps. */
const always = (look: (before: IpTable, after: IpTable, changes: readonly Change[], wallMs: number) => void) =>
  fc.assert(
    fc.property(story, fc.constantFrom(20_000, 3_000_000), (steps, paceMs) => {
      let table = EMPTY_TABLE
      for (const [i, run] of steps.entries()) {
        const next = run(table, i * paceMs)
        look(table, next.table, next.changes, i * paceMs)
        table = next.table
      }
    }),
    { numRuns: 400 },
  )

test('no two proven rows are at one address', () =>
  always((_, { rows }) => {
    const proven = [...rows.values()].filter(isProven).map(({ record: { address } }) => address)
    expect(proven).toEqual([...new Set(proven)])
  }))

test('a proven row holds its address, and whoever holds an address is there', () =>
  always((_, { rows, holders }) => {
    for (const row of rows.values()) if (isProven(row)) expect(holders.get(row.record.address)).toEqual(row.key)
    for (const [address, holder] of holders) expect(rows.get(holder)?.record.address).toEqual(address)
  }))

test('a row is found by its own key', () =>
  always((_, { rows }) => {
    for (const [at, row] of rows) expect([row.key, row.record.id ?? row.record.address]).toEqual([at, at])
  }))

test('a signed record only gives way to a signed one that counts higher, unless its row has gone meanwhile', () =>
  always((before, after, changes) => {
    const gone = new Set(changes.flatMap((change) => ('why' in change ? [change.row.key] : [])))
    for (const [at, { record: was }] of before.rows) {
      const now = after.rows.get(at)?.record
      if (at === SELF || gone.has(at) || was.envelope === null || !now || now.envelope === was.envelope) continue
      expect([now.envelope !== null, now.seq > was.seq]).toEqual([true, true])
    }
  }))

test('who is listed by word alone is no peer, no TURN and in no file, and is listed', () =>
  always((_, table) => {
    const told = [...table.rows.values()].filter((row) => row.told !== undefined)
    expect([table.told.size, told.every(isListed)]).toEqual([told.length, true])
    const [kept, turns] = [keptRows(table), [...table.turns.values()]]
    for (const row of told)
      expect([table.peers.has(row.key), turns.includes(row), kept.includes(row) && row.lastProofMs === null]).toEqual([false, false, false])
  }))

test('versions only grow, and none is above that of the table', () =>
  always((before, after) => {
    expect(after.version).toBeGreaterThanOrEqual(before.version)
    for (const [at, row] of after.rows) {
      expect(row.version).toBeLessThanOrEqual(after.version)
      expect(row.version).toBeGreaterThanOrEqual(before.rows.get(at)?.version ?? 0)
    }
  }))

test('nothing proven is gone, and nothing unproven was ever shown', () =>
  always((before, { rows, gone }) => {
    for (const at of gone.keys()) expect(isProven(rows.get(at) ?? { state: 'unknown' })).toEqual(false)
    for (const [at, row] of rows) if (isProven(row) && !before.rows.has(at)) expect(row.lastProofMs).not.toBeNull()
  }))

test('a row of the file is not proven, and a proven row is no row of the file', () =>
  always((_, { rows }) => {
    for (const row of rows.values()) if (row.stored !== null) expect([row.state, row.lastProofMs]).toEqual(['unknown', null])
  }))

test('whom a person removed is not here', () =>
  always((_, { rows, removed }) => {
    for (const [at, address] of removed) expect([rows.has(at), rows.get(address)?.record.id]).toEqual([false, undefined])
  }))

test('what the file holds it loses only with a change that says so', () =>
  always((before, after, changes) => {
    const told = new Set(changes.flatMap((change) => [change.row.key, 'formerKey' in change ? change.formerKey : undefined]))
    const kept = new Set(keptRows(after).map((row) => row.key))
    for (const row of keptRows(before)) if (!kept.has(row.key)) expect(told).toContain(row.key)
  }))

test('a host name that a person wrote is lost by nothing but a word that it is to go', () =>
  always((before, after, changes) => {
    const written = ({ rows }: IpTable) => new Set([...rows.values()].flatMap((row) => row.written ?? []))
    const isSent = changes.some((change) => 'why' in change && ['a person removed it', 'removed', 'it is this node'].includes(change.why))
    const isSecond = changes.some((change) => 'why' in change && change.why === 'it stands here under its id')
    if (!isSent && !isSecond) expect([...written(after)]).toEqual(expect.arrayContaining([...written(before)]))
  }))

test('who is offline was here once and is not here', () =>
  always((_, table, __, wallMs) => {
    for (const { row } of offlineRows(table, wallMs)) {
      expect(table.rows.has(row.key)).toEqual(false)
      expect(row.lastProofMs).not.toBeNull()
    }
  }))

test('silence while this node is in doubt of itself removes nobody', () =>
  fc.assert(
    fc.property(story, key, fc.integer({ min: 1, max: 5 }), (steps, which, times) => {
      const table = steps.reduce((so, run, i) => run(so, i).table, EMPTY_TABLE)
      let next = table
      for (let i = 0; i < times; i++) next = recordBurst(next, which, silence, 10 * OFFLINE_FOR, null, 'isolated').table
      expect([...next.rows.keys()].toSorted()).toEqual([...table.rows.keys()].toSorted())
    }),
  ))

test('a table already told learns nothing from being told again', () =>
  fc.assert(
    fc.property(story, record, (steps, one) => {
      const table = steps.reduce((so, run) => run(so, 0).table, EMPTY_TABLE)
      const once = merge(table, [one], 0).table
      expect(merge(once, [one], 0)).toEqual({ table: once, changes: [] })
    }),
  ))

test('the order in which signed records are heard does not matter', () =>
  fc.assert(
    fc.property(fc.array(record, { maxLength: 12 }), (records) => {
      const words = records
        .filter(({ envelope, left }) => envelope !== null && !left)
        .map((word) => ({ ...word, address: `${word.id}.test:${word.seq}` }))
      const known = (heard: readonly PeerRecord[]) =>
        [...merge(EMPTY_TABLE, heard, 0).table.rows.values()].map(({ record: { id, seq } }) => `${id} ${seq}`).toSorted()
      expect(known(words.toReversed())).toEqual(known(words))
    }),
  ))

test('what is kept to be found soon says what a look at every row says', () =>
  always((_, table) => {
    const rows = [...table.rows.values()]
    const keysOf = (holds: (row: Row) => boolean): readonly string[] =>
      rows
        .filter(holds)
        .map(({ key: found }) => found)
        .toSorted()
    const ranked = (holds: (row: Row) => boolean): readonly string[] =>
      rows
        .filter(holds)
        .toSorted(byRank)
        .map(({ key: found }) => found)
    const isTurn = ({ state, told: word, record: { via } }: Row): boolean => state === 'alive' && word === undefined && via === null
    const told = rows.filter(({ state, record: { envelope, id } }) => state !== 'unknown' && (envelope !== null || id === null))
    expect({
      listed: [...table.listed.values()].map(({ key: found }) => found),
      rows: [...table.listed.values()].map((row) => row === table.rows.get(row.key)),
      turns: table.turns.slice(0, 99).map(({ key: found }) => found),
      sizes: [table.listed.size, table.turns.size, table.aliveCount, table.untriedCount],
      peers: table.peers.some(99, () => 0).toSorted(),
      byWord: table.told.some(99, () => 0).toSorted(),
      suspects: [...table.suspects].toSorted(),
      unsigned: [...table.unsigned].toSorted(),
      behind: [...table.behind(IDS[0] ?? '')].toSorted(),
      told: [...table.words.in('')].map(({ key: found, seq }) => `${found} ${seq}`).toSorted(),
      digest: table.words.digest,
    }).toEqual({
      listed: ranked(isProven),
      rows: rows.filter(isProven).map(() => true),
      turns: ranked(isTurn),
      sizes: [
        rows.filter(isProven).length,
        rows.filter(isTurn).length,
        rows.filter(({ state }) => state === 'alive').length,
        rows.filter(({ state, strikes }) => state === 'unknown' && strikes === 0).length,
      ],
      peers: keysOf(({ state, told: word, record: { id } }) => state === 'alive' && id !== null && word === undefined),
      byWord: keysOf(({ told: word }) => word !== undefined),
      suspects: keysOf(({ state }) => state === 'suspect'),
      unsigned: keysOf(({ record: { id } }) => id === null),
      behind: keysOf(({ record: { via } }) => via === IDS[0]),
      told: told.map(({ key: found, record: { seq } }) => `${found} ${seq}`).toSorted(),
      digest: table.copy().words.digest,
    })
  }))
