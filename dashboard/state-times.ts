// How often and for how long a machine was in each of its states, by the entries that the page knows.
import type { Entry } from '../src/feed/news.ts'

export type StateNews = Extract<Entry, { type: 'state.entered' }>

export interface StateTime {
  readonly state: string
  readonly times: number
  readonly totalMs: number
  /** Since when it is in this state; null: it is not. */
  readonly sinceMs: number | null
}

/** Entries of one machine, and of one instance or all. */
export const entriesOf = (news: readonly Entry[], machine: string, instance: string | null): readonly StateNews[] =>
  news.filter(
    (entry): entry is StateNews =>
      entry.type === 'state.entered' && entry.machine === machine && (instance === null || entry.instance === instance),
  )

/** In the order in which they were entered first. What began before the first entry is not counted. */
export function stateTimes(entries: readonly StateNews[], nowMs: number): readonly StateTime[] {
  const figures = new Map<string, { times: number; totalMs: number; sinceMs: number | null }>()
  const open = new Map<string, { readonly state: string; readonly atMs: number }>()
  for (const { instance, state, from, at } of entries) {
    const atMs = Date.parse(at)
    const left = open.get(`${instance} ${from}`)
    const leftFigure = left && figures.get(left.state)
    if (left && leftFigure) leftFigure.totalMs += atMs - left.atMs
    open.delete(`${instance} ${from}`)
    open.set(`${instance} ${state}`, { state, atMs })
    const figure = figures.get(state) ?? { times: 0, totalMs: 0, sinceMs: null }
    figure.times += 1
    figures.set(state, figure)
  }
  for (const { state, atMs } of open.values()) {
    const figure = figures.get(state)
    if (!figure) continue
    figure.totalMs += Math.max(0, nowMs - atMs)
    figure.sinceMs = Math.min(figure.sinceMs ?? atMs, atMs)
  }
  return [...figures].map(([state, figure]) => ({ state, ...figure }))
}
