// Finding others, and how this node itself is reached and placed.

/** Seeds are tried again between these, with full jitter. They are never given up. */
export const SEED_RETRY_FIRST = 60
export const SEED_RETRY_LAST = 15_000
export const HELLO_TIMEOUT = 4_000
/**
 * What a hello proved counts for nothing after this: the process may have stood still meanwhile. Longer than a hello and an
 * exchange together.
 */
export const HELLO_FRESH = 10_000
/** A person is told of a seed that has not answered by then. */
export const SEED_PATIENCE = 1_500
/** A dial back to the one who asks; below `HELLO_TIMEOUT`, since it happens inside its answer. */
export const DIAL_BACK_TIMEOUT = 2_000
/** How this node is reached is checked again this often, and sooner while it is not known. */
export const REACH_PERIOD = 20_000
export const REACH_PERIOD_UNKNOWN = 2_000
/** A peer that has just been asked, or has just said where it reached this node, is not asked for a second opinion. */
export const ASKED_AGAIN = 10_000
/** Peers asked at once to connect back. */
export const ASKED_AT_ONCE = 2
/**
 * Who has not answered within this holds up nobody: another is asked beside it. Loss and slow paths cost a handshake seconds, and an address
 * is believed by two. So many are waited for at the most.
 */
export const ASKED_LATE = 600
export const ASKED_MOST = 6
/** A node that has lost its address needs two who reach it at the new one, surely: so many are asked at once, and others sooner. */
export const ASKED_AT_ONCE_MOVED = 5
export const ASKED_LATE_MOVED = 250
export const ASKED_MOST_MOVED = 16
/** For so long. Who has reached nobody by then asks as one does that has just started. */
export const MOVED_HASTE = 10_000
/** How often this machine's own addresses are looked at. With that, a change of address has its consequences within 5 s. */
export const ADDRESS_WATCH = 2_000
/** And beside requests, where one has failed within `ADDRESS_TROUBLE`: so far apart at the least. */
export const ADDRESS_GAP = 300
export const ADDRESS_TROUBLE = 10_000
/** A second process with this node's key is looked for again this often, until it is gone. */
export const TWIN_RECHECK = 30_000
/** A node's coordinate is in its signed word from then on, and a later one at most this often: every word goes to everybody. */
export const PLACE_FIRST = 60_000
export const PLACE_PERIOD = 600_000
/** How long discovery may wait for seeds' tables before probing starts with what is there. */
export const DISCOVER_TIMEOUT = 5_000
/** How long the first round of pings may hold up the choice. Above `PROBE_TIMEOUT`: one silent peer must not decide. */
export const FIRST_PROBES_TIMEOUT = 2_500
