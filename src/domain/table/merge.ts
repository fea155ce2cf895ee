// What is heard of others. Nothing is believed alive because of it: new rows and new addresses start `unknown`.
import { keyOf, type PeerRecord } from '../record.ts'
import { OFFLINE_FOR } from '../timings.ts'
import type { KeptTable } from './kept-table.ts'
import { remove } from './removal.ts'
import { type Change, type Heard, isUnproven, newRow, type Row } from './row.ts'
import { isKeptAway, isNewer, isOutdated, type Source, withWord } from './row-rules.ts'

/**
 * Remembers what was heard; what brings nothing new touches nothing. `firsthand`: the owners spoke to this
 * node themselves, so a row removed lately is looked at again. `teller`: whose share of what is only heard
 * of they count in, an IP address or an id; null: nobody's.
 */
export function merge(
  table: KeptTable,
  records: readonly PeerRecord[],
  wallMs: number,
  source: Source = 'hearsay',
  teller: string | null = null,
): readonly Change[] {
  const changes: Change[] = []
  const heard = { source: teller, atMs: wallMs }
  for (const record of records) changes.push(...mergeOne(table, record, source, heard))
  return changes
}

const NOTHING: readonly Change[] = []

function mergeOne(table: KeptTable, record: PeerRecord, source: Source, heard: Heard): readonly Change[] {
  const wallMs = heard.atMs
  // Whoever has an identity signs: an unsigned word with an id is nobody's.
  if (record.id !== null && record.envelope === null) return NOTHING
  const key = keyOf(record)
  if (isKeptAway(table.removed, record) || (record.id === null && (table.mine.get(record.address) ?? 0) > wallMs)) return NOTHING
  const row = table.rows.get(key)
  const gone = table.gone.get(key)
  if (gone && !row && isOutdated(record, gone, wallMs, source)) return NOTHING
  if (record.left) return row && record.seq > row.record.seq ? remove(table, row, 'it said goodbye', wallMs, record) : NOTHING
  if (row) {
    if (!isNewer(record, row.record, source)) return NOTHING
    const next = withWord(row, record, ++table.version, heard)
    table.put(next)
    const isRefuted = row.state === 'suspect' && next.state === 'alive'
    return [
      ...(isRefuted ? [{ type: 'cleared' as const, row: next }] : []),
      { type: record.address === row.record.address ? 'changed' : 'heard', row: next },
    ]
  }
  const holder = table.at(record.address)
  // A P2PRC row never stands beside one with an identity. Who is only said to be there keeps nobody away.
  if (holder && record.id === null && !isUnproven(holder) && holder.told === undefined) return NOTHING
  const room = table.unproven.roomFor(heard, { unsigned: record.id === null, owner: source === 'firsthand' })
  if (room === 'refused') return NOTHING
  const made = room === null ? NOTHING : remove(table, room, 'others wait for a look too', wallMs, room.record, false)
  if (gone && wallMs - gone.atMs >= OFFLINE_FOR) table.gone.delete(key)
  const next: Row = newRow(key, record, ++table.version, heard)
  table.put(next)
  return [...made, { type: 'heard', row: next }]
}
