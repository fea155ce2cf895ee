// The last day by the minute, as a bar and as a story: what is drawn, which gaps there were, and what happened around each.
import type { HistoryAnswer, HistorySeries, HistoryTraffic } from '../src/answers.ts'

/** What `GET /api/history` answers, as far as the page reads it. */
export interface DayHistory extends Pick<HistoryAnswer, 'from' | 'minutes'> {
  readonly series: readonly DaySeries[]
  readonly events: readonly DayEvent[]
}

export type DaySeries = Pick<HistorySeries, 'kind' | 'id' | 'name' | 'states' | 'upPct' | 'rttMs' | 'jitterMs' | 'speeds' | 'traffic'>

export type DayEvent = Pick<HistoryAnswer['events'][number], 'at' | 'text'>

/** A stretch of a bar that looks the same: from cell `from` up to `end`. */
export interface Stretch {
  readonly letter: string
  readonly from: number
  readonly end: number
}

/** A minute that was not up must be seen however many minutes a cell has: the worst letter is the cell's. */
const WORST = ['a', 'd', 'u', '.'] as const

/** `count` cells for so many minutes; what is not known at the beginning is `.`. */
export function stretches(states: string, minutes: number, count: number): readonly Stretch[] {
  const padded = states.padStart(minutes, '.').slice(-minutes)
  const found: Stretch[] = []
  for (let cell = 0; cell < count; cell++) {
    const from = Math.floor((cell * minutes) / count)
    const part = padded.slice(from, Math.max(from + 1, Math.floor(((cell + 1) * minutes) / count)))
    const letter = WORST.find((one) => part.includes(one)) ?? '.'
    const last = found.at(-1)
    if (last?.letter === letter) found[found.length - 1] = { ...last, end: cell + 1 }
    else found.push({ letter, from: cell, end: cell + 1 })
  }
  return found
}

export interface Gap {
  /** The worst of it. */
  readonly letter: 'a' | 'd'
  readonly fromMs: number
  readonly minutes: number
  /** What happened in it and just before and after, oldest first. */
  readonly events: readonly DayEvent[]
}

const MINUTE_MS = 60_000
/** What led to a gap, and what ended it, may stand in the neighbouring minutes. */
const AROUND_MS = 90_000
const MOST_EVENTS = 30

/** Times that were not up, the newest first. */
export function gapsOf(
  { states }: Pick<DaySeries, 'states'>,
  { from, minutes, events }: Pick<DayHistory, 'from' | 'minutes' | 'events'>,
): readonly Gap[] {
  // The list ends with the newest minute, and may begin late.
  const firstMs = Date.parse(from) + (minutes - states.length) * MINUTE_MS
  return [...states.matchAll(/[ad]+/g)]
    .map(({ 0: letters, index }): Gap => {
      const fromMs = firstMs + index * MINUTE_MS
      const [sinceMs, untilMs] = [fromMs - AROUND_MS, fromMs + letters.length * MINUTE_MS + AROUND_MS]
      const around = events.filter(({ at }) => Date.parse(at) >= sinceMs && Date.parse(at) < untilMs).slice(0, MOST_EVENTS)
      return { letter: letters.includes('a') ? 'a' : 'd', fromMs, minutes: letters.length, events: around }
    })
    .toReversed()
}

/** A day with its newest minutes put in place: `later` was asked for after `before`, for fewer minutes. */
export function withLater(before: DayHistory, later: DayHistory): DayHistory {
  const shiftedMinutes = Math.round((Date.parse(later.from) - Date.parse(before.from)) / MINUTE_MS) + later.minutes - before.minutes
  if (shiftedMinutes < 0 || shiftedMinutes > later.minutes) return later
  const old = new Map(before.series.map((series) => [`${series.kind} ${series.id}`, series]))
  const fresh = Math.max(1, shiftedMinutes + 1)
  const joined = <T>(was: readonly T[], now: readonly T[]): readonly T[] =>
    [...was.slice(0, was.length - 1), ...now.slice(-fresh)].slice(-before.minutes)
  const from = new Date(Date.parse(before.from) + shiftedMinutes * MINUTE_MS).toISOString()
  return {
    from,
    minutes: before.minutes,
    series: later.series.map((now) => {
      const was = old.get(`${now.kind} ${now.id}`)
      if (!was) return now
      const states = joined([...was.states], [...now.states]).join('')
      const known = new Set(now.speeds.map(({ at }) => at))
      const speeds = [...was.speeds.filter(({ at }) => at >= from && !known.has(at)), ...now.speeds]
      const figures = {
        rttMs: joined(was.rttMs, now.rttMs),
        jitterMs: joined(was.jitterMs, now.jitterMs),
        speeds,
        traffic: trafficOf(was, now, joined),
      }
      return { ...now, ...figures, states, upPct: upPct(states) }
    }),
    events: [...before.events.filter(({ at }) => at < (later.events[0]?.at ?? '9')), ...later.events],
  }
}

type Joined = (was: readonly (number | null)[], now: readonly (number | null)[]) => readonly (number | null)[]

/** Nothing had passed yet in the one, or has in the newest minutes. */
function trafficOf(was: DaySeries, now: DaySeries, joined: Joined): HistoryTraffic | null {
  if (was.traffic === null && now.traffic === null) return null
  const figures = ({ states, traffic }: DaySeries, key: keyof HistoryTraffic) =>
    traffic?.[key] ?? [...states].map((letter) => (letter === '.' ? null : 0))
  const key = (name: keyof HistoryTraffic) => joined(figures(was, name), figures(now, name))
  return { bytesIn: key('bytesIn'), bytesOut: key('bytesOut'), connections: key('connections') }
}

/** Percent of the known minutes that it was not away, with one decimal. */
function upPct(states: string): number | null {
  const known = states.replaceAll('.', '').length
  return known === 0 ? null : Math.round(((known - states.split('a').length + 1) / known) * 1_000) / 10
}

/** A column for each value, one wide; the highest is `height`. What is little beside the most is seen as well. */
export function hillsPath(values: readonly (number | null)[], height: number): string {
  const most = Math.max(1, ...values.map((value) => value ?? 0))
  return values
    .flatMap((value, i) => {
      const high = Math.ceil(((value ?? 0) / most) * height)
      return high === 0 ? [] : [`M${i} ${height}v${-high}h1v${high}z`]
    })
    .join('')
}
