// The IP table: one row per server. Pure functions from one table to the next, with what changed. Each is linear in the
// rows and records it is given at the most.
import { type Burst, foldBurst, type Latency, NO_LATENCY } from './latency.ts'
import { keyOf, type PeerRecord, unsignedRecord } from './record.ts'
import { GONE_FOR, MINE_FOR, MOST_GONE, MOST_MINE, OFFLINE_FOR, STORED_FOR, STRIKES_TO_REMOVE, UNPROVEN_FOR } from './timings.ts'
import { type Heard, isUnproven, UnprovenRows } from './unproven.ts'

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
  /** What the file says of a row that was not proven in this run: it stays in the file until it is known to be gone. */
  readonly stored: StoredFigures | null
  /** `NAME:port` as a person wrote it, where that is a host name: the file keeps it, and it is asked again when the row is gone. */
  readonly written: string | null
  /** Of a row that is `unknown`: who told of it, and since when it waits. Null where it stands proven, or in the file. */
  readonly heard: Heard | null
}

/** A row of the file. What this node could not look at yet is no fact about it. */
export interface StoredFigures {
  readonly latencyMs: number | null
  readonly downMbps: number | null
  readonly upMbps: number | null
  /** Wall time of that test; null: not known. */
  readonly speedAtMs: number | null
  /** ISO time. */
  readonly lastSeen: string | null
  /** Wall time since when it is silent while others answer; null: that was not seen yet. */
  readonly silentSinceMs: number | null
}

/** A removed row. */
export interface Gone {
  readonly row: Row
  /** The highest count its owner was heard with. For `OFFLINE_FOR` nothing that counts lower is believed. */
  readonly seq: number
  /** The owner's signed word of that count. */
  readonly word: string | null
  readonly atMs: number
  readonly why: string
  /** It is a server that was here and is away now, to be shown as offline. Not so: its address was somebody else's, or a person removed it. */
  readonly away: boolean
}

export interface IpTable {
  readonly rows: ReadonlyMap<string, Row>
  /** Which row holds an address. */
  readonly holders: ReadonlyMap<string, string>
  /** Removed rows by key, oldest first: what is heard of them is not believed for `GONE_FOR`, and they are shown as offline for `OFFLINE_FOR`. */
  readonly gone: ReadonlyMap<string, Gone>
  /** Addresses that turned out to be this node's, and until when (wall time) an unsigned row there is not looked at again. */
  readonly mine: ReadonlyMap<string, number>
  /** Keys a person removed, and the address of each then. They stay away until a person adds them. */
  readonly removed: ReadonlyMap<string, string>
  /** The highest version of any row. */
  readonly version: number
}

export type Change =
  | { readonly type: 'heard' | 'cleared' | 'measured'; readonly row: Row }
  /** `formerKey`: it was known by its address alone until now. */
  | { readonly type: 'added' | 'changed'; readonly row: Row; readonly formerKey?: string }
  | { readonly type: 'suspected' | 'removed'; readonly row: Row; readonly why: string }
  /** Never proven and now forgotten; nobody was told of it. */
  | { readonly type: 'dropped'; readonly row: Row; readonly why: string }

export interface Outcome {
  readonly table: IpTable
  readonly changes: readonly Change[]
}

export const EMPTY_TABLE: IpTable = {
  rows: new Map(),
  holders: new Map(),
  gone: new Map(),
  mine: new Map(),
  removed: new Map(),
  version: 0,
}

export const NOT_MEASURED: StoredFigures = {
  latencyMs: null,
  downMbps: null,
  upMbps: null,
  speedAtMs: null,
  lastSeen: null,
  silentSinceMs: null,
}

/** A table being rewritten: maps are copied once per operation, not once per record. */
class Draft {
  readonly rows: Map<string, Row>
  readonly holders: Map<string, string>
  readonly gone: Map<string, Gone>
  readonly mine: ReadonlyMap<string, number>
  readonly removed: ReadonlyMap<string, string>
  version: number
  readonly changes: Change[] = []
  #unproven: UnprovenRows | null = null
  constructor(table: IpTable) {
    this.mine = table.mine
    this.removed = table.removed
    this.rows = new Map(table.rows)
    this.holders = new Map(table.holders)
    this.gone = new Map(table.gone)
    this.version = table.version
  }
  put(row: Row): void {
    const before = this.rows.get(row.key)
    if (before && before.record.address !== row.record.address) this.vacate(before)
    if (before) this.#unproven?.delete(before)
    this.#unproven?.add(row)
    this.rows.set(row.key, row)
    const holder = this.holders.get(row.record.address)
    // A proven row holds its address against one that is only heard of.
    if (holder === undefined || holder === row.key || row.state !== 'unknown') this.holders.set(row.record.address, row.key)
  }
  delete(row: Row): void {
    this.#unproven?.delete(row)
    this.rows.delete(row.key)
    this.vacate(row)
  }
  vacate(row: Row): void {
    if (this.holders.get(row.record.address) === row.key) this.holders.delete(row.record.address)
  }
  /** Counted when the first is asked for: most steps bring no new row. */
  get unproven(): UnprovenRows {
    this.#unproven ??= new UnprovenRows(this.rows)
    return this.#unproven
  }
  done(): Outcome {
    const { rows, holders, gone, mine, removed, version, changes } = this
    return { table: { rows, holders, gone, mine, removed, version }, changes }
  }
}

/**
 * Remembers what was heard. Nothing is believed alive because of it: new rows and new addresses start `unknown`.
 * `firsthand`: the owners spoke to this node themselves, so a row removed lately is looked at again. `teller`: whose share of what is
 * only heard of they count in, an IP address or an id; null: nobody's.
 */
export function merge(
  table: IpTable,
  records: readonly PeerRecord[],
  wallMs: number,
  source: 'hearsay' | 'firsthand' = 'hearsay',
  teller: string | null = null,
): Outcome {
  if (records.length === 0) return { table, changes: [] }
  const draft = new Draft(table)
  for (const record of records) mergeOne(draft, record, source, { source: teller, atMs: wallMs })
  return draft.changes.length === 0 ? { table, changes: [] } : draft.done()
}

function mergeOne(draft: Draft, record: PeerRecord, source: 'hearsay' | 'firsthand', heard: Heard): void {
  const wallMs = heard.atMs
  // Whoever has an identity signs: an unsigned word with an id is nobody's.
  if (record.id !== null && record.envelope === null) return
  const key = keyOf(record)
  if (isRemoved(draft, record) || (record.id === null && (draft.mine.get(record.address) ?? 0) > wallMs)) return
  const row = draft.rows.get(key)
  const gone = draft.gone.get(key)
  if (gone && !row && isOutdated(record, gone, wallMs, source)) return
  if (record.left) {
    if (row && record.seq > row.record.seq) remove(draft, row, 'it said goodbye', wallMs, record)
    return
  }
  if (row) {
    if (!isNewer(record, row.record, source)) return
    const moved = record.address !== row.record.address
    const next: Row = { ...row, record, version: ++draft.version, ...(moved ? movedTo(row, heard) : {}) }
    draft.put(next)
    draft.changes.push({ type: moved ? 'heard' : 'changed', row: next })
    return
  }
  const holder = draft.rows.get(draft.holders.get(record.address) ?? '')
  // A P2PRC row never stands beside one with an identity. Who is only said to be there keeps nobody away.
  if (holder && record.id === null && !isUnproven(holder)) return
  const room = draft.unproven.roomFor(heard, { unsigned: record.id === null, owner: source === 'firsthand' })
  if (room === 'refused') return
  if (room !== null) remove(draft, room, 'others wait for a look too', wallMs, room.record, false)
  if (gone && wallMs - gone.atMs >= OFFLINE_FOR) draft.gone.delete(key)
  const next = newRow(key, record, ++draft.version, heard)
  draft.put(next)
  draft.changes.push({ type: 'heard', row: next })
}

/** Its owner has said something later. Or nobody but others says the same again, of a row that went a moment ago. */
const isOutdated = (record: PeerRecord, gone: Gone, wallMs: number, source: 'hearsay' | 'firsthand'): boolean =>
  (record.seq < gone.seq && wallMs - gone.atMs < OFFLINE_FOR) ||
  (source === 'hearsay' && record.seq === gone.seq && wallMs - gone.atMs < GONE_FOR)

/** At its new address it has proven nothing. */
const movedTo = ({ heard: before }: Row, { atMs }: Heard): Pick<Row, 'state' | 'strikes' | 'heard'> => ({
  state: 'unknown',
  strikes: 0,
  heard: before ?? { source: null, atMs },
})

/** A person wants it to stay away: by its key, or an address that nobody signs for. */
const isRemoved = ({ removed }: Pick<IpTable, 'removed'>, record: PeerRecord): boolean =>
  removed.size > 0 && (removed.has(keyOf(record)) || (record.id === null && [...removed.values()].includes(record.address)))

const newRow = (key: string, record: PeerRecord, version: number, heard: Heard | null): Row => ({
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
  stored: null,
  written: null,
  heard,
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

/** `fine`: others answer, so silence is about the peer. `isolated`: nobody answers, so it may be about this node's own link. */
export type Surroundings = 'fine' | 'isolated'

/**
 * Takes in one burst of pings. An answer proves the row; silence makes it suspect, and at the third time in a row removes it.
 * While this node is `isolated` silence removes nobody. A row of the file that was not proven in this run is removed only when it
 * was silent for `STORED_FOR` while others answered.
 * `answeredBy`: the id the answer carried, where it carried one: another node at a row's address ends that row.
 */
export function recordBurst(
  table: IpTable,
  key: string,
  burst: Burst,
  wallMs: number,
  answeredBy: string | null = null,
  surroundings: Surroundings = 'fine',
): Outcome {
  const row = table.rows.get(key)
  if (!row) return { table, changes: [] }
  const draft = new Draft(table)
  const latency = foldBurst(row.latency, burst, wallMs)
  if (burst.type === 'answered') {
    if (answeredBy !== null && row.record.id !== null && answeredBy !== row.record.id)
      remove(draft, row, 'another node answers there', wallMs)
    else prove(draft, row, latency, wallMs)
    return draft.done()
  }
  const isolated = surroundings === 'isolated'
  const strikes = isolated && row.stored === null ? 1 : row.strikes + 1
  if (row.stored !== null) {
    const silentSinceMs = isolated ? null : (row.stored.silentSinceMs ?? wallMs)
    const next: Row = { ...row, latency, strikes, stored: { ...row.stored, silentSinceMs } }
    if (silentSinceMs !== null && wallMs - silentSinceMs >= STORED_FOR) remove(draft, next, burst.why, wallMs)
    else draft.put(next)
    return draft.done()
  }
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
  const holder = draft.rows.get(draft.holders.get(row.record.address) ?? '')
  // Known by its address alone until now: same server, so its figures stay.
  const former = row.record.id === null ? null : (draft.rows.get(row.record.address) ?? null)
  const rival = holder && holder.key !== row.key && holder !== former ? holder : null
  // Unsigned, it gives way to the address's proven owner; nobody else gives way to it.
  if (row.record.id === null && rival && rival.state !== 'unknown')
    return remove(draft, row, 'it stands here under its id', wallMs, row.record, false)
  // How fast it is was measured before it went, or before this node was started: no reason to do so again.
  const known = [row, row.stored, former, draft.gone.get(row.key)?.row].find((one) => one != null && one.speedAtMs !== null)
  const next: Row = {
    ...row,
    latency,
    strikes: 0,
    state: 'alive',
    lastProofMs: wallMs,
    stored: null,
    heard: null,
    downMbps: known?.downMbps ?? row.stored?.downMbps ?? null,
    upMbps: known?.upMbps ?? row.stored?.upMbps ?? null,
    speedAtMs: known?.speedAtMs ?? null,
    written: row.written ?? former?.written ?? null,
    ...(fresh ? { version: ++draft.version } : {}),
  }
  if (former) draft.delete(former)
  if (rival && row.record.id !== null) remove(draft, rival, 'another node answers there', wallMs)
  draft.gone.delete(row.key)
  draft.put(next)
  const isKnown = row.lastProofMs !== null || (former !== null && former.state !== 'unknown')
  if (fresh) draft.changes.push({ type: isKnown ? 'changed' : 'added', row: next, ...(former ? { formerKey: former.key } : {}) })
  if (row.state === 'suspect') draft.changes.push({ type: 'cleared', row: next })
  draft.changes.push({ type: 'measured', row: next })
}

/** `word`: the owner's last, which its goodbye is. */
function remove(draft: Draft, row: Row, why: string, wallMs: number, word: PeerRecord = row.record, away = true): void {
  draft.delete(row)
  const before = draft.gone.get(row.key)
  draft.gone.delete(row.key)
  // Heard of again and not there: it stays what it was when it was here last.
  const seen = row.lastProofMs === null && before?.away ? before.row : row
  draft.gone.set(row.key, {
    row: seen,
    ...(before && before.seq > word.seq ? { seq: before.seq, word: before.word } : { seq: word.seq, word: word.envelope }),
    atMs: wallMs,
    why,
    away: away && seen.lastProofMs !== null,
  })
  for (const [key, { atMs }] of draft.gone) {
    if (wallMs - atMs < OFFLINE_FOR) break
    draft.gone.delete(key)
  }
  if (draft.gone.size > MOST_GONE) {
    // Who was never here makes room first: strangers can tell of any number.
    const [oldest] = draft.gone.keys()
    const [stranger] = [...draft.gone].find(([, one]) => !one.away) ?? [oldest]
    if (stranger !== undefined) draft.gone.delete(stranger)
  }
  draft.changes.push(row.lastProofMs === null ? { type: 'dropped', row, why } : { type: 'removed', row, why })
  if (row.written !== null && away) askAgain(draft, row.written)
}

/** The name a person wrote is looked at again, wherever it leads now. */
function askAgain(draft: Draft, written: string): void {
  if (draft.rows.has(written)) return
  const row: Row = { ...newRow(written, unsignedRecord(written), ++draft.version, null), written, stored: NOT_MEASURED }
  draft.put(row)
  draft.changes.push({ type: 'heard', row })
}

/** Gives up a row that was only heard of, or whose new address was, once it has waited for `UNPROVEN_FOR`. */
export function lapseUnproven(table: IpTable, key: string, wallMs: number): Outcome {
  const row = table.rows.get(key)
  if (!row || row.heard === null || wallMs - row.heard.atMs < UNPROVEN_FOR) return { table, changes: [] }
  const draft = new Draft(table)
  remove(draft, row, 'it has proven nothing', wallMs)
  return draft.done()
}

/** The node's own word that a row is to go. */
export function removeRow(table: IpTable, key: string, why: string, wallMs: number): Outcome {
  const row = table.rows.get(key)
  if (!row) return { table, changes: [] }
  const draft = new Draft(table)
  remove(draft, row, why, wallMs, row.record, false)
  return draft.done()
}

/** A person's word that a server is to stay away, whoever tells of it. Rows at its address that nobody signs go with it. */
export function keepAway(table: IpTable, key: string, address: string, wallMs: number): Outcome {
  const removed = new Map(table.removed).set(key, address)
  const draft = new Draft({ ...table, removed })
  const gone = draft.gone.get(key)
  if (gone) draft.gone.set(key, { ...gone, away: false })
  for (const row of table.rows.values())
    if (row.key === key || (row.record.id === null && row.record.address === address))
      remove(draft, row, 'a person removed it', wallMs, row.record, false)
  return draft.done()
}

/** A person adds a server again that was to stay away: by its key or its address. */
export function letIn(table: IpTable, keyOrAddress: string): Outcome {
  const removed = new Map([...table.removed].filter(([key, address]) => key !== keyOrAddress && address !== keyOrAddress))
  return { table: removed.size === table.removed.size ? table : { ...table, removed }, changes: [] }
}

/** The address turned out to be this node's own: a row that nobody signs there goes, and is not looked at again for `MINE_FOR`. */
export function recordMine(table: IpTable, address: string, wallMs: number): Outcome {
  const fresh = [...table.mine].filter(([known, untilMs]) => known !== address && untilMs > wallMs).slice(-MOST_MINE + 1)
  const draft = new Draft({ ...table, mine: new Map([...fresh, [address, wallMs + MINE_FOR]]) })
  const row = table.rows.get(address)
  if (row && row.record.id === null) remove(draft, row, 'it is this node', wallMs, row.record, false)
  return draft.done()
}

/**
 * A row known by address alone, often by a name that a person wrote, turned out to be a server with an identity that stands in
 * the table already, at another address: one row a server. The name stays with the row. At the same address it is the proof of the
 * other that ends it.
 */
export function absorb(table: IpTable, unsignedKey: string, key: string, wallMs: number): Outcome {
  const [row, into] = [table.rows.get(unsignedKey), table.rows.get(key)]
  if (!row || !into || row.record.id !== null || row.record.address === into.record.address) return { table, changes: [] }
  const draft = new Draft(table)
  remove(draft, row, 'it stands here under its id', wallMs, row.record, false)
  draft.put({ ...into, written: row.written ?? into.written })
  return draft.done()
}

/**
 * Puts the file's rows beside what is known already, to be proven; a row that was only heard of takes the file's figures. `written`:
 * the address as a person wrote it, where that is a name.
 */
export function restoreRows(
  table: IpTable,
  rows: readonly { readonly record: PeerRecord; readonly stored: StoredFigures; readonly written: string | null }[],
): Outcome {
  const draft = new Draft(table)
  for (const { record, stored, written } of rows) {
    const key = keyOf(record)
    const heard = draft.rows.get(key)
    if (heard?.state === 'unknown' && heard.stored === null) draft.put({ ...heard, stored, heard: null, written: written ?? heard.written })
    if (heard || draft.holders.has(record.address) || isRemoved(draft, record)) continue
    const row: Row = { ...newRow(key, record, ++draft.version, null), stored, written }
    draft.put(row)
    draft.changes.push({ type: 'heard', row })
  }
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
  if (rival && rival.key !== keyOf(record)) remove(draft, rival, 'it is this node', wallMs, rival.record, false)
  const moved = before !== undefined && before.record.address !== record.address
  const next: Row = {
    ...(before ?? newRow(keyOf(record), record, 0, null)),
    ...(moved ? { latency: NO_LATENCY, downMbps: null, upMbps: null, speedAtMs: null } : {}),
    record,
    state: 'alive',
    heard: null,
    lastProofMs: wallMs,
    version: ++draft.version,
  }
  draft.gone.delete(next.key)
  draft.put(next)
  draft.changes.push({ type: before ? 'changed' : 'added', row: next })
  return draft.done()
}

/** This node's own address was proven again. No news: nothing has changed but the proof's age. */
export function proveOwn(table: IpTable, key: string, wallMs: number): Outcome {
  const row = table.rows.get(key)
  if (!row) return { table, changes: [] }
  return { table: { ...table, rows: new Map(table.rows).set(key, { ...row, lastProofMs: wallMs }) }, changes: [] }
}

/** A ping of this node's own row: a figure to show, and no proof, which only others can give. */
export function recordOwnBurst(table: IpTable, key: string, burst: Extract<Burst, { type: 'answered' }>, wallMs: number): Outcome {
  const row = table.rows.get(key)
  if (!row) return { table, changes: [] }
  const next: Row = { ...row, latency: foldBurst(row.latency, burst, wallMs) }
  return { table: { ...table, rows: new Map(table.rows).set(key, next) }, changes: [{ type: 'measured', row: next }] }
}

/**
 * What the file holds: what people see, and what this node could not look at yet: rows of the file that were not proven in this
 * run, and servers that have moved.
 */
export const keptRows = (table: IpTable): readonly Row[] => [
  ...shownRows(table),
  ...[...table.rows.values()].filter(({ state, stored, lastProofMs }) => state === 'unknown' && (stored !== null || lastProofMs !== null)),
]

/** Servers that were here and are away, for `OFFLINE_FOR` since they left or were looked at again in vain; the latest first. */
export const offlineRows = ({ gone, rows }: IpTable, wallMs: number): readonly Gone[] =>
  [...gone.values()].filter(({ row, away, atMs }) => away && wallMs - atMs < OFFLINE_FOR && !rows.has(row.key)).reverse()

/** What people see: proven rows, suspects among them, by latency, then by address. */
export function shownRows(table: IpTable): readonly Row[] {
  return [...table.rows.values()]
    .filter((row) => row.state !== 'unknown')
    .sort((a, b) => (a.latency.rttMs ?? Infinity) - (b.latency.rttMs ?? Infinity) || a.record.address.localeCompare(b.record.address))
}
