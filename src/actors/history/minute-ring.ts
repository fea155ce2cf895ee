// Minutes of many, in places that are used again every day: about 7 kB for each of them that was there all day, and 29 kB more for a service
// that was used.
import {
  foldMinute,
  HISTORY_MINUTES,
  HISTORY_SPEEDS,
  HISTORY_TRAFFIC,
  type MinuteState,
  type Passed,
  STATE_LETTERS,
  UNKNOWN,
} from '../../domain/history.ts'
import { Day } from './day.ts'

export type SeriesKind = 'node' | 'service' | 'peer'

export interface SpeedPoint {
  readonly atMs: number
  readonly downMbps: number | null
  readonly upMbps: number | null
}

/** What passed in each minute; null where that is not known. */
export type TrafficMinutes = Readonly<Record<keyof Passed, readonly (number | null)[]>>

/** What one has been through; the last letter and figure is of `MinuteRing.last`. */
export interface SeriesMinutes {
  readonly kind: SeriesKind
  readonly id: string
  readonly name: string
  /** A letter a minute, as `STATE_LETTERS` has them. */
  readonly states: string
  readonly rttMs: readonly (number | null)[]
  readonly jitterMs: readonly (number | null)[]
  readonly speeds: readonly SpeedPoint[]
  /** Null where nothing has passed within the day. */
  readonly traffic: TrafficMinutes | null
}

interface Series {
  name: string
  readonly states: Day<Uint8Array>
  /** Tenths of a millisecond and one; 0: none. */
  readonly rtt: Day<Uint16Array>
  readonly jitter: Day<Uint16Array>
  speeds: readonly SpeedPoint[]
  /** Made with the first that passes. */
  traffic: Readonly<Record<keyof Passed, Float64Array | Uint32Array>> | null
}

const MOST_TENTHS = 65_534
/** A clock that was set back by less is waited for. */
const PATIENCE = 5

const CODES: readonly MinuteState[] = [0, 1, 2, 3]
const packed = (ms: number | null): number => (ms === null ? 0 : Math.min(MOST_TENTHS, Math.max(0, Math.round(ms * 10))) + 1)
const unpacked = (value: number): number | null => (value === 0 ? null : (value - 1) / 10)
const PASSED = ['bytesIn', 'bytesOut', 'connections'] as const
const eachPassed = <T>(of: (key: keyof Passed) => T): Readonly<Record<keyof Passed, T>> => ({
  bytesIn: of('bytesIn'),
  bytesOut: of('bytesOut'),
  connections: of('connections'),
})
const isQuiet = (traffic: Series['traffic']): boolean => traffic !== null && PASSED.every((key) => traffic[key].every((one) => one === 0))
/** Nothing may have passed in a minute, or nobody looked. */
const counted = (value: number, state: number): number | null => (value === 0 && state === UNKNOWN ? null : value)
const slotOf = (minute: number): number => ((minute % HISTORY_MINUTES) + HISTORY_MINUTES) % HISTORY_MINUTES

export class MinuteRing {
  readonly #series = new Map<string, Series>()
  #last: number

  constructor(minute: number) {
    this.#last = minute
  }

  /** The minute that is written to. */
  get last(): number {
    return this.#last
  }

  /** Minutes that were missed are unknown. */
  advance(minute: number): void {
    if (minute < this.#last && this.#last - minute < PATIENCE) return
    const [from, to] = minute > this.#last ? [this.#last + 1, minute] : [minute + 1, this.#last]
    for (let at = Math.max(from, to - HISTORY_MINUTES + 1); at <= to; at++) this.#clear(slotOf(at))
    for (const series of this.#series.values()) if (isQuiet(series.traffic)) series.traffic = null
    if (minute !== this.#last) for (const [key, { states }] of this.#series) if (states.isEmpty()) this.#series.delete(key)
    this.#last = minute
  }

  see(kind: SeriesKind, id: string, name: string, state: MinuteState): void {
    const series = this.#of(kind, id, name)
    const slot = slotOf(this.#last)
    series.states.set(slot, foldMinute(CODES[series.states.at(slot)] ?? UNKNOWN, state))
  }

  measure(kind: SeriesKind, id: string, name: string, figures: { readonly rttMs: number | null; readonly jitterMs: number | null }): void {
    const series = this.#of(kind, id, name)
    const slot = slotOf(this.#last)
    if (figures.rttMs === null) return
    series.rtt.set(slot, packed(figures.rttMs))
    series.jitter.set(slot, packed(figures.jitterMs))
  }

  /** Kept once for each moment. */
  speed(kind: SeriesKind, id: string, name: string, point: SpeedPoint): void {
    const series = this.#of(kind, id, name)
    if (series.speeds.at(-1)?.atMs !== point.atMs) series.speeds = [...series.speeds, point].slice(-HISTORY_SPEEDS)
  }

  /** What passed for a service since it was told last. Nothing is kept of it where so many others have theirs already. */
  pass(id: string, name: string, passed: Passed): void {
    if (passed.bytesIn + passed.bytesOut + passed.connections === 0) return
    const traffic = this.#trafficOf(this.#of('service', id, name))
    if (traffic === null) return
    const slot = slotOf(this.#last)
    for (const key of PASSED) traffic[key][slot] = (traffic[key][slot] ?? 0) + passed[key]
  }

  ids(kind: SeriesKind): readonly string[] {
    return [...this.#series.keys()].flatMap((key) => (key.startsWith(`${kind} `) ? [key.slice(kind.length + 1)] : []))
  }

  drop(kind: SeriesKind, id: string): void {
    this.#series.delete(`${kind} ${id}`)
  }

  /** The newest `minutes` of each, in the order they were first seen. */
  list(minutes = HISTORY_MINUTES): readonly SeriesMinutes[] {
    const count = Math.min(minutes, HISTORY_MINUTES)
    const slots = Array.from({ length: count }, (_, i) => slotOf(this.#last - count + 1 + i))
    const fromMs = (this.#last - count + 1) * 60_000
    return [...this.#series].flatMap(([key, { name, states, rtt, jitter, speeds, traffic }]) => {
      const [kind = '', id = ''] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)]
      return kind === 'node' || kind === 'service' || kind === 'peer'
        ? [
            {
              ...{ kind, id, name, states: slots.map((slot) => STATE_LETTERS[states.at(slot)] ?? '.').join('') },
              rttMs: slots.map((slot) => unpacked(rtt.at(slot))),
              jitterMs: slots.map((slot) => unpacked(jitter.at(slot))),
              speeds: speeds.filter(({ atMs }) => atMs >= fromMs),
              traffic: traffic && eachPassed((key) => slots.map((slot) => counted(traffic[key][slot] ?? 0, states.at(slot)))),
            },
          ]
        : []
    })
  }

  /** What an earlier run kept, its newest minute being `minute`. */
  restore({ kind, id, name, states, rttMs, jitterMs, speeds, traffic }: SeriesMinutes, minute: number): void {
    const series = this.#of(kind, id, name)
    series.speeds = speeds.slice(-HISTORY_SPEEDS)
    const passed = traffic === null ? null : this.#trafficOf(series)
    for (let back = 0; back < Math.min(HISTORY_MINUTES, states.length); back++) {
      const at = minute - back
      if (at > this.#last || at <= this.#last - HISTORY_MINUTES) continue
      const index = states.length - 1 - back
      series.states.set(slotOf(at), Math.max(0, STATE_LETTERS.indexOf(states[index] ?? '.')))
      series.rtt.set(slotOf(at), packed(rttMs[index] ?? null))
      series.jitter.set(slotOf(at), packed(jitterMs[index] ?? null))
      if (passed && traffic) for (const key of PASSED) passed[key][slotOf(at)] = traffic[key][index] ?? 0
    }
  }

  #of(kind: SeriesKind, id: string, name: string): Series {
    const key = `${kind} ${id}`
    const known = this.#series.get(key)
    if (known) {
      known.name = name
      return known
    }
    const made = {
      name,
      states: new Day((minutes) => new Uint8Array(minutes)),
      rtt: new Day((minutes) => new Uint16Array(minutes)),
      jitter: new Day((minutes) => new Uint16Array(minutes)),
      speeds: [],
      traffic: null,
    }
    this.#series.set(key, made)
    return made
  }

  #trafficOf(series: Series): Series['traffic'] {
    if (series.traffic !== null) return series.traffic
    const count = [...this.#series.values()].filter(({ traffic }) => traffic !== null).length
    if (count >= HISTORY_TRAFFIC) return null
    series.traffic = {
      bytesIn: new Float64Array(HISTORY_MINUTES),
      bytesOut: new Float64Array(HISTORY_MINUTES),
      connections: new Uint32Array(HISTORY_MINUTES),
    }
    return series.traffic
  }

  #clear(slot: number): void {
    for (const { states, rtt, jitter, traffic } of this.#series.values()) {
      states.set(slot, UNKNOWN)
      rtt.set(slot, 0)
      jitter.set(slot, 0)
      if (traffic) for (const key of PASSED) traffic[key][slot] = 0
    }
  }
}
