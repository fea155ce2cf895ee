// This node's own row: it stands by proof from outside, never by a ping of its own.
import { type Burst, foldBurst, NO_LATENCY } from '../latency.ts'
import { keyOf, type PeerRecord } from '../record.ts'
import type { KeptTable } from './kept-table.ts'
import { remove } from './removal.ts'
import { type Change, newRow, type Row } from './row.ts'

/** Always alive while it has an address. */
export function putOwn(table: KeptTable, record: PeerRecord, wallMs: number): readonly Change[] {
  const key = keyOf(record)
  const before = table.rows.get(key)
  const rival = table.at(record.address)
  const changes: Change[] = rival && rival.key !== key ? remove(table, rival, 'it is this node', wallMs, rival.record, false) : []
  const isMoved = before !== undefined && before.record.address !== record.address
  const next: Row = {
    ...(before ?? newRow(key, record, 0, null)),
    ...(isMoved ? { latency: NO_LATENCY, downMbps: null, upMbps: null, speedAtMs: null, sustained: null } : {}),
    record,
    state: 'alive',
    heard: null,
    lastProofMs: wallMs,
    version: ++table.version,
  }
  table.gone.delete(key)
  table.put(next)
  return [...changes, { type: before ? 'changed' : 'added', row: next }]
}

/** Its address was proven again. No news: nothing has changed but the proof's age. */
export function proveOwn(table: KeptTable, key: string, wallMs: number): readonly Change[] {
  const row = table.rows.get(key)
  if (row) table.put({ ...row, lastProofMs: wallMs })
  return []
}

/** A ping of it: a figure to show, and no proof, which only others can give. */
export function recordOwnBurst(
  table: KeptTable,
  key: string,
  burst: Extract<Burst, { type: 'answered' }>,
  wallMs: number,
): readonly Change[] {
  const row = table.rows.get(key)
  if (!row) return []
  const next: Row = { ...row, latency: foldBurst(row.latency, burst, wallMs) }
  table.put(next)
  return [{ type: 'measured', row: next }]
}
