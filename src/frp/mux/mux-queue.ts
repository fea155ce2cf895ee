// The sending half of a session: what is handed to its link, how much at once, and whose turn it is.
import type { FrpClock } from '../contract.ts'
import type { Link } from '../links/link.ts'
import { BytesInFlight } from './bytes-in-flight.ts'
import { InteractiveStreams } from './interactive-streams.ts'
import type { MuxLimits } from './mux-limits.ts'
import { SMALL_BYTES, type YamuxStream } from './mux-stream.ts'
import { FLAG, FRAME, frameHeader } from './yamux-frame.ts'

/** How the session defers work: `soon` to the end of this tick, `later` to the next turn of the event loop. */
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

interface Waiting {
  readonly frame: Buffer
  readonly done: (() => void) | null
}

/** A write that takes this long had to wait for bytes before it to be taken. */
const SLOW_WRITE_MS = 250

export class SendQueue {
  readonly #limits: MuxLimits
  readonly #clock: FrpClock
  readonly #defer: Defer
  readonly #streamCount: () => number
  #link: Link | null = null
  #queued = 0 // handed to the link and not yet written
  #largeFrames = 0 // of those
  #tookAt = Number.NEGATIVE_INFINITY
  #turnBytes = 0 // handed over in this turn of the event loop
  #small: Waiting[] | null = null // frames of this tick, written together at its end
  readonly #nextPing: () => number
  // made when they are needed: most of a TURN's sessions are idle
  #interactiveStreams: InteractiveStreams | null = null
  #bytesInFlight: BytesInFlight | null = null
  #isInteractive = false // some stream is, so bulk is limited
  #flightTimer: unknown = null
  #delayed: Waiting[] = []
  #delay: unknown = null
  #waiting: YamuxStream[] = [] // whose joined link waits for room, in turn
  readonly #sendSmall = (): void => {
    const small = this.#small
    this.#small = null
    const [first] = small ?? []
    if (small === null || first === undefined) return
    const bytes = small.length === 1 ? first.frame : Buffer.concat(small.map(({ frame }) => frame))
    this.#link?.write(bytes, () => {
      for (const { frame, done } of small) {
        this.#queued -= frame.length
        done?.()
      }
      if (this.#waiting.length > 0) this.#wake()
    })
  }
  readonly #nextTurn = (): void => {
    this.#turnBytes = 0
    if (this.#isInteractive) this.#isInteractive = this.#interactiveStreams?.any === true
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

  /** The session is over: what waits is dropped, and what was delayed is sent. */
  stop(): void {
    this.#waiting = []
    this.#stopFlightTimer()
    this.#sendDelayed()
    this.#sendSmall()
  }

  /** The link has not taken a large frame yet. */
  get waiting(): boolean {
    return this.#largeFrames > 0
  }

  /** When the link last took a large frame that had to wait. */
  get tookAt(): number {
    return this.#tookAt
  }

  /** Small frames of one tick are one write, one record of TLS too. Large ones are written at once, behind all that was sent before. */
  send(frame: Buffer, done: (() => void) | null): void {
    const link = this.#link
    if (link === null || link.destroyed) {
      done?.()
      return
    }
    if (this.#delayed.length > 0) this.#sendDelayed()
    const count = frame.length
    this.#queued += count
    if (count < SMALL_BYTES) return this.#keepSmall({ frame, done })
    this.#sendSmall()
    if (this.#turnBytes === 0) {
      this.#defer.later(this.#nextTurn)
      this.#flight.busy()
    }
    this.#turnBytes += count
    const ping = this.#flight.sent(count, this.#isInteractive)
    if (ping) link.cork()
    const sentAt = this.#clock.now()
    this.#largeFrames++
    link.write(frame, () => {
      this.#largeFrames--
      const now = this.#clock.now()
      if (now - sentAt >= SLOW_WRITE_MS) this.#tookAt = now
      this.#queued -= count
      done?.()
      if (this.#waiting.length > 0) this.#wake()
    })
    if (!ping) return
    link.write(this.#probe())
    link.uncork()
  }

  #keepSmall(one: Waiting): void {
    if (this.#small !== null) return void this.#small.push(one)
    this.#small = [one]
    this.#defer.soon(this.#sendSmall)
  }

  /** The ping that measures what is in flight. */
  #probe(): Buffer {
    const id = this.#nextPing()
    this.#flight.probed(id)
    return frameHeader(FRAME.ping, FLAG.syn, 0, id)
  }

  get #flight(): BytesInFlight {
    this.#bytesInFlight ??= new BytesInFlight(this.#limits, this.#clock)
    return this.#bytesInFlight
  }

  /** A ping's answer came. */
  answered(id: number): void {
    if (this.#bytesInFlight?.answered(id) !== true) return
    this.#stopFlightTimer()
    if (this.#waiting.length > 0 && !this.full) this.#wake()
  }

  #stopFlightTimer(): void {
    if (this.#flightTimer !== null) this.#clock.clearTimeout(this.#flightTimer)
    this.#flightTimer = null
  }

  /** Sends it together with the next frame, or alone after `delayMs`: a write of its own costs each end a system call. */
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

  /** A stream carried a piece, either way. Where it is small, the stream may be interactive, and bulk is limited for a while. */
  carried(id: number, bytes: number): void {
    if (bytes >= SMALL_BYTES) return this.#interactiveStreams?.large(id)
    this.#interactiveStreams ??= new InteractiveStreams(this.#clock)
    this.#interactiveStreams.small(id)
    if (this.#isInteractive) return
    this.#isInteractive = true
    const link = this.#link
    if (link === null || link.destroyed || this.#limits.flightMaxRttMs === 0) return
    this.send(this.#probe(), null)
  }

  get #max(): number {
    return this.#isInteractive ? this.#limits.interactiveQueueMaxBytes : this.#limits.queueMaxBytes
  }

  /** Also when enough was sent in this turn: Node would read one busy socket 32 times in a row, while others wait. */
  get full(): boolean {
    return this.#queued >= this.#max || this.#turnBytes >= this.#max || (this.#isInteractive && this.#bytesInFlight?.full === true)
  }

  get busy(): boolean {
    return this.#waiting.length > 0 || this.full
  }

  /** Bytes that each stream may send before others have their turn, however little each of its reads brings. */
  get share(): number {
    const { slabMinBytes } = this.#limits
    return 0.9 * Math.max(slabMinBytes, Math.min(this.slabMaxBytes, (4 * this.#max) / this.#streamCount()))
  }

  get slabMaxBytes(): number {
    return this.#isInteractive ? Math.min(this.#limits.slabMaxBytes, this.#limits.interactiveQueueMaxBytes / 2) : this.#limits.slabMaxBytes
  }

  queueUp(stream: YamuxStream): void {
    this.#waiting.push(stream)
    if (this.#isInteractive && this.#bytesInFlight?.full === true) {
      this.#flightTimer ??= this.#clock.setTimeout(() => {
        this.#flightTimer = null
        this.#bytesInFlight?.giveUp()
        if (!this.full) this.#wake()
      }, this.#limits.flightTimeoutMs)
    }
    if (this.#queued === 0) this.#later()
  }

  /** Lets as many links read as there is room for; others next turn, since these may have nothing to read. */
  #wake(): void {
    if (this.#turnBytes >= this.#max) return // `#nextTurn` follows
    let room = Math.ceil((this.#max - this.#queued) / this.slabMaxBytes)
    while (room > 0) {
      const stream = this.#waiting.shift()
      if (stream === undefined) return
      stream.resume()
      room--
    }
    if (this.#waiting.length > 0) this.#later()
  }

  /** Makes sure that `#nextTurn` follows. */
  #later(): void {
    if (this.#turnBytes > 0) return
    this.#turnBytes = 1
    this.#defer.later(this.#nextTurn)
  }
}
