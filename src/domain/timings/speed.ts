// Speed tests: what one may take, and when the next is made.

/** One way of a speed test lasts at most this long, over so many connections at once, and each carries at most this much. */
export const SPEED_MAX_MS = 3_800
export const SPEED_STREAMS = 4
export const SPEED_STREAM_BYTES = 16 * 1024 * 1024
/** So long one stream is watched, where it matters how fast a single connection is. */
export const SUSTAINED_MS = 2_000
/** A whole test: both ways, and the handshakes of its connections. The serving node ends it then. */
export const SPEED_TEST_MS = 10_000
/** The serving node takes a test for over when nothing of it is under way for so long. Longer than any path's round trip. */
export const SPEED_PAUSE_MS = 2_000
/** No test begins before the table has been the same for this long. */
export const SPEED_CALM = 1_000
/** A node that carries more than this, all services and both ways together (a megabit), is busy: it begins no speed test by itself. */
export const SPEED_BUSY_BYTES_PER_SECOND = 125_000
/** Figures of those that may become this node's TURN are measured again after this; of all others after `SPEED_STALE_OTHERS`. */
export const SPEED_STALE = 6 * 3_600_000
export const SPEED_STALE_OTHERS = 24 * 3_600_000
/** A test that failed is tried again after this. */
export const SPEED_RETRY = 30 * 60_000
