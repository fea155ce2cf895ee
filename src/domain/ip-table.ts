// The IP table: one row per server. Pure functions from one table to the next, with what changed. Each is linear in the
// rows and records it is given at the most.
import { type Burst, foldBurst, type Latency, NO_LATENCY } from './latency.ts'
import { keyOf, type PeerRecord } from './record.ts'
import { GONE_FOR, STRIKES_TO_REMOVE } from './timings.ts'

export interface Row {
  readonly key: string
  readonly record: PeerRecord
  /** `unknown`: heard of, not proven yet; not part of what is shown or passed on. */
  readonly state: 'unknown' | 'alive' | 'suspect'
  readonly latency: Latency
  readonly downMbps: number | null
  readonly upMbps: number | null
  /** Wall time of the last speed test tried; null before the first. */
  readonly speedAtMs: number | null
  /** Wall time of the last answer it gave us. */
  readonly lastProofMs: number | null
  /** Failed bursts in a row. */
  readonly strikes: number
  /** Counts this table's changes of what is passed on: higher is newer. */
  readonly version: number
}

/** A removed row. */
export interface Gone {
  readonly seq: number
  readonly address: string
  readonly atMs: number
}

export interface IpTable {
  readonly rows: ReadonlyMap<string, Row>
  /** Which row holds an address. */
  readonly holders: ReadonlyMap<string, string>
  readonly gone: ReadonlyMap<string, Gone>
  /** The highest version of any row. */
  readonly version: number
}

export type Change =
  | { readonly type: 'heard' | 'added' | 'changed' | 'cleared' | 'measured'; readonly row: Row }
  | { readonly type: 'suspected' | 'removed'; readonly row: Row; readonly why: string }
  /** Never proven and now forgotten; nobody was told of it. */
  | { readonly type: 'dropped'; readonly row: Row; readonly why: string }

export interface Outcome {
  readonly table: IpTable
  readonly changes: readonly Change[]
}

export const EMPTY_TABLE: IpTable = { rows: new Map(), holders: new Map(), gone: new Map(), version: 0 }

/** A table being rewritten: maps are copied once per operation, not once per record. */
class Draft {
  readonly rows: Map<string, Row>
  readonly holders: Map<string, string>
  readonly gone: Map<string, Gone>
  version: number
  readonly changes: Change[] = []
  constructor(table: IpTable) {
    this.rows = new Map(table.rows)
    this.holders = new Map(table.holders)
    this.gone = new Map(table.gone)
    this.version = table.version
  }
  put(row: Row): void {
    const before = this.rows.get(row.key)
    if (before && before.record.address !== row.record.address) this.vacate(before)
    this.rows.set(row.key, row)
    const holder = this.holders.get(row.record.address)
    // A proven row holds its address against one that is only heard of.
    if (holder === undefined || holder === row.key || row.state !== 'unknown') this.holders.set(row.record.address, row.key)
  }
  delete(row: Row): void {
    this.rows.delete(row.key)
    this.vacate(row)
  }
  vacate(row: Row): void {
    if (this.holders.get(row.record.address) === row.key) this.holders.delete(row.record.address)
  }
  done(): Outcome {
    return { table: { rows: this.rows, holders: this.holders, gone: this.gone, version: this.version }, changes: this.changes }
  }
}

/**
 * Remembers what was heard. Nothing is believed alive because of it: new rows and new addresses start `unknown`.
 * `firsthand`: the owners spoke to this node themselves, so a row removed lately is looked at again.
 */
export function merge(
  table: IpTable,
  records: readonly PeerRecord[],
  wallMs: number,
  source: 'hearsay' | 'firsthand' = 'hearsay',
): Outcome {
  if (records.length === 0) return { table, changes: [] }
  const draft = new Draft(table)
  for (const record of records) mergeOne(draft, record, wallMs, source)
  return draft.changes.length === 0 ? { table, changes: [] } : draft.done()
}

function mergeOne(draft: Draft, record: PeerRecord, wallMs: number, source: 'hearsay' | 'firsthand'): void {
  // Whoever has an identity signs: an unsigned word with an id is nobody's.
  if (record.id !== null && record.envelope === null) return
  const key = keyOf(record)
  const row = draft.rows.get(key)
  const gone = draft.gone.get(key)
  if (source === 'hearsay' && gone && !row && record.seq <= gone.seq && wallMs - gone.atMs < GONE_FOR) return
  if (record.left) {
    if (row && record.seq > row.record.seq) remove(draft, row, 'it said goodbye', wallMs, record.seq)
    return
  }
  if (row) {
    if (!isNewer(record, row.record, source)) return
    const moved = record.address !== row.record.address
    const next: Row = { ...row, record, version: ++draft.version, ...(moved ? { state: 'unknown' as const, strikes: 0 } : {}) }
    draft.put(next)
    draft.changes.push({ type: moved ? 'heard' : 'changed', row: next })
    return
  }
  const holder = draft.rows.get(draft.holders.get(record.address) ?? '')
  if (holder && record.id === null) return // a P2PRC row never stands beside, or in place of, a row with an identity
  draft.gone.delete(key)
  // A row known by its address alone turns out to be this node: same server, so its figures stay.
  const inherits = holder && holder.record.id === null ? holder : null
  if (inherits) draft.delete(inherits)
  const next: Row = inherits ? { ...inherits, key, record, version: ++draft.version } : newRow(key, record, ++draft.version)
  draft.put(next)
  draft.changes.push({ type: inherits && inherits.state !== 'unknown' ? 'changed' : 'heard', row: next })
}

const newRow = (key: string, record: PeerRecord, version: number): Row => ({
  key,
  record,
  state: 'unknown',
  latency: NO_LATENCY,
  downMbps: null,
  upMbps: null,
  speedAtMs: null,
  lastProofMs: null,
  strikes: 0,
  version,
})

/**
 * The owner's count decides. P2PRC has no count, so a difference is news. Word of one
 * without P2PRC's own fields is hearsay, which names the nameless and changes nothing else: two nodes that know a row by
 * different names would tell each other theirs for ever.
 */
function isNewer(record: PeerRecord, known: PeerRecord, source: 'hearsay' | 'firsthand'): boolean {
  if (record.id === null && record.p2prc === null) return known.p2prc === null && known.name === known.address && record.name !== known.name
  // Unsigned, anybody could have said it: only the node itself changes what is known of it.
  if (record.id === null && known.p2prc !== null && source === 'hearsay') return false
  if (record.id === null) return record.name !== known.name || JSON.stringify(record.p2prc) !== JSON.stringify(known.p2prc)
  return record.seq > known.seq
}

/**
 * Takes in one burst of pings. An answer proves the row; silence makes it suspect, and at the third time in a row removes it.
 * `answeredBy`: the id the answer carried, where it carried one: another node at a row's address ends that row.
 */
export function recordBurst(table: IpTable, key: string, burst: Burst, wallMs: number, answeredBy: string | null = null): Outcome {
  const row = table.rows.get(key)
  if (!row) return { table, changes: [] }
  const draft = new Draft(table)
  const latency = foldBurst(row.latency, burst)
  if (burst.type === 'answered') {
    if (answeredBy !== null && row.record.id !== null && answeredBy !== row.record.id)
      remove(draft, row, 'another node answers there', wallMs)
    else prove(draft, row, latency, wallMs)
    return draft.done()
  }
  const strikes = row.strikes + 1
  if (strikes >= STRIKES_TO_REMOVE) remove(draft, { ...row, latency, strikes }, burst.why, wallMs)
  else {
    const next: Row = { ...row, latency, strikes, state: row.state === 'unknown' ? 'unknown' : 'suspect' }
    draft.put(next)
    if (row.state === 'alive') draft.changes.push({ type: 'suspected', row: next, why: burst.why })
  }
  return draft.done()
}

function prove(draft: Draft, row: Row, latency: Latency, wallMs: number): void {
  const fresh = row.state === 'unknown'
  const next: Row = { ...row, latency, strikes: 0, state: 'alive', lastProofMs: wallMs, ...(fresh ? { version: ++draft.version } : {}) }
  const rival = draft.rows.get(draft.holders.get(row.record.address) ?? '')
  if (rival && rival.key !== row.key) remove(draft, rival, 'another node answers there', wallMs)
  draft.put(next)
  if (fresh) draft.changes.push({ type: row.lastProofMs === null ? 'added' : 'changed', row: next })
  if (row.state === 'suspect') draft.changes.push({ type: 'cleared', row: next })
  draft.changes.push({ type: 'measured', row: next })
}

function remove(draft: Draft, row: Row, why: string, wallMs: number, seq = row.record.seq): void {
  draft.delete(row)
  draft.gone.set(row.key, { seq, address: row.record.address, atMs: wallMs })
  draft.changes.push(row.lastProofMs === null ? { type: 'dropped', row, why } : { type: 'removed', row, why })
}

/** A person's or the node's own word that a row is to go. */
export function removeRow(table: IpTable, key: string, why: string, wallMs: number): Outcome {
  const row = table.rows.get(key)
  if (!row) return { table, changes: [] }
  const draft = new Draft(table)
  remove(draft, row, why, wallMs)
  return draft.done()
}

/** Writes down a speed test; null figures: it was tried and failed. */
export function recordSpeed(
  table: IpTable,
  key: string,
  speed: { readonly downMbps: number; readonly upMbps: number } | null,
  wallMs: number,
): Outcome {
  const row = table.rows.get(key)
  if (!row) return { table, changes: [] }
  const rows = new Map(table.rows)
  const next: Row = { ...row, ...(speed ?? {}), speedAtMs: wallMs }
  rows.set(key, next)
  return { table: { ...table, rows }, changes: [{ type: 'measured', row: next }] }
}

/** This node's own row: always alive while it has an address. */
export function putOwn(table: IpTable, record: PeerRecord, wallMs: number): Outcome {
  const before = table.rows.get(keyOf(record))
  const draft = new Draft(table)
  const rival = draft.rows.get(draft.holders.get(record.address) ?? '')
  if (rival && rival.key !== keyOf(record)) remove(draft, rival, 'it is this node', wallMs)
  const moved = before !== undefined && before.record.address !== record.address
  const next: Row = {
    ...(before ?? newRow(keyOf(record), record, 0)),
    ...(moved ? { latency: NO_LATENCY, downMbps: null, upMbps: null, speedAtMs: null } : {}),
    record,
    state: 'alive',
    lastProofMs: wallMs,
    version: ++draft.version,
  }
  draft.gone.delete(next.key)
  draft.put(next)
  draft.changes.push({ type: before ? 'changed' : 'added', row: next })
  return draft.done()
}

/** What people see and the file holds: proven rows, suspects among them, by latency, then by address. */
export function shownRows(table: IpTable): readonly Row[] {
  return [...table.rows.values()]
    .filter((row) => row.state !== 'unknown')
    .sort((a, b) => (a.latency.rttMs ?? Infinity) - (b.latency.rttMs ?? Infinity) || a.record.address.localeCompare(b.record.address))
}
