// Pings: how often, how many at once, and when this node's own link is in doubt.

/** One burst of pings may take this long; below `PROBE_PERIOD`, so that a silent peer never meets its next turn. */
export const PROBE_TIMEOUT = 2_000
/** In a small network each peer is pinged this often; less often where that would be more than `PROBES_PER_SECOND`. */
export const PROBE_PERIOD = 5_000
/** Whoever is looked at closely is asked several times at once this often, which says more truly how near it is, and once in between. */
export const BURST_PERIOD = 60_000
/**
 * Pings a second, where this node pings every row of its table: as many as in a larger one, so that a node costs the same in both. The
 * longest period that follows, 40 s, is below the 60 s after which the connection is closed: a new one costs six looks.
 */
export const PROBES_PER_SECOND = 1.5
/**
 * Where nobody came, went or moved for so long and no peer is silent, the network is quiet. Looks are further apart there, since
 * nothing is learnt from most of them: whose program ends is noticed by its connections, and the first miss makes all looks as frequent as they were.
 */
export const QUIET_AFTER = 45_000
/** So many times as far apart; rows by this at the most, so that their connections stand (60 s). */
export const QUIET_STRETCH = 3
export const QUIET_PERIOD_MOST = 45_000
/** Rows of the file that are silent are tried again by so many a second: after a night it matters how soon the table is whole. */
export const STORED_PER_SECOND = 3
/**
 * With more rows than this, all nodes share the work (as in SWIM): this node pings a few rows often, and one of the others
 * a second, each on a new connection. With fewer, whoever does not hear of a death finds it much later by its own look.
 */
export const WATCHED_WHOLE = 48
export const ROUND_PER_SECOND = 0.25
export const CLOSE_PERIOD = 10_000
/** The schedule's one tick. */
export const PROBE_TICK = 100
/** Bursts of pings under way at once. With so many, a few silent peers (each takes `PROBE_TIMEOUT`) delay no other. */
export const PROBES_AT_ONCE = 16
/** So many of these for rows that are only heard of. The others are left for those that have answered before. */
export const PROBES_HEARD_AT_ONCE = 12
/** Pings of all kinds: so many may begin at once, which is everybody in a small network, and then so many a second. */
export const PROBE_BURST = 256
export const PROBES_PER_SECOND_MOST = 32
/** The same address is not pinged twice within this: the first answer counts for both who wanted it. */
export const PROBE_GAP = 150
/** So many silent peers, with no answer from anybody since, and more than half of all: this node's own link is in doubt. */
export const ISOLATED_PEERS = 3
/** So many are enough in a table of any size: half of a large one is not asked before the first of them would be removed. */
export const ISOLATED_PEERS_ANY = 8
/** While it is, everybody is asked this often, so that the table is whole again soon after the link is. */
export const ISOLATED_RETRY = 500
/** So many of them a second at the most: the first that answers has all the others asked at once. */
export const ISOLATED_PER_SECOND = 8
