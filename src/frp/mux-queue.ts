// The sending half of a session: what is handed to its link, how much at once, and whose turn it is.
import type { FrpClock } from './contract.ts'
import type { Link } from './link.ts'
import type { MuxLimits } from './mux-limits.ts'
import { SMALL_BYTES, type YamuxStream } from './mux-stream.ts'

/** How the session puts off work: `soon` to the end of this tick, `later` to the next turn of the event loop. */
export interface Defer {
  soon(run: () => void): void
  later(run: () => void): void
}

export const nodeDefer: Defer = {
  soon: (run) => process.nextTick(run),
  later: (run) => void setImmediate(run),
}

/** For so long after a small frame bulk keeps the queue short. */
const SHARED_MS = 500

interface Delayed {
  readonly frame: Buffer
  readonly done: () => void
}

export class SendQueue {
  readonly #limits: MuxLimits
  readonly #clock: FrpClock
  readonly #defer: Defer
  readonly #streamCount: () => number
  #link: Link | null = null
  #queued = 0 // handed to the link and not yet written
  #turnBytes = 0 // handed over in this turn of the event loop
  #corked = false
  #sharedUntil = Number.NEGATIVE_INFINITY
  #shared = false
  #delayed: Delayed[] = []
  #delay: unknown = null
  #waiting: YamuxStream[] = [] // whose joined link waits for room, in turn
  readonly #uncork = (): void => {
    this.#corked = false
    this.#link?.uncork()
  }
  readonly #nextTurn = (): void => {
    this.#turnBytes = 0
    this.#shared = this.#sharedUntil > this.#clock.now()
    if (!this.full) this.#wake()
  }

  constructor(limits: MuxLimits, clock: FrpClock, defer: Defer, streamCount: () => number) {
    this.#limits = limits
    this.#clock = clock
    this.#defer = defer
    this.#streamCount = streamCount
  }

  start(link: Link): void {
    this.#link = link
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#waiting = []
    this.#sendDelayed()
  }

  get queuedBytes(): number {
    return this.#queued
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
      if (!this.#corked) {
        this.#corked = true
        link.cork()
        this.#defer.soon(this.#uncork)
      }
      link.write(frame, written)
      return
    }
    if (this.#turnBytes === 0) this.#defer.later(this.#nextTurn)
    this.#turnBytes += count
    link.write(frame, written)
    if (!this.#corked) return
    link.uncork()
    link.cork()
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

  /** Someone may be typing: for a while bulk hands over less at once. */
  small(): void {
    this.#sharedUntil = this.#clock.now() + SHARED_MS
    this.#shared = true
  }

  get #max(): number {
    return this.#shared ? this.#limits.sharedQueueMaxBytes : this.#limits.queueMaxBytes
  }

  /** Also once a turn's share is sent: Node would read one busy socket 32 times in a row, and others would wait. */
  get full(): boolean {
    return this.#queued >= this.#max || this.#turnBytes >= this.#max
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
