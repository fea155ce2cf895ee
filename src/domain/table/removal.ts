// How a row goes, and what is remembered of it.
import { type PeerRecord, unsignedRecord } from '../record.ts'
import { MINE_FOR, MOST_GONE, MOST_MINE, OFFLINE_FOR, UNPROVEN_FOR } from '../timings.ts'
import type { KeptTable } from './kept-table.ts'
import { type Change, isListed, NOT_MEASURED, newRow, type Row } from './row.ts'

/** `row`: as it is in the end. `word`: the owner's last, which its goodbye is. `isAway`: it is to be shown as offline. */
export function remove(table: KeptTable, row: Row, why: string, wallMs: number, word: PeerRecord = row.record, isAway = true): Change[] {
  table.delete(row.key)
  const before = table.gone.get(row.key)
  table.gone.delete(row.key)
  // Heard of again and not there: it stays what it was when it was here last.
  const seen = row.lastProofMs === null && before?.away ? before.row : row
  table.gone.set(row.key, {
    row: seen,
    ...(before && before.seq > word.seq ? { seq: before.seq, word: before.word } : { seq: word.seq, word: word.envelope }),
    atMs: wallMs,
    why,
    away: isAway && seen.lastProofMs !== null,
  })
  forgetGone(table, wallMs)
  const change: Change = { type: row.lastProofMs === null && !isListed(row) ? 'dropped' : 'removed', row, why }
  return row.written !== null && isAway ? [change, ...askAgain(table, row.written)] : [change]
}

/** What is too old to count, and what there is no room for. */
function forgetGone({ gone }: KeptTable, wallMs: number): void {
  for (const [key, { atMs }] of gone) {
    if (wallMs - atMs < OFFLINE_FOR) break
    gone.delete(key)
  }
  if (gone.size <= MOST_GONE) return
  const [oldest] = gone.keys()
  const key = strangerIn(gone) ?? oldest
  if (key !== undefined) gone.delete(key)
}

/** Who was never here makes room first: strangers can tell of any number. */
function strangerIn(gone: KeptTable['gone']): string | null {
  for (const [key, { away }] of gone) if (!away) return key
  return null
}

/** The name a person wrote is looked at again, wherever it leads now. */
function askAgain(table: KeptTable, written: string): Change[] {
  if (table.rows.has(written)) return []
  const row: Row = { ...newRow(written, unsignedRecord(written), ++table.version, null), written, stored: NOT_MEASURED }
  table.put(row)
  return [{ type: 'heard', row }]
}

/** Gives up a row that was only heard of, or whose new address was, once it has waited for `UNPROVEN_FOR`. */
export function lapseUnproven(table: KeptTable, key: string, wallMs: number): readonly Change[] {
  const row = table.rows.get(key)
  if (!row || row.heard === null || wallMs - row.heard.atMs < UNPROVEN_FOR) return []
  return remove(table, row, 'it has proven nothing', wallMs)
}

/** The node's own word that a row is to go. */
export function removeRow(table: KeptTable, key: string, why: string, wallMs: number): readonly Change[] {
  const row = table.rows.get(key)
  return row ? remove(table, row, why, wallMs, row.record, false) : []
}

/** A person's word that a server is to stay away, whoever tells of it. Rows at its address that nobody signs go with it. */
export function keepAway(table: KeptTable, key: string, address: string, wallMs: number): readonly Change[] {
  table.removed = new Map(table.removed).set(key, address)
  const gone = table.gone.get(key)
  if (gone) table.gone.set(key, { ...gone, away: false })
  const [row, unsigned] = [table.rows.get(key), table.rows.get(address)]
  // Who signs is found by an id, so a row under an address is one that nobody signs.
  return [row, unsigned === row ? undefined : unsigned].flatMap((one) =>
    one === undefined ? [] : remove(table, one, 'a person removed it', wallMs, one.record, false),
  )
}

/** A person adds a server again that was to stay away: by its key or its address. */
export function letIn(table: KeptTable, keyOrAddress: string): readonly Change[] {
  const removed = new Map([...table.removed].filter(([key, address]) => key !== keyOrAddress && address !== keyOrAddress))
  if (removed.size < table.removed.size) table.removed = removed
  return []
}

/** The address turned out to be this node's own: a row that nobody signs there goes, and is not looked at again for `MINE_FOR`. */
export function recordMine(table: KeptTable, address: string, wallMs: number): readonly Change[] {
  table.mine.delete(address)
  for (const [known, untilMs] of table.mine) if (untilMs <= wallMs) table.mine.delete(known)
  const [oldest] = table.mine.keys()
  if (table.mine.size >= MOST_MINE && oldest !== undefined) table.mine.delete(oldest)
  table.mine.set(address, wallMs + MINE_FOR)
  const row = table.rows.get(address)
  return row && row.record.id === null ? remove(table, row, 'it is this node', wallMs, row.record, false) : []
}

/**
 * A row known by address alone, often by a name that a person wrote, turned out to be a server with an identity that stands in
 * the table already, at another address: one row a server. The name stays with the row. At the same address it is the proof of the
 * other that ends it.
 */
export function absorb(table: KeptTable, unsignedKey: string, key: string, wallMs: number): readonly Change[] {
  const [row, into] = [table.rows.get(unsignedKey), table.rows.get(key)]
  if (!row || !into || row.record.id !== null || row.record.address === into.record.address) return []
  const changes = remove(table, row, 'it stands here under its id', wallMs, row.record, false)
  table.put({ ...into, written: row.written ?? into.written })
  return changes
}
