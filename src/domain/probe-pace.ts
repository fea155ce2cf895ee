// When a row is pinged next.
import type { Row } from './ip-table.ts'
import {
  CLOSE_PERIOD,
  ISOLATED_PER_SECOND,
  ISOLATED_RETRY,
  P2PRC_PERIOD,
  PROBE_PERIOD,
  PROBES_PER_SECOND,
  QUIET_PERIOD_MOST,
  QUIET_STRETCH,
  REACHED_BY_OTHERS_LAST,
  REFUSED_RETRY,
  ROUND_PER_SECOND,
  STORED_EAGER_FOR,
  STORED_PER_SECOND,
  STORED_RETRY_LAST,
  STORED_RETRY_LATE,
  SUSPECT_RETRY,
  WATCHED_WHOLE,
  WITHHELD_RETRY,
} from './timings.ts'

export interface ProbeCircumstances {
  /** Rows in the table: the larger it is, the rarer each is pinged, so that the cost is the same. */
  readonly rows: number
  /** It is one of the few that are looked at closely, however large the table is (focus.ts). */
  readonly isClose: boolean
  /** It was pinged for the first time since this node was started. */
  readonly isFirst: boolean
  /** The last ping was refused, which is a fact and not a loss. */
  readonly refused: boolean
  /** This node's own link is in doubt. */
  readonly isolated: boolean
  /** Nothing has happened for a while (domain/quiet.ts). */
  readonly isQuiet: boolean
  /** How long a row of the file has been silent while others answered. */
  readonly silentForMs: number
}

/** Ms until a row's next ping, 0.75 to 1.25 of what the rules say; in a large table anything up to that after the first. `fraction` in [0, 1). */
export function nextProbeMs(
  { strikes, stored, record, reachedBy }: Pick<Row, 'strikes' | 'stored' | 'record' | 'reachedBy'>,
  { rows, isClose, isFirst, refused, isolated, isQuiet, silentForMs }: ProbeCircumstances,
  fraction: number,
): number {
  const jitter = 0.75 + 0.5 * fraction
  const isLarge = rows > WATCHED_WHOLE
  const shareMs = (rows / (isLarge ? ROUND_PER_SECOND : PROBES_PER_SECOND)) * 1_000
  const storedShareMs = (rows / (isLarge ? ROUND_PER_SECOND : STORED_PER_SECOND)) * 1_000
  if (isolated && strikes > 0) return Math.max(ISOLATED_RETRY, (rows / ISOLATED_PER_SECOND) * 1_000) * jitter
  if (stored !== null && strikes > 0) {
    const last = silentForMs > STORED_EAGER_FOR ? STORED_RETRY_LATE : STORED_RETRY_LAST
    return Math.max(Math.min(last, SUSPECT_RETRY * 2 ** Math.min(strikes - 1, 20)), Math.min(storedShareMs, last)) * jitter
  }
  if (reachedBy.length > 0) return Math.min(REACHED_BY_OTHERS_LAST, SUSPECT_RETRY * 2 ** Math.min(strikes, 20)) * jitter
  if (strikes > 0) return (refused ? REFUSED_RETRY : SUSPECT_RETRY) * jitter
  const leastMs = record.id === null ? P2PRC_PERIOD : PROBE_PERIOD
  // All that were met at once would be looked at in one go again, and nobody else meanwhile, by all who met them then.
  if (isLarge && isFirst && !isClose) return Math.max(leastMs, shareMs * fraction)
  const briskMs = isLarge && isClose ? Math.max(leastMs, CLOSE_PERIOD) : Math.max(leastMs, shareMs)
  return (isQuiet ? inQuietMs(briskMs) : briskMs) * jitter
}

/** Ms between two looks in a quiet network, where they are `briskMs` apart else. */
export const inQuietMs = (briskMs: number): number => Math.max(briskMs, Math.min(briskMs * QUIET_STRETCH, QUIET_PERIOD_MOST))

/** Ms until a row is planned again that this node's own rules kept from being asked, for `retryMs` at least. `fraction` in [0, 1). */
export const withheldMs = (retryMs: number, fraction: number): number =>
  Math.min(retryMs + SUSPECT_RETRY * fraction, WITHHELD_RETRY * (0.75 + 0.5 * fraction))
