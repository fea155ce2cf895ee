// Rows of servers that are gone, that never answered in this run, or that turned out to be this node: how long each is remembered.

/** Servers that are away are shown as offline for this long. */
export const OFFLINE_FOR = 24 * 3_600_000
/** Removed rows remembered; the oldest makes room. */
export const MOST_GONE = 4_096
/** A row of the file that never answered in this run is given up when it was silent for this long while others answered. */
export const STORED_FOR = 24 * 3_600_000
/**
 * From one ping of it to the next; more than this of wall time between: the
 * machine slept or its clock was set, and nobody was silent.
 */
export const STORED_GAP = 2 * 3_600_000
/** It is asked again after 1 s, then twice that, and so on to this; after the first hour to `STORED_RETRY_LATE`. */
export const STORED_RETRY_LAST = 10_000
export const STORED_RETRY_LATE = 300_000
export const STORED_EAGER_FOR = 3_600_000
/** An address that turned out to be this node's own is not looked at again for this long. It may be somebody else's one day. */
export const MINE_FOR = 3_600_000
export const MOST_MINE = 64
/** A removed row is not believed again for this long, unless its owner says something newer or speaks to us itself. */
export const GONE_FOR = 60_000
/** A removed row is tried again by ourselves this often, so that a healed partition finds itself. */
export const REVISIT_FIRST = 5_000
export const REVISIT_LAST = 30_000
export const REVISIT_FOR = 3_600_000
