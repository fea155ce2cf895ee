// A yamux session over one link. Reads and writes are few and large, and nothing is copied between the link that is read and the
// one that is written. Only credit limits the senders.
//
//   joined link  --reader--> [12 spare bytes | up to 512 KiB] --one write--> the session's link   (header put in front in place)
//   session link --reader--> [frame|frame|...] --slices of the same buffer, one write--> joined links
//
// The other end is not trusted: a breach of the protocol ends the session with a GoAway, and streams that ask for too much are reset.
import type { FrpClock } from '../contract.ts'
import type { Link, OpenedLink, Reader } from '../links/link.ts'
import type { MuxStream } from './mux-contract.ts'
import { Deadlines } from './mux-deadlines.ts'
import { Keepalive } from './mux-keepalive.ts'
import { defaultLimits, type MuxLimits } from './mux-limits.ts'
import type { Mux, MuxOptions } from './mux-options.ts'
import { Pings } from './mux-pings.ts'
import { type Defer, nodeDefer, SendQueue } from './mux-queue.ts'
import { YamuxStream } from './mux-stream.ts'
import { RECORD_BYTES, SessionReads } from './session-reads.ts'
import { type Slab, type Slabs, sharedSlabs } from './slabs.ts'
import type { StreamHost } from './stream-host.ts'
import { FLAG, FRAME, FrameParser, type FrameSink, frameHeader, GO_AWAY, INITIAL_WINDOW_BYTES } from './yamux-frame.ts'

/** How long the link of a session that has ended may take to send what was written. */
const FLUSH_MS = 5000

export function createMux(options: MuxOptions): Mux {
  return new YamuxSession(options)
}

class YamuxSession implements Mux, StreamHost, FrameSink {
  readonly limits: MuxLimits
  readonly slabs: Slabs
  readonly clock: FrpClock
  readonly #options: MuxOptions
  readonly #defer: Defer
  readonly #queue: SendQueue
  readonly #keepalive: Keepalive
  readonly #parser = new FrameParser(this)
  #link: Link | null = null
  #closed = false
  #controlBytes = 0
  #goAwaySent = false
  #goAwayReceived = false
  readonly #pings: Pings
  // streams
  readonly #streams = new Map<number, YamuxStream>()
  readonly #waiting = new Set<YamuxStream>() // opened by the other end, joined to nothing yet
  #lingering: Set<YamuxStream> | null = null // ended both ways, but their links still hold bytes
  readonly #unacknowledged: Deadlines<YamuxStream>
  readonly #unanswered: Deadlines<YamuxStream> // ended here, not yet there
  #nextId: number
  #granted = 0 // the windows of all streams
  #held = 0
  // reading
  #early: Buffer[] = [] // arrived before `start`
  readonly #reads: SessionReads
  #source: Slab | null = null // being parsed
  #bodyOf: YamuxStream | null = null
  #bodyFlags = 0
  #touched: YamuxStream[] = [] // received bytes in this read
  #touchedBytes = 0
  #flushing = false
  readonly #flushLater = (): void => {
    this.#flushing = false
    this.#flush()
  }

  constructor(options: MuxOptions) {
    this.#options = options
    this.clock = options.clock
    this.limits = { ...defaultLimits, ...options.limits }
    this.slabs = options.slabs ?? sharedSlabs
    this.#defer = options.defer ?? nodeDefer
    this.#pings = new Pings(this.clock)
    this.#queue = new SendQueue({
      limits: this.limits,
      clock: this.clock,
      defer: this.#defer,
      streamCount: () => this.#streams.size,
      nextPing: () => this.#pings.next(),
    })
    this.#nextId = options.client ? 1 : 2
    this.#reads = new SessionReads(this.slabs, this.limits, options.gather)
    this.#keepalive = new Keepalive({
      clock: options.clock,
      keepaliveMs: options.keepaliveMs,
      silenceMs: options.silenceMs,
      onlyQuiet: !options.client,
      sending: () => this.#queue,
      ping: () => this.#ping(null),
      dead: (why) => this.close(why),
    })
    this.#unacknowledged = new Deadlines(this.clock, this.limits.ackTimeoutMs, (stream) =>
      this.close(`stream ${stream.id} was not acknowledged`),
    )
    this.#unanswered = new Deadlines(this.clock, this.limits.endTimeoutMs, (stream) => this.#endUnanswered(stream))
  }

  // ---------------------------------------------------------------------------------------------------- the session
  get closed(): boolean {
    return this.#closed
  }

  get streamCount(): number {
    return this.#streams.size
  }

  get rttMs(): number | null {
    return this.#pings.rttMs
  }

  start({ link, direct }: OpenedLink, first: Buffer | null): void {
    this.#link = link
    this.#queue.start(link)
    link.setNoDelay?.(true)
    link.on('close', () => {
      this.close('connection closed')
      this.#reads.drop() // not before: the kernel may fill it
    })
    link.on('error', (error) => this.close(error.message))
    link.on('end', () => this.close('the other end closed the connection'))
    this.#keepalive.start()
    const early = this.#early.splice(0)
    if (first !== null) early.unshift(first)
    for (const bytes of early) this.#receive({ bytes, refs: 1 }, 0, bytes.length)
    if (link.destroyed) this.close('connection closed')
    if (this.#closed) return
    if (!direct) link.on('data', (bytes) => this.#receive({ bytes, refs: 1 }, 0, bytes.length))
    link.resume()
  }

  open(): MuxStream | null {
    if (this.#closed || this.#link === null || this.#goAwayReceived || this.#nextId > 0xffffffff) return null
    if (this.#streams.size >= this.limits.maxStreams || this.#unacknowledged.size >= this.limits.maxWaitingStreams) return null
    const id = this.#nextId
    this.#nextId += 2
    const stream = this.#add(id)
    this.control(FRAME.window, FLAG.syn, id, stream.window - INITIAL_WINDOW_BYTES)
    this.#unacknowledged.add(stream)
    return stream
  }

  goAway(): void {
    if (this.#goAwaySent) return
    this.#goAwaySent = true
    this.control(FRAME.goAway, 0, 0, GO_AWAY.normal)
  }

  close(why: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#parser.stop()
    this.#keepalive.stop()
    this.#unacknowledged.clear()
    this.#unanswered.clear()
    this.#queue.stop()
    this.#bodyOf = null
    for (const stream of [...this.#streams.values()]) stream.cutOff()
    this.#endLink()
    this.#options.onClose(why)
  }

  #endLink(): void {
    const link = this.#link
    if (link === null || link.destroyed) return
    link.destroySoon()
    if (link.destroyed) return
    const timer = this.clock.setTimeout(() => link.destroy(), FLUSH_MS)
    link.on('close', () => this.clock.clearTimeout(timer))
  }

  /** The other end broke the protocol: it is told, and the session ends. */
  broken(why: string): void {
    this.control(FRAME.goAway, 0, 0, GO_AWAY.protocolError)
    this.close(`protocol error: ${why}`)
  }

  ping(answered: (rttMs: number) => void): void {
    this.#ping(answered)
  }

  setKeepalive(keepaliveMs: number, silenceMs: number): void {
    if (!this.#closed) this.#keepalive.setIntervals(keepaliveMs, silenceMs)
  }

  #ping(answered: ((rttMs: number) => void) | null): void {
    if (this.#closed) return
    this.control(FRAME.ping, FLAG.syn, 0, this.#pings.begin(answered))
  }

  // ------------------------------------------------------------------------------------------------------ receiving
  reader(): Reader {
    return {
      buffer: () => this.#reads.next(),
      callback: (count) => {
        const { slab } = this.#reads
        const at = this.#reads.took(count)
        if (slab === null) return false
        if (this.#link === null) this.#early.push(Buffer.from(slab.bytes.subarray(at, at + count)))
        else this.#receive(slab, at, at + count)
        return !this.#closed
      },
    }
  }

  #receive(slab: Slab, from: number, to: number): void {
    if (this.#closed) return
    this.#keepalive.heard()
    this.#source = slab
    this.#parser.feed(slab.bytes, from, to)
    this.#source = null
    if (this.#touched.length === 0) return
    const isLast = to - from < RECORD_BYTES // a write of the other end ends with a short record
    if (!this.#options.gather || isLast || this.#touchedBytes >= this.limits.slabMaxBytes) this.#flush()
    else if (!this.#flushing) {
      this.#flushing = true
      this.#defer.later(this.#flushLater)
    }
  }

  #flush(): void {
    const touched = this.#touched
    this.#touched = []
    this.#touchedBytes = 0
    for (const stream of touched) stream.flush()
    if (this.#held > this.limits.heldMaxBytes) this.#resetLargest()
  }

  #resetLargest(): void {
    let largest: YamuxStream | null = null
    for (const streams of [this.#streams.values(), this.#lingering ?? []]) {
      for (const stream of streams) if (stream.heldBytes > (largest?.heldBytes ?? 0)) largest = stream
    }
    largest?.reset()
  }

  frame(type: number, flags: number, id: number, length: number): void {
    if (type === FRAME.ping) return this.#pinged(flags, length)
    if (type === FRAME.goAway) {
      this.#goAwayReceived = true
      if (length !== GO_AWAY.normal) this.close(`the other end ended the session with code ${length}`)
      return
    }
    let stream = this.#streams.get(id) ?? null
    let fresh = false
    if ((flags & FLAG.syn) !== 0) {
      if (stream !== null) return this.broken(`stream ${id} opened twice`)
      if (id === 0 || (id % 2 === 1) === this.#options.client) return this.broken(`stream ${id} is not the other end's to open`)
      stream = this.#accept(id)
      fresh = stream !== null
    }
    if (stream !== null && (flags & FLAG.ack) !== 0) this.#unacknowledged.delete(stream)
    if (type === FRAME.window && stream !== null) stream.credited(length)
    if (type === FRAME.data && stream !== null) {
      if (!stream.spend(length)) return this.broken(`stream ${id} sent more than its credit`)
      if (stream.urgent && length > 0) this.#queue.carried(id, length)
    }
    this.#bodyOf = stream // none: the body is skipped
    this.#bodyFlags = flags
    if (fresh && stream !== null) this.#options.onStream(stream)
    if (type === FRAME.window) this.bodyEnd()
  }

  body(from: number, to: number): void {
    if (this.#source !== null) this.#bodyOf?.deliver(this.#source, from, to)
  }

  /** The flags of a frame count once all of its body has come. */
  bodyEnd(): void {
    const stream = this.#bodyOf
    this.#bodyOf = null
    if ((this.#bodyFlags & FLAG.rst) !== 0) stream?.abort()
    else if ((this.#bodyFlags & FLAG.fin) !== 0) stream?.finished()
  }

  #pinged(flags: number, id: number): void {
    if ((flags & FLAG.syn) !== 0) return this.control(FRAME.ping, FLAG.ack, 0, id)
    if (!this.#pings.answered(id)) this.#queue.answered(id)
  }

  /** A stream the other end opens, or null if there are too many. */
  #accept(id: number): YamuxStream | null {
    if (this.#goAwaySent || this.#streams.size >= this.limits.maxStreams || this.#waiting.size >= this.limits.maxWaitingStreams) {
      this.control(FRAME.window, FLAG.rst, id, 0)
      return null
    }
    const stream = this.#add(id)
    this.#waiting.add(stream)
    const ack = frameHeader(FRAME.window, FLAG.ack, id, stream.window - INITIAL_WINDOW_BYTES)
    this.#sayWithin(this.limits.ackDelayMs, ack)
    return stream
  }

  #add(id: number): YamuxStream {
    const wished = Math.max(INITIAL_WINDOW_BYTES, this.limits.windowBytes)
    const window = this.#granted + wished <= this.limits.windowBudgetBytes ? wished : INITIAL_WINDOW_BYTES
    const stream = new YamuxStream(this, id, window)
    this.#granted += window
    this.#streams.set(id, stream)
    return stream
  }

  // ------------------------------------------------------------------------------------------- what its streams ask
  get full(): boolean {
    return this.#queue.full
  }

  get busy(): boolean {
    return this.#queue.busy
  }

  get share(): number {
    return this.#queue.share
  }

  get slabMaxBytes(): number {
    return this.#queue.slabMaxBytes
  }

  send(frame: Buffer, done: (() => void) | null): void {
    if (this.#closed) done?.()
    else this.#queue.send(frame, done)
  }

  control(type: number, flags: number, id: number, length: number): void {
    if (!this.#closed) this.#sayWithin(0, frameHeader(type, flags, id, length))
  }

  #sayWithin(delayMs: number, frame: Buffer): void {
    this.#controlBytes += frame.length
    this.#queue.sendWithin(delayMs, frame, () => {
      this.#controlBytes -= frame.length
    })
    if (this.#controlBytes > this.limits.controlMaxBytes) this.close('the other end does not read')
  }

  carried(id: number, bytes: number): void {
    this.#queue.carried(id, bytes)
  }

  queueUp(stream: YamuxStream): void {
    this.#queue.queueUp(stream)
  }

  touch(stream: YamuxStream): void {
    this.#touched.push(stream)
  }

  hold(bytes: number): void {
    this.#held += bytes
    if (bytes > 0) this.#touchedBytes += bytes
  }

  grant(bytes: number): boolean {
    if (this.#granted + bytes > this.limits.windowBudgetBytes) return false
    this.#granted += bytes
    return true
  }

  joined(stream: YamuxStream): void {
    this.#waiting.delete(stream)
  }

  ended(stream: YamuxStream): void {
    if (this.#closed) return
    stream.bytesInAtEnd = stream.bytesIn
    this.#unanswered.add(stream)
  }

  #endUnanswered(stream: YamuxStream): void {
    if (stream.heldBytes > 0 || stream.bytesIn !== stream.bytesInAtEnd) this.ended(stream)
    else stream.reset()
  }

  remove(stream: YamuxStream): void {
    if (this.#streams.get(stream.id) === stream) this.#streams.delete(stream.id)
    this.#granted -= stream.window
    this.#waiting.delete(stream)
    this.#unacknowledged.delete(stream)
    this.#unanswered.delete(stream)
    if (!stream.joined) return
    this.#lingering ??= new Set()
    this.#lingering.add(stream)
  }

  gone(stream: YamuxStream): void {
    this.#lingering?.delete(stream)
  }
}
