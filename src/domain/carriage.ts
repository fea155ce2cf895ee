// Whether a TURN carries as well as its pings say.

/** Above what a new channel to itself costs through a TURN that is as near as its ping: eight of its round trips and a second. */
const ROUND_TRIPS = 8
const GRACE_MS = 1_000
/** So many proofs in a row that took too long: one may have met a lost packet. */
export const SLOW_PROOFS = 3

/**
 * A request of this node's own took `proofMs` to the public address and back,
 * while the TURN answers pings in `pingMs` (null: not known).
 */
export const isCarriedBadly = (proofMs: number, pingMs: number | null): boolean =>
  pingMs !== null && proofMs > GRACE_MS + ROUND_TRIPS * pingMs
