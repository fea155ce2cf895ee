// What automatic speed tests have used within the last day, both ways together, so that they stay within their budget.
import { SPEED_STREAM_BYTES, SPEED_STREAMS } from './timings.ts'

/** Bytes of one hour; the hour is counted from 1970 in wall time. */
export interface SpentHour {
  readonly hour: number
  readonly bytes: number
}

/** The hours of the last day in which anything was used, oldest first. */
export type SpeedSpending = readonly SpentHour[]

export const NOTHING_SPENT: SpeedSpending = []

/** Both ways of one test. */
const MOST_TEST_BYTES = 2 * SPEED_STREAMS * SPEED_STREAM_BYTES

export const HOUR_MS = 3_600_000
const DAY_HOURS = 24
/** As many are kept: those of a day, and one that has just begun. */
export const MOST_HOURS = DAY_HOURS + 1
/** Of the day's budget, so much within one hour at the most: a network that has just come together does not use up the day. */
const HOUR_SHARE = 1 / 4

const hourOf = (wallMs: number): number => Math.floor(wallMs / HOUR_MS)
const within = (spending: SpeedSpending, wallMs: number): SpeedSpending =>
  spending.filter(({ hour }) => hour > hourOf(wallMs) - DAY_HOURS && hour <= hourOf(wallMs))
const sum = (spending: SpeedSpending): number => spending.reduce((total, { bytes }) => total + bytes, 0)

/** After a test of so many bytes, whatever became of it. */
export function spent(spending: SpeedSpending, bytes: number, wallMs: number): SpeedSpending {
  const kept = within(spending, wallMs)
  const last = kept.at(-1)
  const hour = hourOf(wallMs)
  return last?.hour === hour ? [...kept.slice(0, -1), { hour, bytes: last.bytes + bytes }] : [...kept, { hour, bytes }]
}

/**
 * What was kept over a restart, with what was used since. Hours that are still to come, since the clock was set back, count as this
 * one. `damaged`: nobody knows what was used, so the day's budget counts as used now.
 */
export function restored(kept: SpeedSpending | 'damaged', since: SpeedSpending, bytesPerDay: number, wallMs: number): SpeedSpending {
  const hour = hourOf(wallMs)
  const known = kept === 'damaged' ? [{ hour, bytes: bytesPerDay }] : kept
  const sums = new Map<number, number>()
  for (const one of [...known, ...since]) {
    const at = Math.min(one.hour, hour)
    sums.set(at, (sums.get(at) ?? 0) + one.bytes)
  }
  return within(
    [...sums].map(([at, bytes]) => ({ hour: at, bytes })).sort((a, b) => a.hour - b.hour),
    wallMs,
  )
}

/** Bytes used within the last 24 hours, to the hour. */
export const spentBytes = (spending: SpeedSpending, wallMs: number): number => sum(within(spending, wallMs))

/**
 * Whether another test may begin: what it takes at the most has room in the day's budget. How much it will be nobody knows
 * before. A budget that is too small for that has room for one test while half of it is left.
 */
export function maySpend(spending: SpeedSpending, bytesPerDay: number, wallMs: number): boolean {
  const kept = within(spending, wallMs)
  const hasRoom = bytesPerDay > 0 && sum(kept) + Math.min(MOST_TEST_BYTES, bytesPerDay / 2) <= bytesPerDay
  return hasRoom && sum(kept.filter(({ hour }) => hour === hourOf(wallMs))) < bytesPerDay * HOUR_SHARE
}
