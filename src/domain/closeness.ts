// How closely a row is looked at. Four requests a look would be four times the traffic and the work of everybody's neighbours, so they
// are kept for what is decided now: whether a newcomer is near, and which TURN to have or to move to; and, now and then, for those near by,
// whose latency people read. A TURN that is known is judged by the least of five minutes, which sixty single looks say as well.
import type { Row } from './ip-table.ts'
import { BURST_PERIOD, QUIET_STRETCH } from './timings.ts'

/**
 * `burst`: a first request to warm the connection, then the best of three. `look`: one request on a connection that is warm.
 * `thorough`: the best of eight, which a person waits for: beside traffic that this node carries the best of three is 3 ms too long at
 * p90, that of eight 0.8 ms.
 */
export type Closeness = 'burst' | 'look' | 'thorough'

/** So many of the nearest may become this node's TURN. */
const CANDIDATES = 8
/** Fewer values than this tell little: it is a newcomer. */
const FEW_VALUES = 3
/** Half of what a move to another TURN has to gain (turn-choice.ts). */
const ALMOST_MS = 5
const ALMOST_SHARE = 5 / 6

export interface ClosenessFacts {
  /** Which TURN this node has may hang on how near that one is. */
  readonly isDeciding: boolean
  /** It is among the few that this node looks at closely. */
  readonly isClose: boolean
  /** Nothing has happened for a while (domain/quiet.ts). */
  readonly isQuiet: boolean
  readonly wallMs: number
}

export function closenessOf(
  { state, latency }: Pick<Row, 'state' | 'latency'>,
  { isDeciding, isClose, isQuiet, wallMs }: ClosenessFacts,
): Exclude<Closeness, 'thorough'> {
  const isDue = isClose && Math.abs(wallMs - (latency.burstAtMs ?? 0)) >= BURST_PERIOD * (isQuiet ? QUIET_STRETCH : 1)
  return isDeciding || isDue || state !== 'alive' || latency.samplesMs.length < FEW_VALUES ? 'burst' : 'look'
}

/** Whether a TURN is so much nearer than the one in use that it may soon be moved to, by the least of what was measured lately. */
export const isAlmostBetter = (candidateMs: number, currentMs: number): boolean =>
  currentMs - candidateMs >= ALMOST_MS && candidateMs <= currentMs * ALMOST_SHARE

/** The keys of those among which this node's TURN will be: the nearest that offer to be one and are reached without one. */
export function turnCandidates(rows: Iterable<Row>, self: string): ReadonlySet<string> {
  const nearest: { readonly key: string; readonly rttMs: number }[] = []
  for (const { key, state, record, latency } of rows) {
    const rttMs = latency.rttMs ?? Number.POSITIVE_INFINITY
    const last = nearest.at(-1)
    if (key === self || state !== 'alive' || !record.offersTurn || record.via !== null) continue
    if (nearest.length === CANDIDATES && last !== undefined && last.rttMs <= rttMs) continue
    nearest.push({ key, rttMs })
    nearest.sort((a, b) => a.rttMs - b.rttMs)
    nearest.length = Math.min(nearest.length, CANDIDATES)
  }
  return new Set(nearest.map(({ key }) => key))
}
