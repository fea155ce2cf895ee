// What holds of the table whatever happens: chance plays, the rules are looked at after every step.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EMPTY_TABLE, type IpTable, merge, putOwn, recordBurst, removeRow } from '../../src/domain/ip-table.ts'
import type { PeerRecord } from '../../src/domain/record.ts'
import { NO_P2PRC_FIELDS } from '../../src/p2prc/wire-table.ts'

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
  })
  .map(
    ({ id, address, seq, isSigned, left, knowsFields }): PeerRecord => ({
      id,
      name: `${seq}`,
      address,
      seq: id === null ? 0 : seq,
      via: null,
      offersTurn: true,
      left: id !== null && left && seq > 3,
      envelope: id !== null && isSigned ? `${id} ${seq}` : null,
      p2prc: id === null && knowsFields ? NO_P2PRC_FIELDS : null,
    }),
  )

const key = fc.constantFrom(...IDS, ...ADDRESSES, SELF)
type Step = (table: IpTable, wallMs: number) => IpTable
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.array(record, { maxLength: 4 }).map(
    (records): Step =>
      (table, wallMs) =>
        merge(table, records, wallMs).table,
  ),
  fc.tuple(key, fc.constantFrom(null, null, ...IDS)).map(
    ([which, by]): Step =>
      (table, wallMs) =>
        recordBurst(table, which, { type: 'answered', rttMs: 1 }, wallMs, by).table,
  ),
  key.map(
    (which): Step =>
      (table, wallMs) =>
        recordBurst(table, which, { type: 'silent', refused: false, why: 'no answer' }, wallMs).table,
  ),
  key.map(
    (which): Step =>
      (table, wallMs) =>
        removeRow(table, which, 'removed', wallMs).table,
  ),
  record.map(
    (one): Step =>
      (table, wallMs) =>
        putOwn(table, { ...one, id: SELF, left: false }, wallMs).table,
  ),
)
const story = fc.array(step, { minLength: 1, maxLength: 40 })

const isProven = ({ state }: { readonly state: string }): boolean => state !== 'unknown'

/** Plays a story and looks at the table before and after each of its steps. */
const always = (look: (before: IpTable, after: IpTable) => void) =>
  fc.assert(
    fc.property(story, (steps) => {
      let table = EMPTY_TABLE
      for (const [i, run] of steps.entries()) {
        const next = run(table, i * 20_000)
        look(table, next)
        table = next
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

test('a signed record only gives way to a signed one that counts higher', () =>
  always((before, after) => {
    for (const [at, { record: was }] of before.rows) {
      const now = after.rows.get(at)?.record
      if (at === SELF || was.envelope === null || !now || now.envelope === was.envelope) continue
      expect([now.envelope !== null, now.seq > was.seq]).toEqual([true, true])
    }
  }))

test('versions only grow, and none is above that of the table', () =>
  always((before, after) => {
    expect(after.version).toBeGreaterThanOrEqual(before.version)
    for (const [at, row] of after.rows) {
      expect(row.version).toBeLessThanOrEqual(after.version)
      expect(row.version).toBeGreaterThanOrEqual(before.rows.get(at)?.version ?? 0)
    }
  }))

test('nothing that is gone is in the table, and nothing unproven was ever shown', () =>
  always((before, { rows, gone }) => {
    for (const at of gone.keys()) expect(rows.has(at)).toEqual(false)
    for (const [at, row] of rows) if (isProven(row) && !before.rows.has(at)) expect(row.lastProofMs).not.toBeNull()
  }))

test('a table already told learns nothing from being told again', () =>
  fc.assert(
    fc.property(story, record, (steps, one) => {
      const table = steps.reduce((so, run) => run(so, 0), EMPTY_TABLE)
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
