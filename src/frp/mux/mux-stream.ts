// One yamux stream: first used for messages (`write`, `onBytes`), then joined to a link (`relay`). No byte is copied between the
// session's link and the joined one. Only credit limits the sender: the other end gets it once the joined link has taken the
// bytes. So a slow reader holds at most its own window, and never delays another stream.
import type { Link, Reader } from '../links/link.ts'
import type { MuxStream } from './mux-contract.ts'
import type { Slab } from './slabs.ts'
import type { StreamHost } from './stream-host.ts'
import { FLAG, FRAME, HEADER_BYTES, INITIAL_WINDOW_BYTES, putHeader } from './yamux-frame.ts'

const MESSAGE_FRAME_BYTES = 64 << 10
/** Frames below this share a system call with what else is said in the same tick. */
export const SMALL_BYTES = 4096
/** A window grows where half of it was read within this. */
const KEEPS_UP_MS = 1000

interface Piece {
  readonly slab: Slab
  readonly from: number
  to: number
}

/** A write to the joined link that was not confirmed yet. `slabs` are those it still needs. */
interface Unconfirmed {
  readonly bytes: number
  slabs: readonly Piece[]
}

const NONE: readonly Piece[] = []
/** A session may have thousands of idle streams, so they have no lists of their own: these two stay empty. */
const NO_BUFFERS: Buffer[] = []
const NO_PIECES: Piece[] = []

/** The list with one more item; an empty list is shared, and so replaced. */
function grown<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item]
  list.push(item)
  return list
}

export class YamuxStream implements MuxStream {
  readonly id: number
  onEnd: (() => void) | null = null
  onGone: (() => void) | null = null
  urgent = false
  bytesIn = 0
  bytesOut = 0
  /** Received and not yet taken by the reader. */
  heldBytes = 0
  /** `bytesIn` when our end was last found done and the other's not. */
  bytesInAtEnd = 0
  /** Most the other end may have in flight. */
  window: number
  readonly #host: StreamHost
  #onBytes: ((bytes: Buffer) => void) | null = null
  // receiving
  #receivable: number // of the window, not yet used by the other end
  #consumed = 0 // taken by the reader, not yet credited
  #creditedAt: number
  #gotFin = false
  #endTold = false
  #early = NO_BUFFERS // arrived before anyone listened
  #pieces = NO_PIECES // arrived in this read
  #piecesBytes = 0
  #endAfterPieces = false
  #unconfirmed: Unconfirmed[] | null = null // oldest first
  // sending
  #sendable = INITIAL_WINDOW_BYTES
  #unsent = NO_BUFFERS // for which credit ran out
  #unsentBytes = 0
  #ending = false
  #sentFin = false
  #paused = false
  #inTurn = false
  #sinceTurn = 0
  // the whole
  #link: Link | null = null
  #linkClosed = false
  #closeTogether = false
  #discards = false // our end closed both directions: what still arrives is dropped
  #flushing = false // the joined link ends by itself once it has written all
  #dead = false
  #removed = false
  #goneTold = false
  #release: (() => void) | null = null
  #onWritten: (() => void) | null = null

  constructor(host: StreamHost, id: number, window: number) {
    this.#host = host
    this.id = id
    this.window = window
    this.#receivable = window
    this.#creditedAt = host.clock.now()
  }

  get onBytes(): ((bytes: Buffer) => void) | null {
    return this.#onBytes
  }

  set onBytes(listener: ((bytes: Buffer) => void) | null) {
    this.#onBytes = listener
    while (this.#onBytes !== null) {
      const bytes = this.#early.shift()
      if (bytes === undefined) break
      this.#consume(bytes.length)
      this.#onBytes(bytes)
    }
    this.#tellEnd()
  }

  /** Joined to a link. */
  get joined(): boolean {
    return this.#link !== null
  }

  /** Bytes written that wait for the other end's credit. */
  get unsentBytes(): number {
    return this.#unsentBytes
  }

  // ------------------------------------------------------------------------------------------------------ receiving
  /** Takes `count` of the credit given; false: there was not that much. */
  spend(count: number): boolean {
    this.#receivable -= count
    return this.#receivable >= 0
  }

  /** Bytes from the session's link. */
  deliver(slab: Slab, from: number, to: number): void {
    if (this.#dead || this.#gotFin) return
    const count = to - from
    this.bytesIn += count
    this.#hold(count)
    if (this.#link === null) {
      const copy = Buffer.from(slab.bytes.subarray(from, to))
      if (this.#onBytes === null || this.#early.length > 0) this.#early = grown(this.#early, copy)
      else {
        this.#consume(count)
        this.#onBytes(copy)
      }
      return
    }
    if (this.#discards) return this.#consume(count)
    const last = this.#pieces.at(-1)
    if (last === undefined) this.#host.touch(this)
    this.#piecesBytes += count
    if (last !== undefined && last.slab === slab && last.to === from) {
      last.to = to
      return
    }
    slab.refs++
    this.#pieces = grown(this.#pieces, { slab, from, to })
  }

  /** Hands what this read brought to the joined link, in one write. */
  flush(): void {
    const pieces = this.#pieces
    const count = this.#piecesBytes
    if (pieces.length === 0) return
    this.#pieces = NO_PIECES
    this.#piecesBytes = 0
    const link = this.#link
    if (link === null || link.destroyed || this.#discards) this.#consume(count)
    else this.#writeTo(link, pieces, count)
    this.#dropAll(pieces)
    if (!this.#endAfterPieces) return
    this.#endAfterPieces = false
    this.#endLink()
  }

  #writeTo(link: Link, pieces: readonly Piece[], count: number): void {
    const crowded = link.writableLength > 0
    const entry: Unconfirmed = { bytes: count, slabs: NONE }
    const needed: Piece[] = []
    this.#unconfirmed ??= []
    this.#unconfirmed.push(entry)
    const several = pieces.length > 1
    if (several) link.cork()
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i]
      if (piece === undefined) break
      let bytes = piece.slab.bytes.subarray(piece.from, piece.to)
      // it will wait, and a small piece must not keep a large slab in use
      if (crowded && bytes.length < piece.slab.bytes.length >> 3) bytes = Buffer.from(bytes)
      else needed.push(piece)
      if (i < pieces.length - 1) link.write(bytes)
      else link.write(bytes, this.#confirm())
    }
    if (several) link.uncork()
    // nothing waits: the kernel has it all, and the slabs are free
    if (link.writableLength === 0) return
    for (const piece of needed) piece.slab.refs++
    entry.slabs = needed
  }

  #confirm(): () => void {
    this.#onWritten ??= () => this.#written()
    return this.#onWritten
  }

  #written(): void {
    const entry = this.#unconfirmed?.shift()
    if (entry === undefined) return
    this.#dropAll(entry.slabs)
    this.#consume(entry.bytes)
  }

  #hold(bytes: number): void {
    this.heldBytes += bytes
    this.#host.hold(bytes)
  }

  /** Credits in half windows, and widens the window while the reader keeps up. */
  #consume(count: number): void {
    this.#hold(-count)
    this.#consumed += count
    if (this.#consumed < this.window / 2 || this.#gotFin || this.#removed) return
    let credit = this.#consumed
    const host = this.#host
    const now = host.clock.now()
    const more = Math.min(2 * this.window, host.limits.windowMaxBytes) - this.window
    if (more > 0 && now - this.#creditedAt <= KEEPS_UP_MS && host.grant(more)) {
      this.window += more
      credit += more
    }
    this.#creditedAt = now
    this.#consumed = 0
    this.#receivable += credit
    host.control(FRAME.window, 0, this.id, credit)
  }

  /** The other end's FIN. A second one does nothing; stock frp ends the session then. */
  finished(): void {
    if (this.#gotFin || this.#dead) return
    this.#gotFin = true
    if (this.#closeTogether) this.#endNow()
    if (this.#sentFin) this.#leave()
    if (this.#pieces.length > 0) this.#endAfterPieces = true
    else if (this.#link !== null) this.#endLink()
    else this.#tellEnd()
  }

  #tellEnd(): void {
    if (!this.#gotFin || this.#endTold || this.onEnd === null || this.#early.length > 0) return
    this.#endTold = true
    this.onEnd()
  }

  #endLink(): void {
    if (this.#closeTogether) this.#link?.destroySoon()
    else this.#link?.end()
  }

  // -------------------------------------------------------------------------------------------------------- sending
  write(bytes: Uint8Array): void {
    if (this.#dead || this.#ending || bytes.length === 0) return
    let at = 0
    if (this.#unsent.length === 0) {
      while (at < bytes.length && this.#sendable > 0) {
        const count = Math.min(bytes.length - at, this.#sendable, MESSAGE_FRAME_BYTES)
        const frame = Buffer.allocUnsafe(HEADER_BYTES + count)
        frame.set(bytes.subarray(at, at + count), HEADER_BYTES)
        this.#sendFrame(frame, count, null)
        at += count
      }
    }
    if (at < bytes.length) this.#keep(Buffer.from(bytes.subarray(at)))
  }

  #keep(bytes: Buffer): void {
    this.#unsent = grown(this.#unsent, bytes)
    this.#unsentBytes += bytes.length
  }

  /** `frame` has room for the header in front. */
  #sendFrame(frame: Buffer, count: number, done: (() => void) | null): void {
    this.#spendCredit(count)
    putHeader(frame, FRAME.data, 0, this.id, count)
    this.#host.send(frame, done)
  }

  /** For bytes that nobody changes any more: they are sent without a copy, behind a header of their own. */
  #sendOwned(bytes: Buffer): void {
    const count = Math.min(bytes.length, this.#sendable)
    if (count > 0) {
      if (count < SMALL_BYTES) {
        const frame = Buffer.allocUnsafe(HEADER_BYTES + count)
        bytes.copy(frame, HEADER_BYTES, 0, count)
        this.#sendFrame(frame, count, null)
      } else {
        this.#spendCredit(count)
        this.#host.control(FRAME.data, 0, this.id, count) // it is small, and written together with the body
        this.#host.send(bytes.subarray(0, count), null)
      }
    }
    if (count < bytes.length) this.#keep(bytes.subarray(count))
  }

  #spendCredit(count: number): void {
    this.#sendable -= count
    this.bytesOut += count
    if (this.urgent) this.#host.carried(this.id, count)
  }

  #sendUnsent(): void {
    const unsent = this.#unsent
    this.#unsent = NO_BUFFERS
    this.#unsentBytes = 0
    for (const bytes of unsent) {
      if (this.#sendable > 0) this.#sendOwned(bytes)
      else this.#keep(bytes)
    }
  }

  end(): void {
    if (this.#dead || this.#ending) return
    this.#ending = true
    if (this.#unsent.length === 0) this.#sendFin()
  }

  /** Ends our direction, although some bytes still wait for credit. */
  #endNow(): void {
    this.#ending = true
    this.#unsent = NO_BUFFERS
    this.#unsentBytes = 0
    this.#sendFin()
  }

  #sendFin(): void {
    if (this.#sentFin || this.#dead) return // stock frp ends the whole session at a second FIN
    this.#sentFin = true
    this.#host.control(FRAME.window, FLAG.fin, this.id, 0)
    if (this.#gotFin) this.#leave()
    else this.#host.ended(this)
  }

  reset(): void {
    if (!this.#dead && !this.#removed) this.#host.control(FRAME.window, FLAG.rst, this.id, 0)
    this.abort()
  }

  /** The session is over. What the other end had sent to its end still reaches the joined link. */
  cutOff(): void {
    if (this.#gotFin && this.#link !== null) {
      this.flush()
      this.#flushing = true
      this.#link.destroySoon()
    }
    this.abort()
  }

  /** The other end reset the stream. */
  abort(): void {
    if (this.#dead) return
    this.#dead = true
    this.#dropAll(this.#pieces)
    this.#hold(-this.#piecesBytes)
    for (const bytes of this.#early) this.#hold(-bytes.length)
    this.#early = NO_BUFFERS
    this.#pieces = NO_PIECES
    this.#piecesBytes = 0
    this.#unsent = NO_BUFFERS
    this.#unsentBytes = 0
    if (!this.#flushing) this.#link?.destroy()
    this.#leave()
  }

  #leave(): void {
    if (!this.#removed) {
      this.#removed = true
      this.#host.remove(this)
    }
    this.#tellGone()
  }

  #tellGone(): void {
    if (this.#goneTold || !this.#removed || (this.#link !== null && !this.#linkClosed)) return
    this.#goneTold = true
    this.#host.gone(this)
    this.onGone?.()
  }

  /** More credit. */
  credited(count: number): void {
    this.#sendable += count
    if (this.#unsent.length > 0 || this.#paused) this.resume()
  }

  /** Sends what waited and lets the joined link be read again, if credit and queue allow. */
  resume(): void {
    this.#inTurn = false
    if (this.#dead) return
    if (this.#unsent.length > 0) {
      this.#sendUnsent()
      if (this.#unsent.length > 0) return
      if (this.#ending) this.#sendFin()
    }
    if (!this.#paused || this.#sendable <= 0 || this.#link === null || this.#ending) return
    if (this.#host.full) return this.#queueUp()
    this.#paused = false
    this.#sinceTurn = 0
    this.#link.resume()
  }

  #queueUp(): void {
    if (this.#inTurn) return
    this.#inTurn = true
    this.#host.queueUp(this)
  }

  /** After each read: may the joined link be read further? */
  #mayRead(): boolean {
    const hasCredit = this.#unsent.length === 0 && this.#sendable > 0
    if (hasCredit && (this.#sinceTurn < this.#host.share || !this.#host.busy)) return true
    this.#paused = true
    if (hasCredit) this.#queueUp()
    return false
  }

  // -------------------------------------------------------------------------------------------------------- joining
  reader(): Reader {
    const { slabs, limits } = this.#host
    let size = limits.slabMinBytes
    let slab: Slab | null = null
    this.#release = () => {
      if (slab !== null) slabs.drop(slab)
      slab = null
    }
    return {
      // Node asks after every read, also where that stopped reading. The bytes come behind room for a header, so that the slab
      // is the frame.
      buffer: () => {
        if (slab !== null) slabs.drop(slab)
        slab = slabs.take(size)
        return slab.bytes.subarray(HEADER_BYTES)
      },
      callback: (count) => {
        const read = slab
        if (read === null) return true
        slab = null
        size = slabs.nextSize(size, count, HEADER_BYTES, limits.slabMinBytes, this.#host.slabMaxBytes)
        this.#sinceTurn += count
        if (this.#dead || this.#ending) slabs.drop(read)
        else if (this.#sendable >= count && this.#unsent.length === 0) {
          this.#sendFrame(read.bytes.subarray(0, HEADER_BYTES + count), count, () => slabs.drop(read))
        } else {
          this.write(read.bytes.subarray(HEADER_BYTES, HEADER_BYTES + count))
          slabs.drop(read)
        }
        return this.#mayRead()
      },
    }
  }

  relay(link: Link, options: { readonly direct: boolean; readonly rest: Buffer | null; readonly closeTogether: boolean }): void {
    this.#link = link
    this.#closeTogether = options.closeTogether
    this.#onBytes = null
    this.onEnd = null
    this.urgent = true
    this.#host.joined(this)
    if (!options.direct) {
      link.on('data', (bytes) => {
        this.#sinceTurn += bytes.length
        if (this.#dead || this.#ending) return
        if (this.#unsent.length > 0) this.#keep(bytes)
        else this.#sendOwned(bytes)
        if (!this.#mayRead()) link.pause()
      })
    }
    link.on('end', () => this.#linkEnded())
    link.on('error', () => this.reset())
    link.on('close', (failed) => this.#linkGone(failed))
    if (this.#dead || link.destroyed) {
      if (link.destroyed) {
        this.#linkClosed = true // 'close' may have been told before anyone listened
        this.#release?.()
      } else link.destroy()
      this.reset()
      this.#tellGone()
      return
    }
    const early = this.#early
    this.#early = NO_BUFFERS
    if (options.rest !== null && options.rest.length > 0) link.write(options.rest)
    for (const bytes of early) {
      this.#unconfirmed ??= []
      this.#unconfirmed.push({ bytes: bytes.length, slabs: NONE })
      link.write(bytes, this.#confirm())
    }
    if (this.#gotFin) {
      if (this.#closeTogether) this.#endNow()
      this.#endLink()
    }
    if (link.readableEnded === true) this.#linkEnded()
    else if (this.#paused) this.resume()
    else link.resume()
  }

  #linkEnded(): void {
    this.end()
    if (!this.#closeTogether) return
    this.flush()
    this.#discards = true
    this.#link?.destroySoon()
  }

  #linkGone(failed: boolean): void {
    this.#release?.()
    this.#linkClosed = true
    for (const entry of this.#unconfirmed?.splice(0) ?? []) {
      this.#dropAll(entry.slabs)
      this.#hold(-entry.bytes)
    }
    // where both directions have ended this is no reset, although a rest may wait for credit
    const through = this.#ending && (this.#gotFin || this.#discards)
    if (failed || !through) this.reset()
    this.#tellGone()
  }

  #dropAll(pieces: readonly Piece[]): void {
    for (const piece of pieces) this.#host.slabs.drop(piece.slab)
  }
}
