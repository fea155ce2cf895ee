// The sending half of a session: what is handed to its link, how much at once, and whose turn it is.
import type { FrpClock } from '../contract.ts'
import type { Link } from '../links/link.ts'
import { Flight, Typists } from './mux-flight.ts'
import type { MuxLimits } from './mux-limits.ts'
import { SMALL_BYTES, type YamuxStream } from './mux-stream.ts'
import { bareFrame, FLAG, FRAME } from './yamux-frame.ts'

/** How the session puts off work: `soon` to the end of this tick, `later` to the next turn of the event loop. */
export interface Defer {
  soon(run: () => void): void
  later(run: () => void): void
}

export const nodeDefer: Defer = {
  soon: (run) => process.nextTick(run),
  later: (run) => void setImmediate(run),
}

export interface SendQueueOptions {
  readonly limits: MuxLimits
  readonly clock: FrpClock
  readonly defer: Defer
  readonly streamCount: () => number
  /** An id for a ping, whose answer is told by `answered`. */
  readonly nextPing: () => number
}

interface Delayed {
  readonly frame: Buffer
  readonly done: () => void
}

/** A write that takes so long had to wait for room: bytes before it were not taken yet. */
const SLOW_WRITE_MS = 250

export class SendQueue {
  readonly #limits: MuxLimits
  readonly #clock: FrpClock
  readonly #defer: Defer
  readonly #streamCount: () => number
  #link: Link | null = null
  #queued = 0 // handed to the link and not yet written
  #large = 0 // frames of them that are large
  #tookAt = Number.NEGATIVE_INFINITY
  #turnBytes = 0 // handed over in this turn of the event loop
  #corked = false
  readonly #nextPing: () => number
  // none before they are needed: most of a TURN's sessions are idle
  #typists: Typists | null = null
  #flight: Flight | null = null
  #shared = false // someone may be typing beside the bulk
  #patience: unknown = null
  #delayed: Delayed[] = []
  #delay: unknown = null
  #waiting: YamuxStream[] = [] // whose joined link waits for room, in turn
  readonly #uncork = (): void => {
    this.#corked = false
    this.#link?.uncork()
  }
  readonly #nextTurn = (): void => {
    this.#turnBytes = 0
    if (this.#shared) this.#shared = this.#typists?.any === true
    if (!this.full) this.#wake()
  }

  constructor({ limits, clock, defer, streamCount, nextPing }: SendQueueOptions) {
    this.#limits = limits
    this.#clock = clock
    this.#defer = defer
    this.#streamCount = streamCount
    this.#nextPing = nextPing
  }

  start(link: Link): void {
    this.#link = link
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#waiting = []
    this.#stopPatience()
    this.#sendDelayed()
  }

  /** A large frame is not taken yet. */
  get waiting(): boolean {
    return this.#large > 0
  }

  /** When the link last took a large frame that had waited for room there. */
  get tookAt(): number {
    return this.#tookAt
  }

  /** Small frames of one tick share a system call; large ones go at once, after what was said before. */
  send(frame: Buffer, done: (() => void) | null): void {
    const link = this.#link
    if (link === null || link.destroyed) {
      done?.()
      return
    }
    if (this.#delayed.length > 0) this.#sendDelayed()
    const count = frame.length
    this.#queued += count
    const written = (): void => {
      this.#queued -= count
      done?.()
      if (this.#waiting.length > 0) this.#wake()
    }
    if (count < SMALL_BYTES) {
      this.#cork(link)
      link.write(frame, written)
      return
    }
    if (this.#turnBytes === 0) {
      this.#defer.later(this.#nextTurn)
      this.#watched.busy()
    }
    this.#turnBytes += count
    const ping = this.#watched.sent(count, this.#shared)
    if (ping && !this.#corked) link.cork()
    const sentAt = this.#clock.now()
    this.#large++
    link.write(frame, () => {
      this.#large--
      const now = this.#clock.now()
      if (now - sentAt >= SLOW_WRITE_MS) this.#tookAt = now
      written()
    })
    if (ping) this.#probe(link)
    if (ping || this.#corked) link.uncork()
    if (this.#corked) link.cork()
  }

  #probe(link: Link): void {
    const id = this.#nextPing()
    this.#watched.probed(id)
    link.write(bareFrame(FRAME.ping, FLAG.syn, 0, id))
  }

  get #watched(): Flight {
    this.#flight ??= new Flight(this.#limits, this.#clock)
    return this.#flight
  }

  /** A ping's answer came. */
  answered(id: number): void {
    if (this.#flight?.answered(id) !== true) return
    this.#stopPatience()
    if (this.#waiting.length > 0 && !this.full) this.#wake()
  }

  #stopPatience(): void {
    if (this.#patience !== null) this.#clock.clearTimeout(this.#patience)
    this.#patience = null
  }

  #cork(link: Link): void {
    if (this.#corked) return
    this.#corked = true
    link.cork()
    this.#defer.soon(this.#uncork)
  }

  /** Rides on what is sent next: a write of its own costs both ends a system call, and the other one a wake-up. */
  sendWithin(delayMs: number, frame: Buffer, done: () => void): void {
    if (delayMs === 0) return this.send(frame, done)
    this.#delayed.push({ frame, done })
    this.#delay ??= this.#clock.setTimeout(() => this.#sendDelayed(), delayMs)
  }

  #sendDelayed(): void {
    if (this.#delay !== null) this.#clock.clearTimeout(this.#delay)
    this.#delay = null
    const delayed = this.#delayed
    this.#delayed = []
    for (const { frame, done } of delayed) this.send(frame, done)
  }

  /** A piece of so many bytes went either way. Where it is small, someone may be typing, and bulk is kept short for a while. */
  carried(id: number, bytes: number): void {
    if (bytes >= SMALL_BYTES) return this.#typists?.large(id)
    this.#typists ??= new Typists(this.#clock)
    this.#typists.small(id)
    if (this.#shared) return
    this.#shared = true
    const link = this.#link
    if (link === null || link.destroyed || this.#limits.nearRttMs === 0) return
    this.#cork(link)
    this.#probe(link)
  }

  get #max(): number {
    return this.#shared ? this.#limits.sharedQueueMaxBytes : this.#limits.queueMaxBytes
  }

  /** Also once a turn's share is sent: Node would read one busy socket 32 times in a row, and others would wait. */
  get full(): boolean {
    return this.#queued >= this.#max || this.#turnBytes >= this.#max || (this.#shared && this.#flight?.full === true)
  }

  get busy(): boolean {
    return this.#waiting.length > 0 || this.full
  }

  /** The same for all, however little each read brings. */
  get share(): number {
    const { slabMinBytes } = this.#limits
    return 0.9 * Math.max(slabMinBytes, Math.min(this.slabMaxBytes, (4 * this.#max) / this.#streamCount()))
  }

  get slabMaxBytes(): number {
    return this.#shared ? Math.min(this.#limits.slabMaxBytes, this.#limits.sharedQueueMaxBytes / 2) : this.#limits.slabMaxBytes
  }

  queueUp(stream: YamuxStream): void {
    this.#waiting.push(stream)
    if (this.#shared && this.#flight?.full === true) {
      this.#patience ??= this.#clock.setTimeout(() => {
        this.#patience = null
        this.#flight?.giveUp()
        if (!this.full) this.#wake()
      }, this.#limits.flightTimeoutMs)
    }
    if (this.#queued === 0) this.#later()
  }

  /** Lets as many links read as there is room for; more next turn, since a woken one may have nothing to read. */
  #wake(): void {
    if (this.#turnBytes >= this.#max) return // the next turn comes
    let room = Math.ceil((this.#max - this.#queued) / this.slabMaxBytes)
    while (room > 0) {
      const stream = this.#waiting.shift()
      if (stream === undefined) return
      stream.resume()
      room--
    }
    if (this.#waiting.length > 0) this.#later()
  }

  /** Makes sure that a next turn comes. */
  #later(): void {
    if (this.#turnBytes > 0) return
    this.#turnBytes = 1
    this.#defer.later(this.#nextTurn)
  }
}
