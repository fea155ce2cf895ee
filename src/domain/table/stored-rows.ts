// The table and its file: what is put in from there, what belongs in it, and what is shown of those that are away.
import { keyOf, type PeerRecord } from '../record.ts'
import { OFFLINE_FOR } from '../timings.ts'
import type { IpTable, KeptTable } from './kept-table.ts'
import { type Change, type Gone, isListed, isProven, newRow, type Row, type StoredFigures } from './row.ts'
import { isKeptAway } from './row-rules.ts'

/**
 * Puts the file's rows beside what is known already, to be proven; a row that was only heard of takes the file's figures. `written`:
 * the address as a person wrote it, where that is a name.
 */
export function restoreRows(
  table: KeptTable,
  rows: readonly { readonly record: PeerRecord; readonly stored: StoredFigures; readonly written: string | null }[],
): readonly Change[] {
  const changes: Change[] = []
  for (const { record, stored, written } of rows) {
    const key = keyOf(record)
    const known = table.rows.get(key)
    const isOnlyHeardOf = known?.state === 'unknown' && known.stored === null && known.lastProofMs === null
    if (isOnlyHeardOf) table.put({ ...known, stored, heard: null, written: written ?? known.written })
    if (known || table.holders.has(record.address) || isKeptAway(table.removed, record)) continue
    const row: Row = { ...newRow(key, record, ++table.version, null), stored, written }
    table.put(row)
    changes.push({ type: 'heard', row })
  }
  return changes
}

/**
 * Whether the file holds it: what people see, and what this node could not look at yet: rows of the file that were not proven in this
 * run, and servers that have moved.
 */
export const isKept = (row: Row): boolean => isProven(row) || row.stored !== null || row.lastProofMs !== null

/** What the file holds, in its order: what people see first. What others vouch for is not in it: it was proven to nobody here. */
export const keptRows = ({ listed, rows, told }: IpTable): readonly Row[] => [
  ...(told.size === 0 ? listed.values() : [...listed.values()].filter(isKept)),
  ...[...rows.values()].filter((row) => !isListed(row) && isKept(row)),
]

/** What people see, by latency, then by address. */
export const shownRows = ({ listed }: IpTable): readonly Row[] => [...listed.values()]

/** Servers that were here and are away, for `OFFLINE_FOR` since they left or were looked at again in vain; the latest first. */
export const offlineRows = ({ gone, rows }: IpTable, wallMs: number): readonly Gone[] =>
  [...gone.values()].filter(({ row, away, atMs }) => away && wallMs - atMs < OFFLINE_FOR && !rows.has(row.key)).reverse()
