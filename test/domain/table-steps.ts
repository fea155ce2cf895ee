// Steps from one IP table to the next, to tell a table's story with.
import { type Change, NOT_MEASURED, type StoredFigures, type Surroundings } from '../../src/domain/ip-table.ts'
import { type PeerRecord, unsignedRecord } from '../../src/domain/record.ts'
import {
  absorb,
  EMPTY_TABLE,
  type IpTable,
  keepAway,
  letIn,
  merge,
  type Outcome,
  proveOwn,
  putOwn,
  recordBurst,
  recordMine,
  recordOwnBurst,
  removeRow,
  restoreRows,
} from './pure-table.ts'

export type Step = (table: IpTable) => Outcome

/** What a step is told of the time. */
interface At {
  readonly atMs?: number
}

export const hear =
  (record: PeerRecord, { atMs = 0, source = 'hearsay' }: At & { readonly source?: 'hearsay' | 'firsthand' } = {}): Step =>
  (table) =>
    merge(table, [record], atMs, source)
export const ping =
  (key: string, { atMs = 0, by = null }: At & { readonly by?: string | null } = {}): Step =>
  (table) =>
    recordBurst(table, key, { type: 'answered', rttMs: 5 }, atMs, by)
export const miss =
  (key: string, { atMs = 0, surroundings = 'fine' }: At & { readonly surroundings?: Surroundings } = {}): Step =>
  (table) =>
    recordBurst(table, key, { type: 'silent', refused: false, why: 'no answer' }, atMs, null, surroundings)
export const forget =
  (key: string, { atMs = 0 }: At = {}): Step =>
  (table) =>
    removeRow(table, key, 'no address', atMs)
export const shutOut =
  (key: string, address: string, { atMs = 0 }: At = {}): Step =>
  (table) =>
    keepAway(table, key, address, atMs)
export const admit =
  (keyOrAddress: string): Step =>
  (table) =>
    letIn(table, keyOrAddress)
export const mine =
  (address: string, { atMs = 0 }: At = {}): Step =>
  (table) =>
    recordMine(table, address, atMs)
export const own =
  (record: PeerRecord, { atMs = 0 }: At = {}): Step =>
  (table) =>
    putOwn(table, record, atMs)
export const ownProof =
  (key: string, { atMs = 0 }: At = {}): Step =>
  (table) =>
    proveOwn(table, key, atMs)
export const ownPing =
  (key: string, rttMs: number): Step =>
  (table) =>
    recordOwnBurst(table, key, { type: 'answered', rttMs }, 0)
export const turnsOutToBe =
  (unsignedKey: string, key: string, { atMs = 0 }: At = {}): Step =>
  (table) =>
    absorb(table, unsignedKey, key, atMs)
/** The file has this row. */
export const restore =
  (record: PeerRecord, figures: Partial<StoredFigures> = {}, written: string | null = null): Step =>
  (table) =>
    restoreRows(table, [{ record, stored: { ...NOT_MEASURED, ...figures }, written }])
/** The file has a row with this host name. */
export const restoreName = (written: string): Step => restore(unsignedRecord(written), {}, written)

export const play = (...steps: readonly Step[]): Outcome =>
  steps.reduce<Outcome>(
    (so, step) => {
      const next = step(so.table)
      return { table: next.table, changes: [...so.changes, ...next.changes] }
    },
    { table: EMPTY_TABLE, changes: [] },
  )

/** A line a change, such as `removed ash at 192.0.2.1:8088: no answer`. */
export const told = (changes: readonly Change[]): readonly string[] =>
  changes.map((change) => `${change.type} ${change.row.key} at ${change.row.record.address}${'why' in change ? `: ${change.why}` : ''}`)
/** A line a row, such as `ash 1 alive at 192.0.2.1:8088`. */
export const held = ({ rows }: IpTable): readonly string[] =>
  [...rows.values()].map(({ key, state, record }) => `${key} ${record.seq} ${state} at ${record.address}`)
