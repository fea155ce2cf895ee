// How closely a row is looked at. Four requests a look would be four times the traffic and the work of everybody's neighbours, so they
// are kept for what is decided by: whether a newcomer is near, and which TURN is the nearest.
import type { Row } from './ip-table.ts'

/** `burst`: a first request to warm the connection, then the best of three. `look`: one request on a connection that is warm. */
export type Closeness = 'burst' | 'look'

/** So many of the nearest may become this node's TURN. */
const CANDIDATES = 8
/** Fewer values than this tell little: it is a newcomer. */
const FEW_VALUES = 3

export const closenessOf = ({ state, latency }: Pick<Row, 'state' | 'latency'>, isCandidate: boolean): Closeness =>
  isCandidate || state !== 'alive' || latency.samplesMs.length < FEW_VALUES ? 'burst' : 'look'

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
