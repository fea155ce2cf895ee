// How many bytes of bulk are in flight: sent, and not read by the other end yet. When a link's write is done, its bytes lie in the
// buffers of two kernels, megabytes of them, and a small frame would wait for all of that. So while a stream is interactive, pings
// are sent behind the bulk. Every yamux answers them in the order of the bytes, so their answers tell how much was read.
import type { FrpClock } from '../contract.ts'

/** A ping measures the path alone where no bulk was sent for this long. */
const QUIET_MS = 500
/** Another ping is sent after this much bulk. */
const PROBE_BYTES = 64 << 10
const MAX_PROBES = 1024
/** Round trips remembered; the least of them is taken for the path's own. */
const MAX_ROUND_TRIPS = 8

export interface FlightLimits {
  /** Most bytes in flight while a stream is interactive. */
  readonly interactiveFlightBytes: number
  /** The same per millisecond of the path's own round trip, where that is more. */
  readonly interactiveFlightBytesPerMs: number
  /** On paths with a longer round trip nothing is limited: there bulk needs many bytes in flight. 0: on no path. */
  readonly flightMaxRttMs: number
  /** When a ping is not answered for so long, nothing waits for its answer any more. */
  readonly flightTimeoutMs: number
}

/** A ping behind bulk. */
interface Probe {
  readonly id: number
  readonly atMs: number
  /** Bytes of bulk that were sent before it. */
  readonly sent: number
  /** No bulk was in flight: it measures the path alone. */
  readonly quiet: boolean
}

export class BytesInFlight {
  readonly #limits: FlightLimits
  readonly #clock: FrpClock
  readonly #roundTripsMs: number[] = []
  #probes: Probe[] = [] // oldest first
  #sent = 0
  #arrived = 0
  #lastSentMs = Number.NEGATIVE_INFINITY
  #max = Number.POSITIVE_INFINITY

  constructor(limits: FlightLimits, clock: FrpClock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Bulk is sent. `isInteractive`: some stream is. True: a ping should follow. */
  sent(bytes: number, isInteractive: boolean): boolean {
    this.#sent += bytes
    if (!isInteractive) return false
    const last = this.#probes.at(-1)
    return this.#max === Number.POSITIVE_INFINITY ? last === undefined : this.#sent - (last?.sent ?? this.#arrived) >= PROBE_BYTES
  }

  /** Ping `id` is sent behind all bulk so far. */
  probed(id: number): void {
    const now = this.#clock.now()
    if (this.#probes.length >= MAX_PROBES) this.#probes.shift() // the other end answers none
    this.#probes.push({ id, atMs: now, sent: this.#sent, quiet: now - this.#lastSentMs > QUIET_MS })
  }

  /** Once per turn of the event loop in which bulk is sent. */
  busy(): void {
    this.#lastSentMs = this.#clock.now()
  }

  /** A ping was answered; true when it was one of these. */
  answered(id: number): boolean {
    const at = this.#probes.findIndex((probe) => probe.id === id)
    const probe = this.#probes[at]
    if (probe === undefined) return false
    this.#probes.splice(0, at + 1)
    this.#arrived = probe.sent
    this.#measured(this.#clock.now() - probe.atMs, probe.quiet)
    return true
  }

  /** Behind bulk a round trip is the path's and the queue's, so the path's is no longer than that. */
  #measured(rttMs: number, quiet: boolean): void {
    const { flightMaxRttMs, interactiveFlightBytes, interactiveFlightBytesPerMs } = this.#limits
    if (!quiet && rttMs >= Math.min(...this.#roundTripsMs)) return
    this.#roundTripsMs.push(rttMs)
    if (this.#roundTripsMs.length > MAX_ROUND_TRIPS) this.#roundTripsMs.shift()
    const pathMs = Math.min(...this.#roundTripsMs)
    this.#max = pathMs > flightMaxRttMs ? Number.POSITIVE_INFINITY : Math.max(interactiveFlightBytes, pathMs * interactiveFlightBytesPerMs)
  }

  get full(): boolean {
    return this.#sent - this.#arrived >= this.#max && this.#probes.length > 0
  }

  /** The answers do not come: goes on as if they had. */
  giveUp(): void {
    this.#probes = []
    this.#arrived = this.#sent
  }
}
