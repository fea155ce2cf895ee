// A peer that is silent: when others are asked about it, and when it goes.

/** A row is removed after so many failed bursts in a row: one lost packet must not remove anybody. */
export const STRIKES_TO_REMOVE = 3
/** After so many, where enough others have signed that it is dead. The first leaves time for its own word to arrive. */
export const STRIKES_IF_TOLD = 2
/** A suspect is asked again after this; after a refusal, which is a fact and not a loss, sooner. */
export const SUSPECT_RETRY = 1_000
export const REFUSED_RETRY = 300
/** So many others are asked to look for themselves at a peer that this node missed (SWIM's k). */
export const LOOKERS = 3
/** They answer within this: their own look takes `PROBE_TIMEOUT` at the most. */
export const LOOK_TIMEOUT = 3_000
/** Rounds of such asks: so many at once, and then so many a second. Beyond that this node's own next look comes first. */
export const LOOK_ROUNDS_BURST = 8
export const LOOK_ROUNDS_PER_SECOND = 2
/** For one asker so many looks are made at once, and then so many a second. */
export const LOOKS_FOR_ONE_BURST = 32
export const LOOKS_FOR_ONE_PER_SECOND = 4
/**
 * A suspect goes after this at the earliest; longer by the logarithm of the
 * network's size. Of the order of `STRIKES_TO_REMOVE` looks.
 */
export const SUSPICION_LEAST = 2_000
/** So many times as long while nobody else has missed it. */
export const SUSPICION_STRETCH = 3
/** What others signed about a dead peer counts for this long, by this node's clock. */
export const WITNESS_COUNTS = 10 * 60_000
/** A peer that others reach and this node does not is tried again after 1 s, then after twice that, and so on up to this. */
export const REACHED_BY_OTHERS_LAST = 15_000
/** Against a suspicion of itself this node says that it lives, at most this often. */
export const REFUTE_GAP = 10_000
