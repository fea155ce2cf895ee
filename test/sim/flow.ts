// One direction of a virtual connection: what TCP does for it, in as few words as will do.
import type { HostProcess } from './host-process.ts'
import type { Route } from './route.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { WireMessage } from './wire-message.ts'

/** On the way and not taken by the reader: a writer is held back beyond this. */
const WINDOW_BYTES = 1 << 20
const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 120_000
/** As Linux: the connection is given up after 924.6 s. */
const MOST_RETRIES = 16

/** What a flow brings to its receiving end. */
export interface FlowEnd {
  readonly isGone: boolean
  /** Whose it is: what comes while that process stands still waits. */
  readonly owner: Pick<HostProcess, 'isRunning' | 'whenRunning'>
  /** The handshake's last packet came. */
  opened(): void
  /** False: no more until `unblock`. */
  takeBytes(bytes: Buffer): boolean
  takeMessage(message: WireMessage): boolean
  takeEnd(): void
  fail(code: 'ECONNRESET' | 'ETIMEDOUT'): void
}

/** What a segment brings. */
type Load = { readonly type: 'open' | 'end' } | { readonly type: 'bytes'; readonly bytes: Buffer } | WireMessage

interface Segment {
  readonly load: Load
  readonly byteLength: number
  readonly arriveMs: number
}

interface Waiting {
  readonly bytes: Buffer
  readonly admitted: () => void
}

const OPEN: Load = { type: 'open' }
const END: Load = { type: 'end' }

export class Flow {
  readonly #clock: VirtualClock
  readonly #route: Route
  readonly #from: FlowEnd
  readonly #to: FlowEnd
  /** False: one of its addresses is nobody's any more, and nothing arrives. */
  readonly #carries: () => boolean
  #segments: Segment[] = []
  #waiting: Waiting[] = []
  #windowBytes = 0
  #lastArrivalMs = 0
  #timer: unknown = null
  #retries = 0
  #blocked = false
  /** The receiver stands still; it takes what has come when it goes on. */
  #kept = false
  #writerStands = false
  #ended = false
  /** The other direction, which carries this one's resets. */
  back: Flow | null = null

  constructor(clock: VirtualClock, route: Route, from: FlowEnd, to: FlowEnd, carries: () => boolean = () => true) {
    this.#clock = clock
    this.#route = route
    this.#from = from
    this.#to = to
    this.#carries = carries
  }

  open(): void {
    this.#launch(OPEN, 0)
  }

  /** `admitted` runs once all of it fits the window; the bytes are copied by then. */
  send(bytes: Buffer, admitted: () => void): void {
    const pieceBytes = this.#route.pieceBytes
    for (let at = 0; at < bytes.length || at === 0; at += pieceBytes) {
      const piece = Buffer.from(bytes.subarray(at, at + pieceBytes))
      this.#waiting.push({ bytes: piece, admitted: at + pieceBytes >= bytes.length ? admitted : () => {} })
    }
    this.#admit()
  }

  /** Sends a message in one piece, now. False: that can't be. */
  say(message: WireMessage): boolean {
    const { byteLength } = message
    const isFree = !this.#ended && this.#waiting.length === 0 && this.#windowBytes < WINDOW_BYTES && this.#from.owner.isRunning
    if (!isFree || byteLength > this.#route.pieceBytes) return false
    this.#windowBytes += byteLength
    this.#launch(message, byteLength)
    return true
  }

  /** The sender says no more. What waits for the window is lost. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#waiting = []
    this.#launch(END, 0)
  }

  /** Tells the receiver that the connection is no more: one packet, which may get lost. */
  reset(): void {
    const arriveMs = Math.max(this.#lastArrivalMs, this.#route.arrivalMs(this.#clock.now(), 0))
    this.#clock.setTimeout(() => {
      if (this.#loses()) return
      this.drop()
      this.#to.fail('ECONNRESET')
    }, arriveMs - this.#clock.now())
  }

  /** The reader has room again. */
  unblock(): void {
    if (!this.#blocked) return
    this.#blocked = false
    this.#schedule()
  }

  /** The receiver will never go on: what was kept for it is answered as for nobody. */
  forgo(): void {
    if (!this.#kept) return
    this.#kept = false
    this.#schedule()
  }

  /** Forgets everything on the way. */
  drop(): void {
    this.#ended = true
    this.#segments = []
    this.#clock.clearTimeout(this.#timer)
    this.#timer = null
    const waiting = this.#waiting
    this.#waiting = []
    for (const { admitted } of waiting) admitted()
  }

  #loses(): boolean {
    return !this.#carries() || this.#route.loses()
  }

  #admit(): void {
    if (!this.#from.owner.isRunning) return this.#admitLater()
    while (this.#windowBytes < WINDOW_BYTES) {
      const first = this.#waiting.shift()
      if (first === undefined) return
      this.#windowBytes += first.bytes.length
      this.#launch({ type: 'bytes', bytes: first.bytes }, first.bytes.length)
      first.admitted()
    }
  }

  /** A writer that stands still hears of its progress when it goes on. */
  #admitLater(): void {
    if (this.#writerStands || this.#waiting.length === 0) return
    this.#writerStands = true
    this.#from.owner.whenRunning(() => {
      this.#writerStands = false
      this.#admit()
    })
  }

  #launch(load: Load, byteLength: number): void {
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#route.arrivalMs(this.#clock.now(), byteLength))
    this.#segments.push({ load, byteLength, arriveMs: this.#lastArrivalMs })
    this.#schedule()
  }

  #schedule(): void {
    const first = this.#segments[0]
    if (this.#timer !== null || this.#blocked || this.#kept || first === undefined) return
    this.#timer = this.#clock.setTimeout(this.#arrive, first.arriveMs - this.#clock.now())
  }

  readonly #arrive = (): void => {
    this.#timer = null
    if (this.#loses()) return this.#retry()
    this.#retries = 0
    if (this.#to.owner.isRunning || this.#to.isGone) return this.#take()
    this.#kept = true
    this.#to.owner.whenRunning(() => {
      this.#kept = false
      this.#take()
    })
  }

  #take(): void {
    const nowMs = this.#clock.now()
    for (let first = this.#segments[0]; first !== undefined && first.arriveMs <= nowMs && !this.#blocked; first = this.#segments[0]) {
      this.#segments.shift()
      this.#bring(first)
    }
    this.#admit()
    this.#schedule()
  }

  #bring({ load, byteLength }: Segment): void {
    this.#windowBytes -= byteLength
    if (this.#to.isGone) {
      // Nobody is there any more: data is answered with a reset, a last end is not.
      if (load.type !== 'end') this.back?.reset()
    } else if (load.type === 'message') this.#blocked = !this.#to.takeMessage(load)
    else if (load.type === 'bytes') this.#blocked = !this.#to.takeBytes(load.bytes)
    else if (load.type === 'open') this.#to.opened()
    else this.#to.takeEnd()
  }

  #retry(): void {
    if (this.#retries === MOST_RETRIES) {
      this.drop()
      this.#from.fail('ETIMEDOUT')
      return
    }
    const waitMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#retries++)
    this.#timer = this.#clock.setTimeout(this.#arrive, waitMs)
  }
}
