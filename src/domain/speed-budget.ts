// What automatic speed tests have used within the last day, both ways together, so that they stay within their budget.

/** Bytes of one hour; the hour is counted from 1970 in wall time. */
interface Hour {
  readonly hour: number
  readonly bytes: number
}

/** The hours of the last day in which anything was used, oldest first. */
export type SpeedSpending = readonly Hour[]

export const NOTHING_SPENT: SpeedSpending = []

const HOUR_MS = 3_600_000
const DAY_HOURS = 24
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

/** Bytes used within the last 24 hours, to the hour. */
export const spentBytes = (spending: SpeedSpending, wallMs: number): number => sum(within(spending, wallMs))

/** Whether another test may begin. It may go beyond the budget by its own bytes: how many that will be nobody knows before. */
export function maySpend(spending: SpeedSpending, bytesPerDay: number, wallMs: number): boolean {
  const kept = within(spending, wallMs)
  return sum(kept) < bytesPerDay && sum(kept.filter(({ hour }) => hour === hourOf(wallMs))) < bytesPerDay * HOUR_SHARE
}
