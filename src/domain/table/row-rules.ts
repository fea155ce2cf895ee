// What becomes of one row by what happens to it. Each is a function of the row and the event alone.
import { type Burst, foldBurst, type Latency } from '../latency.ts'
import { keyOf, type PeerRecord } from '../record.ts'
import { GONE_FOR, OFFLINE_FOR, STORED_FOR, STRIKES_TO_REMOVE } from '../timings.ts'
import type { Gone, Heard, Row } from './row.ts'

/** `hearsay`: somebody tells of another. `firsthand`: the owner spoke to this node itself. */
export type Source = 'hearsay' | 'firsthand'

/** `fine`: others answer, so silence is about the peer. `isolated`: nobody answers, so it may be about this node's own link. */
export type Surroundings = 'fine' | 'isolated'

/**
 * The owner's count decides. P2PRC has no count, so a difference is news. Word of one
 * without P2PRC's own fields is hearsay, which names the nameless and changes nothing else: two nodes that know a row by
 * different names would tell each other theirs for ever.
 */
export function isNewer(record: PeerRecord, known: PeerRecord, source: Source): boolean {
  if (record.id === null && record.p2prc === null) return known.p2prc === null && known.name === known.address && record.name !== known.name
  // Unsigned, anybody could have said it: only the node itself changes what is known of it.
  if (record.id === null && known.p2prc !== null && source === 'hearsay') return false
  if (record.id === null) return record.name !== known.name || JSON.stringify(record.p2prc) !== JSON.stringify(known.p2prc)
  return record.seq > known.seq
}

/** Its owner has said something later. Or nobody but others says the same again, of a row that went a moment ago. */
export const isOutdated = (record: Pick<PeerRecord, 'seq'>, gone: Pick<Gone, 'seq' | 'atMs'>, wallMs: number, source: Source): boolean =>
  (record.seq < gone.seq && wallMs - gone.atMs < OFFLINE_FOR) ||
  (source === 'hearsay' && record.seq === gone.seq && wallMs - gone.atMs < GONE_FOR)

/** A person wants it to stay away: by its key, or an address that nobody signs for. */
export const isKeptAway = (removed: ReadonlyMap<string, string>, record: PeerRecord): boolean =>
  removed.size > 0 && (removed.has(keyOf(record)) || (record.id === null && [...removed.values()].includes(record.address)))

/** With a later word of its owner. At a new address it has proven nothing. */
export const withWord = (row: Row, record: PeerRecord, version: number, heard: Heard): Row => ({
  ...row,
  record,
  version,
  ...(record.address === row.record.address ? {} : movedTo(row, heard)),
})

const movedTo = ({ heard: before }: Row, { atMs }: Heard): Pick<Row, 'state' | 'strikes' | 'heard'> => ({
  state: 'unknown',
  strikes: 0,
  heard: before ?? { source: null, atMs },
})

export type AfterSilence =
  | { readonly type: 'stays'; readonly row: Row; readonly isNewlySuspect: boolean }
  | { readonly type: 'goes'; readonly row: Row }

/**
 * Silence makes a row suspect, and at the third time in a row removes it. While this node is `isolated` silence removes nobody. A row
 * of the file that was not proven in this run goes only when it was silent for `STORED_FOR` while others answered.
 */
export function afterSilence(
  row: Row,
  burst: Extract<Burst, { type: 'silent' }>,
  wallMs: number,
  surroundings: Surroundings,
): AfterSilence {
  const isolated = surroundings === 'isolated'
  const latency = foldBurst(row.latency, burst, wallMs)
  const strikes = isolated && row.stored === null ? 1 : row.strikes + 1
  if (row.stored !== null) {
    const silentSinceMs = isolated ? null : (row.stored.silentSinceMs ?? wallMs)
    const next: Row = { ...row, latency, strikes, stored: { ...row.stored, silentSinceMs } }
    return silentSinceMs !== null && wallMs - silentSinceMs >= STORED_FOR
      ? { type: 'goes', row: next }
      : { type: 'stays', row: next, isNewlySuspect: false }
  }
  if (strikes >= STRIKES_TO_REMOVE) return { type: 'goes', row: { ...row, latency, strikes } }
  const state = row.state === 'unknown' ? 'unknown' : 'suspect'
  return { type: 'stays', row: { ...row, latency, strikes, state }, isNewlySuspect: row.state === 'alive' }
}

/**
 * It answered. `former`: the row by which the same server was known by its address alone, whose figures stay. `before`: as it was when it
 * went. How fast it is was measured before it went, or before this node was started: no reason to do so again.
 */
export function afterAnswer(
  row: Row,
  latency: Latency,
  wallMs: number,
  { former, before }: { readonly former: Row | null; readonly before: Row | null },
): Row {
  const known = [row, row.stored, former, before].find((one) => one != null && one.speedAtMs !== null)
  return {
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
    sustained: row.sustained ?? former?.sustained ?? before?.sustained ?? null,
    written: row.written ?? former?.written ?? null,
  }
}
