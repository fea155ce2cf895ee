/** The least value of each of the last minutes. */
export interface RecentLeast {
  /** Whole minutes since 1970 of the last entry. */
  readonly minute: number
  /** The least of each minute up to `minute`, which is the last; Infinity where there was none. */
  readonly leastMs: readonly number[]
}

export const NO_RECENT_LEAST: RecentLeast = { minute: 0, leastMs: [] }

/**
 * Long enough that one lucky path counts, short enough that a path that
 * has become longer is believed (tailscale's netcheck: 5 min).
 */
const MINUTES = 5
const MINUTE_MS = 60_000

export function withValue(recent: RecentLeast, ms: number, wallMs: number): RecentLeast {
  const minute = Math.floor(wallMs / MINUTE_MS)
  const ago = minute - recent.minute
  // A clock that was set back makes a new start.
  if (ago < 0 || ago >= MINUTES || recent.leastMs.length === 0) return { minute, leastMs: [ms] }
  if (ago === 0) return { minute, leastMs: recent.leastMs.slice(0, -1).concat(Math.min(ms, recent.leastMs.at(-1) ?? ms)) }
  const gap = Array.from({ length: ago - 1 }, () => Number.POSITIVE_INFINITY)
  return { minute, leastMs: recent.leastMs.concat(gap, ms).slice(-MINUTES) }
}

/** The least of this minute and the four before it; null: there was none. */
export function leastOf({ minute, leastMs }: RecentLeast, wallMs: number): number | null {
  const ago = Math.max(0, Math.floor(wallMs / MINUTE_MS) - minute)
  const least = Math.min(...leastMs.slice(Math.max(0, leastMs.length + ago - MINUTES)))
  return Number.isFinite(least) ? least : null
}
