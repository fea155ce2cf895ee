// How far this node doubts itself (Lifeguard's local health): a node that is slow, or whose own link loses much, misses answers
// that were given. What it suspects then it suspects for longer.

/** As memberlist has it: timers are at most eight times as long. */
export const MOST_SLOWNESS = 7
/** An answer in time speaks for this node: where it misses one of ten by itself its doubt grows. */
const RELIEF = 0.125
/** A timer that is later than this was held up by this node: it stood still, or had too much to do itself. */
const LATE_MS = 500
/** Each fifth of the time in which this process would run and waits for a processor counts as one missed answer: it is held up itself. */
const WAITED_SHARE = 0.2

/** A peer answered in time. */
export const afterAnswerInTime = (slowness: number): number => Math.max(0, slowness - RELIEF)

/** Others reach whom this node missed, or nobody of those who were asked about it answered. */
export const afterOwnMiss = (slowness: number): number => Math.min(MOST_SLOWNESS, slowness + 1)

/** A timer of `plannedMs` ended after `tookMs`. */
export const afterTimer = (slowness: number, plannedMs: number, tookMs: number): number =>
  tookMs - plannedMs > LATE_MS ? afterOwnMiss(slowness) : slowness

/** While it waits for a processor for that share of the time, 0 to 1. */
export const whileCrowded = (slowness: number, waitedShare: number): number =>
  Math.min(MOST_SLOWNESS, slowness + waitedShare / WAITED_SHARE)
