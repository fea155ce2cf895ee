// A stream that has a connection of its own (tcp_mux off). What its link and the joined link read is written to the other one
// without a copy.
import type { MuxStream } from '../mux/mux-contract.ts'
import type { Link, OpenedLink, Reader } from './link.ts'
import { joinEnds, OneWay } from './relay.ts'

/** Bytes kept while nobody listens. */
const EARLY_MAX_BYTES = 64 << 10

export interface ConnectionStream extends MuxStream {
  /** Before `start`: a reader for the stream's own link. After: one for the link that will be joined to it. */
  reader(): Reader
  /** Begins, once the link stands. `first`: bytes read from it before. */
  start(opened: OpenedLink, first: Buffer | null): void
}

export interface ConnectionStreamOptions {
  /** TLS carries the stream's own link. */
  readonly tls?: boolean
  /** To tell streams apart; it means nothing else. Default 0. */
  readonly id?: number
}

export function createConnectionStream(options: ConnectionStreamOptions = {}): ConnectionStream {
  return new LinkStream(options)
}

class LinkStream implements ConnectionStream {
  readonly id: number
  onEnd: (() => void) | null = null
  onGone: (() => void) | null = null
  readonly #inward: OneWay // from its own link
  readonly #outward: OneWay // from the joined one
  #onBytes: ((bytes: Buffer) => void) | null = null
  #link: Link | null = null
  #closed = false
  #joined: Link | null = null
  #joinedClosed = false
  #early: Buffer[] = []
  #earlyBytes = 0
  #unsent: Buffer[] = [] // written before the link stood, or read from the joined link before it was
  #messageBytes = 0
  #ended = false
  #endTold = false
  #ending = false
  #dead = false
  #goneTold = false

  constructor({ tls = false, id = 0 }: ConnectionStreamOptions) {
    this.id = id
    this.#inward = new OneWay({ gather: tls, onBytes: (bytes) => this.#arrived(bytes) })
    this.#outward = new OneWay({
      gather: false,
      onBytes: (bytes) => {
        this.#write(bytes)
        return true
      },
    })
  }

  get bytesIn(): number {
    return this.#inward.bytes
  }

  get bytesOut(): number {
    return this.#outward.bytes + this.#messageBytes
  }

  get onBytes(): ((bytes: Buffer) => void) | null {
    return this.#onBytes
  }

  set onBytes(listener: ((bytes: Buffer) => void) | null) {
    this.#onBytes = listener
    while (this.#onBytes !== null) {
      const bytes = this.#early.shift()
      if (bytes === undefined) break
      this.#earlyBytes -= bytes.length
      this.#onBytes(bytes)
    }
    if (this.#early.length === 0) this.#inward.resume()
    this.#tellEnd()
  }

  reader(): Reader {
    return this.#link === null ? this.#inward.reader() : this.#outward.reader()
  }

  start(opened: OpenedLink, first: Buffer | null): void {
    const { link } = opened
    this.#link = link
    link.setNoDelay?.(true)
    link.on('error', () => {}) // 'close' follows
    link.on('end', () => {
      this.#inward.flush()
      this.#ended = true
      this.#tellEnd()
    })
    link.on('close', () => {
      this.#closed = true
      this.#tellGone()
    })
    if (first !== null && first.length > 0) {
      this.#inward.bytes += first.length
      this.#arrived(first)
    }
    for (const bytes of this.#unsent.splice(0)) link.write(bytes)
    if (this.#dead) link.destroy()
    else if (this.#ending) link.end()
    this.#inward.read(opened)
  }

  /** Before a link is joined. */
  #arrived(bytes: Buffer): boolean {
    if (this.#onBytes !== null && this.#early.length === 0) {
      this.#onBytes(bytes)
      return true
    }
    this.#early.push(bytes)
    this.#earlyBytes += bytes.length
    return this.#earlyBytes < EARLY_MAX_BYTES
  }

  #tellEnd(): void {
    if (!this.#ended || this.#endTold || this.onEnd === null || this.#early.length > 0) return
    this.#endTold = true
    this.onEnd()
  }

  #tellGone(): void {
    if (this.#goneTold || !this.#closed || (this.#joined !== null && !this.#joinedClosed)) return
    this.#goneTold = true
    this.onGone?.()
  }

  write(bytes: Uint8Array): void {
    if (this.#ending || this.#dead) return
    this.#messageBytes += bytes.length
    this.#write(Buffer.from(bytes))
  }

  #write(bytes: Buffer): void {
    if (this.#link === null) this.#unsent.push(bytes)
    else if (!this.#link.destroyed) this.#link.write(bytes)
  }

  end(): void {
    if (this.#ending) return
    this.#ending = true
    this.#link?.end()
  }

  reset(): void {
    this.#dead = true
    this.#link?.destroy()
    this.#joined?.destroy()
  }

  relay(
    joined: Link,
    { direct, rest, closeTogether }: { readonly direct: boolean; readonly rest: Buffer | null; readonly closeTogether: boolean },
  ): void {
    const link = this.#link
    this.#joined = joined
    this.#onBytes = null
    this.onEnd = null
    joined.on('error', () => {}) // 'close' follows
    joined.on('close', () => {
      this.#joinedClosed = true
      this.#tellGone()
    })
    if (link === null || link.destroyed) {
      if (joined.destroyed) this.#joinedClosed = true
      else joined.destroy()
      return
    }
    if (rest !== null && rest.length > 0) joined.write(rest)
    for (const bytes of this.#early.splice(0)) joined.write(bytes)
    this.#inward.writeTo(joined)
    this.#outward.writeTo(link)
    joinEnds(link, joined, this.#inward, this.#outward, { closeTogether })
    if (this.#ended && link.readableEnded !== true) {
      if (closeTogether) joined.destroySoon()
      else joined.end()
    }
    this.#outward.read({ link: joined, direct })
  }
}
