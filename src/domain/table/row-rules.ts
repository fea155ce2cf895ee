// What becomes of one row by what happens to it. Each is a function of the row and the event alone.
import { type Burst, foldBurst, type Latency } from '../latency.ts'
import { keyOf, type PeerRecord } from '../record.ts'
import { ALONE, type JudgedBy, suspicionMs } from '../suspicion.ts'
import { GONE_FOR, OFFLINE_FOR, STORED_FOR, STRIKES_IF_TOLD, STRIKES_TO_REMOVE } from '../timings.ts'
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
export function withWord(row: Row, record: PeerRecord, version: number, heard: Heard): Row {
  if (record.address === row.record.address) return { ...row, record, version, ...refuted(row) }
  const { told, isUntimed: _isUntimed, ...rest } = row
  return { ...rest, record, version, ...movedTo(row, heard), ...(told === undefined ? {} : { wasTold: true }) }
}

/** Listed by the word of these, at the address that it stands with. */
export const listedByWord = ({ wasTold: _wasTold, ...row }: Row, vouchers: readonly string[], version: number): Row => ({
  ...row,
  state: 'alive',
  told: vouchers,
  version,
})

/** Its owner says something later than what is suspected: it lives. */
const refuted = ({ state, suspicion }: Row): Partial<Row> =>
  suspicion === null ? {} : { suspicion: null, strikes: 0, ...(state === 'suspect' ? { state: 'alive' } : {}) }

const movedTo = ({ heard: before }: Row, { atMs }: Heard): Partial<Row> => ({
  state: 'unknown',
  strikes: 0,
  suspicion: null,
  reachedBy: [],
  heard: before ?? { source: null, atMs },
})

export type AfterSilence =
  | { readonly type: 'stays'; readonly row: Row; readonly isNewlySuspect: boolean }
  | { readonly type: 'goes'; readonly row: Row }

/**
 * Silence makes a row suspect, and at the third time in a row removes it, where there is nobody to ask. Where there is, others look first
 * (`afterLooks`), and a suspect goes once it was suspected for `suspicionMs` as well; at its second silence, or first refusal, where enough
 * others say that it is dead: later where this node doubts itself. A refusal by its own machine is a fact (`isOwnRefusal`): it is suspected at once, and only who has reached it meanwhile keeps it. While this node is
 * `isolated` silence removes nobody. A row of the file that was not proven in this run goes only when it was silent for `STORED_FOR`
 * while others answered.
 */
export function afterSilence(
  row: Row,
  burst: Extract<Burst, { type: 'silent' }>,
  wallMs: number,
  surroundings: Surroundings,
  judgedBy: JudgedBy = ALONE,
): AfterSilence {
  const isolated = surroundings === 'isolated'
  const refused = burst.refused && isOwnRefusal(row)
  const latency = foldBurst(row.latency, burst, wallMs)
  const strikes = isolated && row.stored === null ? 1 : row.strikes + 1
  if (row.stored !== null) {
    const silentSinceMs = isolated ? null : (row.stored.silentSinceMs ?? wallMs)
    const next: Row = { ...row, latency, strikes, stored: { ...row.stored, silentSinceMs } }
    return silentSinceMs !== null && wallMs - silentSinceMs >= STORED_FOR
      ? { type: 'goes', row: next }
      : { type: 'stays', row: next, isNewlySuspect: false }
  }
  if (!isolated && judgedBy.isToldDead && (refused || strikes >= STRIKES_IF_TOLD + Math.ceil(judgedBy.slowness)) && isAskedAbout(row))
    return { type: 'goes', row: { ...row, latency, strikes } }
  const isJudgedAlone = !judgedBy.canAsk || !isAskedAbout(row)
  if (isJudgedAlone || (refused && row.reachedBy.length === 0)) {
    if (strikes >= STRIKES_TO_REMOVE) return { type: 'goes', row: { ...row, latency, strikes } }
    const suspicion = row.suspicion ?? (isAskedAbout(row) && row.state !== 'unknown' ? { sinceMs: wallMs, by: [] } : null)
    const state = row.state === 'unknown' ? 'unknown' : 'suspect'
    return { type: 'stays', row: { ...row, latency, strikes, state, suspicion, reachedBy: [] }, isNewlySuspect: row.state === 'alive' }
  }
  const { suspicion } = row
  const hasLasted = suspicion !== null && wallMs - suspicion.sinceMs >= suspicionMs(suspicion.by.length, judgedBy)
  if (!isolated && hasLasted && strikes >= STRIKES_TO_REMOVE) return { type: 'goes', row: { ...row, latency, strikes } }
  // What was suspected while this node was cut off is suspected from the end of that on.
  const since = suspicion !== null && isolated ? { ...suspicion, sinceMs: wallMs } : suspicion
  return { type: 'stays', row: { ...row, latency, strikes, suspicion: since }, isNewlySuspect: false }
}

/**
 * An address that has proven nothing here is asked but rarely. Who is listed by others' word alone goes without being asked again where this
 * node has missed it once, two others have too, and it was suspected for as long as anybody.
 */
export const goesUnasked = ({ told, strikes, suspicion }: Row, wallMs: number, judgedBy: JudgedBy): boolean =>
  told !== undefined &&
  strikes > 0 &&
  suspicion !== null &&
  suspicion.by.length >= MISSED_BY_OTHERS &&
  wallMs - suspicion.sinceMs >= suspicionMs(0, judgedBy)

const MISSED_BY_OTHERS = 2

/**
 * Nobody listens on a machine where it was: its process is no more. At an address that it has only just told nobody has listened yet, and at
 * a TURN's it is the TURN that refuses: either is about the way there, and its owner tells another.
 */
const isOwnRefusal = ({ state, record: { via } }: Row): boolean => state !== 'unknown' && via === null

/** Others have it as a row too, under its id: listed here, or it has only moved. */
export const isAskedAbout = ({ state, record, stored, lastProofMs }: Row): boolean =>
  record.id !== null && stored === null && (state !== 'unknown' || lastProofMs !== null)

/** What became of asking others about a row that this node missed. */
export interface Looks {
  /** Ids of those who reached it, and of those who missed it. */
  readonly reachedBy: readonly string[]
  readonly missedBy: readonly string[]
}

/**
 * Others have looked. Null: that changes nothing, as where it answered meanwhile. Whom others reach is not suspected, and stays until they miss
 * it too; nobody's answer says nothing against that.
 */
export function afterLooks(row: Row, { reachedBy, missedBy }: Looks, wallMs: number): Row | null {
  if (row.strikes === 0) return null
  if (reachedBy.length > 0) {
    const state = row.state === 'unknown' ? 'unknown' : 'alive'
    return { ...row, state, suspicion: null, reachedBy: state === 'unknown' ? [] : reachedBy }
  }
  if (row.reachedBy.length > 0 && missedBy.length === 0) return null
  const by = [...new Set([...(row.suspicion?.by ?? []), ...missedBy])]
  const state = row.state === 'unknown' ? 'unknown' : 'suspect'
  return { ...row, state, suspicion: { sinceMs: row.suspicion?.sinceMs ?? wallMs, by }, reachedBy: [] }
}

/**
 * It answered. `former`: the row by which the same server was known by its address alone, whose figures stay. `before`: as it was when it
 * went. How fast it is was measured before it went, or before this node was started: no reason to do so again.
 */
export function afterAnswer(
  { told: _told, wasTold: _wasTold, isUntimed: _isUntimed, ...row }: Row,
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
    suspicion: null,
    reachedBy: [],
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
