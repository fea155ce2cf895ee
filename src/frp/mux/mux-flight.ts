// How far the other end is behind. What a link's write confirms lies in two kernels' buffers, megabytes of it, and a small
// frame waits for all of that. While someone may be typing, pings behind the bulk tell how much of it was read: they are
// answered in the order of the bytes, by every yamux.
import type { FrpClock } from '../contract.ts'

/** For so long after a small piece its stream may be somebody typing. */
const TYPING_MS = 500
const MAX_TYPISTS = 64
/** Bulk beyond the last ping that is worth another one. */
const PROBE_BYTES = 64 << 10
const MAX_PROBES = 1024
/** Round trips remembered; the least of them is the path's own. */
const BASES = 8

export interface FlightLimits {
  /** Bytes sent and not read by the other end, while someone may be typing. */
  readonly sharedFlightBytes: number
  /** The same per millisecond of the path's own round trip, where that is more. */
  readonly sharedFlightBytesPerMs: number
  /** Paths longer than this are left alone: there it is the path that must be filled. 0: all are. */
  readonly nearRttMs: number
  /** A ping unanswered for so long says nothing, and nothing waits for it. */
  readonly flightTimeoutMs: number
}

/** Streams that carried a small piece lately, and no large one since. */
export class Typists {
  readonly #clock: FrpClock
  readonly #until = new Map<number, number>() // oldest first

  constructor(clock: FrpClock) {
    this.#clock = clock
  }

  small(id: number): void {
    this.#until.delete(id)
    for (const oldest of this.#until.keys()) {
      if (this.#until.size < MAX_TYPISTS) break
      this.#until.delete(oldest)
    }
    this.#until.set(id, this.#clock.now() + TYPING_MS)
  }

  large(id: number): void {
    if (this.#until.size > 0) this.#until.delete(id)
  }

  get any(): boolean {
    if (this.#until.size === 0) return false
    const now = this.#clock.now()
    for (const [id, until] of this.#until) {
      if (until > now) return true
      this.#until.delete(id)
    }
    return false
  }
}

interface Probe {
  readonly id: number
  readonly atMs: number
  /** What had been sent when it was. */
  readonly sent: number
  /** Nothing large was on its way: it measures the path. */
  readonly quiet: boolean
}

export class Flight {
  readonly #limits: FlightLimits
  readonly #clock: FrpClock
  readonly #bases: number[] = []
  #probes: Probe[] = [] // oldest first
  #sent = 0
  #arrived = 0
  #lastSentMs = Number.NEGATIVE_INFINITY
  #max = Number.POSITIVE_INFINITY

  constructor(limits: FlightLimits, clock: FrpClock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Bulk goes out. True: a ping should follow it. */
  sent(bytes: number, watched: boolean): boolean {
    this.#sent += bytes
    if (!watched) return false
    const last = this.#probes.at(-1)
    return this.#max === Number.POSITIVE_INFINITY ? last === undefined : this.#sent - (last?.sent ?? this.#arrived) >= PROBE_BYTES
  }

  /** Bulk went out unwatched until now, or for long none at all: where does it stand? Goes out as ping `id`. */
  probed(id: number): void {
    const now = this.#clock.now()
    if (this.#probes.length >= MAX_PROBES) this.#probes.shift() // an end that answers none
    this.#probes.push({ id, atMs: now, sent: this.#sent, quiet: now - this.#lastSentMs > TYPING_MS })
  }

  /** Once per turn in which bulk went out. */
  busy(): void {
    this.#lastSentMs = this.#clock.now()
  }

  /** A ping's answer; true when it was one of these. */
  answered(id: number): boolean {
    const at = this.#probes.findIndex((probe) => probe.id === id)
    const probe = this.#probes[at]
    if (probe === undefined) return false
    this.#probes.splice(0, at + 1)
    this.#arrived = probe.sent
    this.#measured(this.#clock.now() - probe.atMs, probe.quiet)
    return true
  }

  /** Behind bulk a round trip is the path's and the queue's: the path's is no longer than that. */
  #measured(rttMs: number, quiet: boolean): void {
    const { nearRttMs, sharedFlightBytes, sharedFlightBytesPerMs } = this.#limits
    if (!quiet && rttMs >= Math.min(...this.#bases)) return
    this.#bases.push(rttMs)
    if (this.#bases.length > BASES) this.#bases.shift()
    const base = Math.min(...this.#bases)
    this.#max = base > nearRttMs ? Number.POSITIVE_INFINITY : Math.max(sharedFlightBytes, base * sharedFlightBytesPerMs)
  }

  get full(): boolean {
    return this.#sent - this.#arrived >= this.#max && this.#probes.length > 0
  }

  /** The answers do not come: as if they had. */
  giveUp(): void {
    this.#probes = []
    this.#arrived = this.#sent
  }
}
