// On a fast path a receiver that is a few milliseconds late shows a wrong pace in many windows. Such a pace is doubted, and the line
// that arrivals touch (touching-line.ts) is believed in its place.
import type { Window } from './speed-windows.ts'
import { type Arrived, touchingLine } from './touching-line.ts'

/**
 * Between these rates a pace is doubted that was there for less than `CLEAR` of the time. Below them a few milliseconds do not
 * matter; above them both ends are programs of one machine.
 */
const LAG_MBPS = 200
const LAG_MOST_MBPS = 1_200
const CLEAR = 0.6
/**
 * A doubted pace gives way to a line that arrivals touch for `LINE_MS`. After `DOUBT_MS`, `LINE_LEAST_MS`
 * are enough; if there is no such line then, the pace stands.
 */
const LINE_MS = 120
const LINE_LEAST_MS = 60
const DOUBT_MS = 350
/** Lines are looked for between these shares of the pace. */
const LINE_LOW = 0.5
const LINE_HIGH = 1.1
/** Only so much of the past is looked at, which bounds what it costs. */
const LINE_PAST_MS = 500

export const isDoubted = (found: Window, pacedMs: number): boolean =>
  found.mbps >= LAG_MBPS && found.mbps <= LAG_MOST_MBPS && found.ms < CLEAR * pacedMs

interface Doubted {
  /** The pace that the windows show. */
  readonly found: Window
  /** It was there for long enough to be believed, were it not doubted. */
  readonly isHeld: boolean
  /** How long ago it first came to that pace, until now. */
  readonly pacedMs: number
  readonly nowMs: number
  /** A line is touched for at least this long, unless the doubt is over. */
  readonly leastMs: number
  /** The slowest window and the fastest. */
  readonly seenMbps: readonly [number, number]
}

/** What a doubted pace comes to. Null: nothing yet. */
export function settledDoubt(moments: readonly Arrived[], { found, isHeld, pacedMs, nowMs, leastMs, seenMbps }: Doubted): Window | null {
  const isOver = isHeld && pacedMs >= DOUBT_MS
  // Since it first came to that pace, and no longer ago than counts.
  const sinceMs = nowMs - Math.min(pacedMs, LINE_PAST_MS)
  const recent = moments.filter(({ ms }) => ms >= sinceMs)
  const line = touchingLine(recent, [found.mbps * LINE_LOW, found.mbps * LINE_HIGH])
  if (line === null || line.ms < (isOver ? LINE_LEAST_MS : Math.max(LINE_MS, leastMs))) return isOver ? found : null
  // The line is one of a grid, and may lie a little beside what the windows saw.
  const [slowest, fastest] = seenMbps
  return { ...found, mbps: Math.min(fastest, Math.max(slowest, line.mbps)), ms: line.ms }
}
