// Minutes of many, in places that are used again every day: about 7 kB for each of them.
import { foldMinute, HISTORY_MINUTES, HISTORY_SPEEDS, type MinuteState, STATE_LETTERS, UNKNOWN } from '../../domain/history.ts'

export type SeriesKind = 'node' | 'service' | 'peer'

export interface SpeedPoint {
  readonly atMs: number
  readonly downMbps: number | null
  readonly upMbps: number | null
}

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
}

interface Series {
  name: string
  readonly states: Uint8Array
  /** Tenths of a millisecond and one; 0: none. */
  readonly rtt: Uint16Array
  readonly jitter: Uint16Array
  speeds: readonly SpeedPoint[]
}

const MOST_TENTHS = 65_534
/** A clock that was set back by less is waited for. */
const PATIENCE = 5

const CODES: readonly MinuteState[] = [0, 1, 2, 3]
const packed = (ms: number | null): number => (ms === null ? 0 : Math.min(MOST_TENTHS, Math.max(0, Math.round(ms * 10))) + 1)
const unpacked = (value: number): number | null => (value === 0 ? null : (value - 1) / 10)
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
    if (minute !== this.#last)
      for (const [key, { states }] of this.#series) if (states.every((state) => state === UNKNOWN)) this.#series.delete(key)
    this.#last = minute
  }

  see(kind: SeriesKind, id: string, name: string, state: MinuteState): void {
    const series = this.#of(kind, id, name)
    const slot = slotOf(this.#last)
    series.states[slot] = foldMinute(CODES[series.states[slot] ?? 0] ?? UNKNOWN, state)
  }

  measure(kind: SeriesKind, id: string, name: string, figures: { readonly rttMs: number | null; readonly jitterMs: number | null }): void {
    const series = this.#of(kind, id, name)
    const slot = slotOf(this.#last)
    if (figures.rttMs === null) return
    series.rtt[slot] = packed(figures.rttMs)
    series.jitter[slot] = packed(figures.jitterMs)
  }

  /** Kept once for each moment. */
  speed(kind: SeriesKind, id: string, name: string, point: SpeedPoint): void {
    const series = this.#of(kind, id, name)
    if (series.speeds.at(-1)?.atMs !== point.atMs) series.speeds = [...series.speeds, point].slice(-HISTORY_SPEEDS)
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
    return [...this.#series].flatMap(([key, { name, states, rtt, jitter, speeds }]) => {
      const [kind = '', id = ''] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)]
      return kind === 'node' || kind === 'service' || kind === 'peer'
        ? [
            {
              ...{ kind, id, name, states: slots.map((slot) => STATE_LETTERS[states[slot] ?? 0] ?? '.').join('') },
              rttMs: slots.map((slot) => unpacked(rtt[slot] ?? 0)),
              jitterMs: slots.map((slot) => unpacked(jitter[slot] ?? 0)),
              speeds: speeds.filter(({ atMs }) => atMs >= fromMs),
            },
          ]
        : []
    })
  }

  /** What an earlier run kept, its newest minute being `minute`. */
  restore({ kind, id, name, states, rttMs, jitterMs, speeds }: SeriesMinutes, minute: number): void {
    const series = this.#of(kind, id, name)
    series.speeds = speeds.slice(-HISTORY_SPEEDS)
    for (let back = 0; back < Math.min(HISTORY_MINUTES, states.length); back++) {
      const at = minute - back
      if (at > this.#last || at <= this.#last - HISTORY_MINUTES) continue
      const index = states.length - 1 - back
      series.states[slotOf(at)] = Math.max(0, STATE_LETTERS.indexOf(states[index] ?? '.'))
      series.rtt[slotOf(at)] = packed(rttMs[index] ?? null)
      series.jitter[slotOf(at)] = packed(jitterMs[index] ?? null)
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
      states: new Uint8Array(HISTORY_MINUTES),
      rtt: new Uint16Array(HISTORY_MINUTES),
      jitter: new Uint16Array(HISTORY_MINUTES),
      speeds: [],
    }
    this.#series.set(key, made)
    return made
  }

  #clear(slot: number): void {
    for (const { states, rtt, jitter } of this.#series.values()) {
      states[slot] = UNKNOWN
      rtt[slot] = 0
      jitter[slot] = 0
    }
  }
}
