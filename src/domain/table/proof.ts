// What pings find out about a row.

import { type Burst, foldBurst, type Latency } from '../latency.ts'
import { addressesOf } from '../record.ts'
import { ANOTHER_NODE } from '../seed-fault.ts'
import { ALONE, type JudgedBy } from '../suspicion.ts'
import { LOOKERS, MOST_TOLD, STRIKES_IF_TOLD } from '../timings.ts'
import type { KeptTable } from './kept-table.ts'
import { remove } from './removal.ts'
import { type Change, isListed, isProven, type Row } from './row.ts'
import {
  afterAnswer,
  afterLooks,
  afterSilence,
  goesUnasked,
  isAskedAbout,
  type Looks,
  listedByWord,
  type Surroundings,
} from './row-rules.ts'

/**
 * Takes in one burst of pings. An answer proves the row; for silence see `afterSilence`. `answeredBy`: the id the answer carried, where
 * it carried one: another node at a row's address ends that row.
 */
export function recordBurst(
  table: KeptTable,
  key: string,
  burst: Burst,
  wallMs: number,
  answeredBy: string | null = null,
  surroundings: Surroundings = 'fine',
  judgedBy: JudgedBy = ALONE,
): readonly Change[] {
  const row = table.rows.get(key)
  if (!row) return []
  if (burst.type === 'answered')
    return answeredBy !== null && row.record.id !== null && answeredBy !== row.record.id
      ? remove(table, row, ANOTHER_NODE, wallMs)
      : prove(table, row, foldBurst(row.latency, burst, wallMs), wallMs)
  const after = afterSilence(row, burst, wallMs, surroundings, judgedBy)
  if (after.type === 'goes') return remove(table, after.row, burst.why, wallMs)
  table.put(after.row)
  return after.isNewlySuspect ? [{ type: 'suspected', row: after.row, why: burst.why }] : []
}

/** This node's own rules kept a row from being asked. */
export function recordWithheld(table: KeptTable, key: string, wallMs: number, judgedBy: JudgedBy): readonly Change[] {
  const row = table.rows.get(key)
  return row && goesUnasked(row, wallMs, judgedBy) ? remove(table, row, 'nobody reaches it', wallMs) : []
}

/** Others have looked at a row that this node missed. `why`: what its own ping said. */
export function recordLooks(table: KeptTable, key: string, looks: Looks, why: string, wallMs: number): readonly Change[] {
  const row = table.rows.get(key)
  const next = row && isAskedAbout(row) ? afterLooks(row, looks, wallMs) : null
  if (!row || !next) return []
  // Listed by word alone, missed twice, and as many say so as are asked at once: nothing speaks for it, and it may be asked but rarely. Once
  // is too little: where a third of all packets is lost one new connection in three comes to nothing.
  const missedBy = next.suspicion?.by.length ?? 0
  if (row.told !== undefined && row.strikes >= STRIKES_IF_TOLD && missedBy >= LOOKERS) return remove(table, next, why, wallMs)
  table.put(next)
  const changes: Change[] = []
  if (row.state === 'alive' && next.state === 'suspect') changes.push({ type: 'suspected', row: next, why })
  if (row.state === 'suspect' && next.state === 'alive') changes.push({ type: 'cleared', row: next })
  if (row.reachedBy.length === 0 && next.reachedBy.length > 0) changes.push({ type: 'reachedByOthers', row: next })
  return changes
}

function prove(table: KeptTable, row: Row, latency: Latency, wallMs: number): readonly Change[] {
  const isFresh = !isListed(row)
  const isFirst = row.told !== undefined
  const holder = table.at(row.record.address)
  // Known by its address alone until now: same server.
  const former = row.record.id === null ? null : (table.rows.get(row.record.address) ?? null)
  const rival = holder && holder.key !== row.key && holder !== former ? holder : null
  // Unsigned, it gives way to the address's proven owner; nobody else gives way to it.
  if (row.record.id === null && rival && isProven(rival))
    return remove(table, row, 'it stands here under its id', wallMs, row.record, false)
  const answered = afterAnswer(row, latency, wallMs, { former, before: table.gone.get(row.key)?.row ?? null })
  const next: Row = isFresh ? { ...answered, version: ++table.version } : answered
  if (former) table.delete(former.key)
  const isRivalsEnd = rival !== null && (row.record.id !== null || rival.told !== undefined)
  const changes: Change[] = isRivalsEnd ? remove(table, rival, ANOTHER_NODE, wallMs) : []
  table.gone.delete(row.key)
  table.put(next)
  const isKnown = row.lastProofMs !== null || (former !== null && isListed(former))
  if (isFresh) changes.push({ type: isKnown ? 'changed' : 'added', row: next, ...(former ? { formerKey: former.key } : {}) })
  if (row.state === 'suspect' || row.reachedBy.length > 0) changes.push({ type: 'cleared', row: next })
  changes.push({ type: 'measured', row: next, ...(isFirst ? { isFirst: true as const } : {}) })
  return changes
}

/** Its owner answered this node there, by a hello or when it was dialled back: a proof, and no figure. What is measured already stays. */
export function recordMet(table: KeptTable, key: string, address: string, wallMs: number): readonly Change[] {
  const row = table.rows.get(key)
  if (!row || row.record.address !== address || isProven(row)) return []
  const changes = prove(table, row, row.latency, wallMs).filter((change) => change.type !== 'measured' || change.isFirst === true)
  const now = table.rows.get(key)
  if (now === undefined || now.latency.rttMs !== null) return changes
  const untimed: Row = { ...now, isUntimed: true }
  table.put(untimed)
  return changes.map((change) => (change.row.key === key ? { ...change, row: untimed } : change))
}

/**
 * Enough others vouch for a row that was only heard of, or has moved. `vouchers`: their ids. `isNew`: they have all reached it just now, which says
 * more than that this node missed it before.
 */
export function recordVouched(table: KeptTable, key: string, vouchers: readonly string[], isNew = false): readonly Change[] {
  const row = table.rows.get(key)
  const holder = row && table.at(row.record.address)
  // Who has reached somebody else there knows better, and what the file says of a row is for its own look.
  const isTaken = holder != null && holder.key !== key && isListed(holder)
  if (row?.state !== 'unknown' || row.stored !== null || (row.strikes > 0 && !isNew) || isTaken || table.told.size >= MOST_TOLD) return []
  const gone = table.gone.get(key)
  if (gone !== undefined && gone.seq >= row.record.seq && !isNew) return []
  const { speedAtMs, downMbps, upMbps, sustained } = gone?.row ?? row
  const next: Row = { ...listedByWord(row, vouchers, ++table.version), strikes: 0, speedAtMs, downMbps, upMbps, sustained }
  table.gone.delete(key)
  table.put(next)
  return [{ type: row.lastProofMs === null ? 'added' : 'changed', row: next }]
}

/**
 * The row stands with another of its own addresses from now on: it answered there while its owner's first was silent, or that first
 * answers again. Its owner's words are passed on as they came, and its next one says anew which comes first.
 */
export function turnTo(table: KeptTable, key: string, address: string, wallMs: number): readonly Change[] {
  const row = table.rows.get(key)
  const addresses = row ? addressesOf(row.record) : []
  if (!row || row.record.address === address || !addresses.includes(address)) return []
  const rival = table.at(address)
  const changes: Change[] = rival && rival.key !== key ? remove(table, rival, ANOTHER_NODE, wallMs) : []
  const { silentAt = row.record.address, ...record } = row.record
  const alsoAt = addresses.filter((one) => one !== address)
  const next: Row = { ...row, record: { ...record, address, alsoAt, ...(silentAt === address ? {} : { silentAt }) } }
  table.put(next)
  return [...changes, { type: 'changed', row: next }]
}

/** Writes down a speed test; null figures: it was tried and failed. */
export function recordSpeed(
  table: KeptTable,
  key: string,
  speed: { readonly downMbps: number; readonly upMbps: number } | null,
  wallMs: number,
): readonly Change[] {
  const row = table.rows.get(key)
  if (!row) return []
  const next: Row = { ...row, ...(speed ?? {}), speedAtMs: wallMs }
  table.put(next)
  return [{ type: 'measured', row: next }]
}

/** Writes down what one connection kept up; null: it was tried and failed. What was known stays then. */
export function recordSustained(table: KeptTable, key: string, mbps: number | null, wallMs: number): readonly Change[] {
  const row = table.rows.get(key)
  if (!row) return []
  const next: Row = { ...row, sustained: { mbps: mbps ?? row.sustained?.mbps ?? null, atMs: wallMs } }
  table.put(next)
  return [{ type: 'measured', row: next }]
}
