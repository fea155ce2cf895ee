// Moving bytes from link to link, without a mux in between.
import { type Slab, sharedSlabs } from '../mux/slabs.ts'
import type { Link, OpenedLink, Reader } from './link.ts'

const READ_MIN_BYTES = 16 << 10
const READ_MAX_BYTES = 512 << 10
/** Bytes handed to the target and not yet written, beyond which the source pauses. */
const UNWRITTEN_MAX_BYTES = 1 << 20
const RECORD_BYTES = 16 << 10
/** Node reads one busy socket up to 32 times in a row. After this many bytes others have their turn. */
const TURN_MAX_BYTES = 1 << 20

export interface OneWayOptions {
  /** The source's bytes come in TLS records: those of one turn of the event loop are written together. */
  readonly gather: boolean
  /** Takes what arrives until there is a target; false asks for a pause, which `resume` ends. The piece may be kept. */
  readonly onBytes: (bytes: Buffer) => boolean
}

/** One direction: what is read from one link is written to another, without a copy, and with a limit on what is not written yet. */
export class OneWay {
  bytes = 0
  readonly #options: OneWayOptions
  #from: Link | null = null
  #to: Link | null = null
  #slab: Slab | null = null
  #slabFrom = 0 // read, but not passed on
  #slabAt = 0
  #size = READ_MIN_BYTES
  #lastRead = 0
  #flushing = false
  #unwritten = 0
  #paused = false
  #turnBytes = 0 // of reads that filled their buffer, one right after the other
  #yielding = false
  #finished = false
  readonly #flushLater = (): void => {
    this.#flushing = false
    this.flush()
  }
  readonly #nextTurn = (): void => {
    this.#yielding = false
    this.#turnBytes = 0
    if (!this.#paused) this.#from?.resume()
  }

  constructor(options: OneWayOptions) {
    this.#options = options
  }

  /** For the source, if it can read into buffers of ours. */
  reader(): Reader {
    return {
      buffer: () => this.#nextBuffer(),
      callback: (count) => {
        this.#slabAt += count
        this.#lastRead = count
        this.bytes += count
        const whole = this.#slab !== null && this.#slab.bytes.length - this.#slabAt < RECORD_BYTES
        this.#countTurn(count)
        if (this.#to === null || !this.#options.gather || whole) this.flush()
        else if (!this.#flushing) {
          this.#flushing = true
          setImmediate(this.#flushLater)
        }
        return this.#mayRead()
      },
    }
  }

  #nextBuffer(): Buffer {
    let slab = this.#slab
    if (slab !== null && this.#options.gather && slab.bytes.length - this.#slabAt >= RECORD_BYTES) return slab.bytes.subarray(this.#slabAt)
    const size = sharedSlabs.nextSize(this.#size, this.#lastRead, this.#options.gather ? RECORD_BYTES : 0, READ_MIN_BYTES, READ_MAX_BYTES)
    if (slab === null || slab.refs > 1 || size !== slab.bytes.length) {
      if (slab !== null) sharedSlabs.drop(slab)
      slab = sharedSlabs.take(size)
    }
    this.#size = size
    this.#slab = slab
    this.#slabFrom = 0
    this.#slabAt = 0
    return slab.bytes
  }

  /** Begins to read. */
  read({ link, direct }: OpenedLink): void {
    this.#from = link
    link.on('close', () => {
      this.flush()
      if (this.#slab !== null) sharedSlabs.drop(this.#slab) // not before: the kernel may fill it
      this.#slab = null
    })
    if (!direct) {
      link.on('data', (bytes) => {
        this.bytes += bytes.length
        this.#pass(bytes, null)
        if (!this.#mayRead()) link.pause()
      })
    }
    if (!this.#paused) link.resume()
  }

  /** From now on everything goes there. */
  writeTo(link: Link): void {
    this.#to = link
    this.resume()
  }

  /** Nothing more is passed on. */
  finish(): void {
    this.flush()
    this.#finished = true
  }

  /** Passes on what was gathered so far. */
  flush(): void {
    const slab = this.#slab
    if (slab === null || this.#slabFrom === this.#slabAt) return
    const bytes = slab.bytes.subarray(this.#slabFrom, this.#slabAt)
    this.#slabFrom = this.#slabAt
    this.#pass(bytes, slab)
  }

  #pass(bytes: Buffer, slab: Slab | null): void {
    if (this.#finished) return
    const to = this.#to
    if (to === null) {
      if (!this.#options.onBytes(slab === null ? bytes : Buffer.from(bytes))) this.#paused = true
      return
    }
    if (to.destroyed) return
    this.#unwritten += bytes.length
    if (slab !== null) slab.refs++
    to.write(bytes, () => {
      if (slab !== null) sharedSlabs.drop(slab)
      this.#unwritten -= bytes.length
      if (this.#unwritten < UNWRITTEN_MAX_BYTES) this.resume()
    })
  }

  /** A read that leaves room in its buffer is the last of those in a row. */
  #countTurn(count: number): void {
    if (this.#slab === null || this.#slabAt < this.#slab.bytes.length) {
      this.#turnBytes = 0
      return
    }
    this.#turnBytes += count
    if (this.#turnBytes < TURN_MAX_BYTES || this.#yielding) return
    this.#yielding = true
    setImmediate(this.#nextTurn)
  }

  #mayRead(): boolean {
    if (this.#unwritten >= UNWRITTEN_MAX_BYTES) this.#paused = true
    return !this.#paused && !this.#yielding
  }

  /** Lets the source be read again. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (!this.#yielding) this.#from?.resume()
  }
}

export interface JoinOptions {
  /** When one link ends, both are closed, once what it sent has arrived; else each direction ends for itself. */
  readonly closeTogether: boolean
}

/** Passes on the ends of two links whose bytes `near` and `far` carry: `near` from `a` to `b`, `far` back. */
export function joinEnds(a: Link, b: Link, near: OneWay, far: OneWay, { closeTogether }: JoinOptions): void {
  for (const [from, to, way, back] of [
    [a, b, near, far],
    [b, a, far, near],
  ] as const) {
    let ended = false
    const end = (): void => {
      if (ended) return
      ended = true
      way.flush()
      if (!closeTogether) return void to.end()
      back.finish()
      to.destroySoon()
      from.destroySoon()
    }
    from.on('end', end)
    from.on('error', () => to.destroy())
    from.on('close', (failed) => {
      if (failed) to.destroy()
      else if (!ended) {
        way.flush()
        to.destroySoon()
      }
    })
    if (from.readableEnded === true) end()
    else if (from.destroyed) to.destroySoon()
  }
}

/** A relay whose links read into its own buffers: open them with the two readers, then join them. */
export function createRelay(gather: { readonly a: boolean; readonly b: boolean } = { a: false, b: false }): {
  readonly readerA: Reader
  readonly readerB: Reader
  /** `bytes`: those of `a` and of `b` so far. */
  join(a: OpenedLink, b: OpenedLink, options: JoinOptions): { bytes(): { readonly a: number; readonly b: number } }
} {
  // until both links are there, one read of each is kept
  const early: { readonly a: Buffer[]; readonly b: Buffer[] } = { a: [], b: [] }
  const keepIn =
    (pieces: Buffer[]) =>
    (bytes: Buffer): boolean => {
      pieces.push(bytes)
      return false
    }
  const near = new OneWay({ gather: gather.a, onBytes: keepIn(early.a) })
  const far = new OneWay({ gather: gather.b, onBytes: keepIn(early.b) })
  return {
    readerA: near.reader(),
    readerB: far.reader(),
    join(a, b, options) {
      for (const bytes of early.a.splice(0)) b.link.write(bytes)
      for (const bytes of early.b.splice(0)) a.link.write(bytes)
      near.writeTo(b.link)
      far.writeTo(a.link)
      joinEnds(a.link, b.link, near, far, options)
      near.read(a)
      far.read(b)
      return { bytes: () => ({ a: near.bytes, b: far.bytes }) }
    },
  }
}

/** Joins two links that were opened without a reader. `bytes`: those of `a` and of `b` so far. */
export function relayLinks(
  a: Link,
  b: Link,
  options: JoinOptions = { closeTogether: false },
): { bytes(): { readonly a: number; readonly b: number } } {
  return createRelay().join({ link: a, direct: false }, { link: b, direct: false }, options)
}
