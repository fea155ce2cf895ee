// Which TURN a node should sit behind.

export interface TurnCandidate {
  /** The row's key, or `frp://host:port` for a stock frps from the configuration. */
  readonly key: string
  readonly id: string | null
  readonly name: string
  readonly address: string
  readonly kind: 'moonwalk' | 'p2prc' | 'frp'
  readonly rttMs: number | null
  readonly alive: boolean
  readonly offersTurn: boolean
  /** Reached through a TURN itself. */
  readonly behindNat: boolean
  /** Of a stock frps: why it can't be used, as its login or the network said. */
  readonly objection?: string
}

export interface TurnChoice {
  readonly turn: TurnCandidate
  /** For people: `least latency of 3: 1.2 ms; next birch 3.4 ms`. */
  readonly reason: string
}

/** What keeps a candidate from being chosen, or null. */
export function unfit(candidate: TurnCandidate, self: string): string | null {
  if (candidate.id === self) return 'it is this node'
  if (candidate.objection !== undefined) return candidate.objection
  if (!candidate.alive) return 'it does not answer'
  if (!candidate.offersTurn) return 'it does not offer TURN'
  if (candidate.behindNat) return 'it is behind NAT itself'
  if (candidate.rttMs === null) return 'its latency is not known'
  return null
}

/**
 * The fit candidate with the least latency; ties go to the lower key. Barred ones (they failed lately) come only when there
 * is no other: a TURN that failed once beats none.
 */
export function chooseTurn(candidates: readonly TurnCandidate[], self: string, barred: readonly string[]): TurnChoice | null {
  const fit = candidates.filter((candidate) => unfit(candidate, self) === null).sort(byLatency)
  const fresh = fit.filter(({ key }) => !barred.includes(key))
  const [turn, next] = fresh.length > 0 ? fresh : fit
  if (!turn) return null
  const ranked = fresh.length > 0 ? fresh.length : fit.length
  const others = ranked === 1 ? 'the only one' : `least latency of ${ranked}`
  const skipped = fresh.length > 0 && fresh.length < fit.length ? `; ${fit.length - fresh.length} left out since it failed lately` : ''
  return { turn, reason: `${others}: ${shown(turn)}${next ? `; next ${next.name} ${shown(next)}` : ''}${skipped}` }
}

const byLatency = (a: TurnCandidate, b: TurnCandidate): number => (a.rttMs ?? 0) - (b.rttMs ?? 0) || (a.key < b.key ? -1 : 1)
const shown = ({ rttMs }: TurnCandidate): string => `${(rttMs ?? 0).toFixed(rttMs !== null && rttMs < 10 ? 2 : 1)} ms`

/** A move must gain at least 10 ms and a third: latency differs by less from minute to minute (as others' relays found). */
export function isMuchBetter(candidate: number, current: number): boolean {
  return current - candidate >= 10 && candidate <= (current * 2) / 3
}
