// How long a silent peer is only suspected, and whose word that it is dead counts: rules of SWIM with Lifeguard, for a network
// in which who tells may lie. Who acts by them is actors/membership/silent-peers.ts.
import { LOOKERS, SUSPICION_LEAST, SUSPICION_STRETCH } from './timings.ts'

/** A row that this node missed and that nobody who was asked could reach. */
export interface Suspicion {
  /** Wall time. */
  readonly sinceMs: number
  /** Ids of those who missed it too, each by a look of its own. */
  readonly by: readonly string[]
}

/** What a silence is judged by, beside the row. */
export interface JudgedBy {
  /** There are others who can be asked whether they reach it: its silence alone is no reason to suspect it. */
  readonly canAsk: boolean
  /** How many are listed, this node among them. */
  readonly members: number
  /** How much this node doubts itself, 0 to `MOST_SLOWNESS` (own-slowness.ts). */
  readonly slowness: number
  /** Enough members have signed that they missed it. */
  readonly isToldDead: boolean
}

/** Nobody is there to be asked: what this node sees decides. */
export const ALONE: JudgedBy = { canAsk: false, members: 1, slowness: 0, isToldDead: false }

/**
 * Ms that a row is suspected at least before it goes. Longer in a large network, as what refutes it takes
 * longer to come round; three times as long while nobody confirms it, and falling with the logarithm of
 * those who do (Lifeguard's rule; memberlist has six times).
 */
export function suspicionMs(confirmations: number, { canAsk, members, slowness }: Omit<JudgedBy, 'isToldDead'>): number {
  if (!canAsk) return 0
  const leastMs = SUSPICION_LEAST * Math.max(1, Math.log10(members))
  const expected = Math.max(1, Math.min(LOOKERS, members - 2))
  const lack = Math.max(0, 1 - Math.log(confirmations + 1) / Math.log(expected + 1))
  return leastMs * (1 + (SUSPICION_STRETCH - 1) * lack) * (1 + slowness)
}

/**
 * So many members have to have missed a row before their word that it is dead
 * counts: three, or all others where there are fewer, but two.
 */
export const witnessesNeeded = (members: number): number => Math.max(2, Math.min(3, members - 2))
