// Rows of servers that are gone, that never answered in this run, or that turned out to be this node: how long each is remembered.

/** Servers that are away are shown as offline for this long. */
export const OFFLINE_FOR = 24 * 3_600_000
/** Removed rows remembered; the oldest makes room. */
export const MOST_GONE = 4_096
/** A row of the file that has not answered in this run is given up after this long, if others answered meanwhile. */
export const STORED_FOR = 24 * 3_600_000
/**
 * Where more wall time than this lies between two pings of such a row, the machine slept or its clock was set. That time does not
 * count as silence.
 */
export const STORED_GAP = 2 * 3_600_000
/** Such a row is asked again after 1 s, then after twice that, and so on up to this; after the first hour up to `STORED_RETRY_LATE`. */
export const STORED_RETRY_LAST = 10_000
export const STORED_RETRY_LATE = 300_000
export const STORED_EAGER_FOR = 3_600_000
/** An address that turned out to be this node's own is not looked at again for this long. It may be somebody else's one day. */
export const MINE_FOR = 3_600_000
export const MOST_MINE = 64
/** A removed row is not believed again for this long, unless its owner says something newer or speaks to us itself. */
export const GONE_FOR = 60_000
/** A removed row is tried again by this node itself, so that two halves of a network find each other again. */
export const REVISIT_FIRST = 5_000
export const REVISIT_LAST = 30_000
export const REVISIT_FOR = 3_600_000
