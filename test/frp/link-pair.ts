// Two ends of one connection inside the process, for tests of code that speaks through `Link`s. Like two sockets on
// loopback: bytes arrive later (never inside the write), back-pressure is felt, each direction ends on its own, and a
// `destroy(error)` reaches the other end as a reset.
import { Duplex } from 'node:stream'
import type { AcceptedLink, Link, OpenedLink, Reader } from '../../src/frp/links/link.ts'

const PIECE_BYTES = 64 << 10

class LinkEnd extends Duplex implements Link {
  readonly remoteAddress = '127.0.0.1'
  readonly localAddress = '127.0.0.1'
  readonly localPort: number
  readonly remotePort: number
  #other: LinkEnd | null = null
  #ready: (() => void) | null = null
  #failed = false

  constructor(localPort: number, remotePort: number) {
    super({ allowHalfOpen: true, emitClose: false, autoDestroy: true, highWaterMark: PIECE_BYTES })
    this.localPort = localPort
    this.remotePort = remotePort
  }

  join(other: LinkEnd): void {
    this.#other = other
  }

  destroySoon(): void {
    if (this.writableFinished) this.destroy()
    else {
      this.once('finish', () => this.destroy())
      this.end()
    }
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const copy = Buffer.from(bytes) // the writer may reuse its buffer once `done` ran
    setImmediate(() => this.#carry(copy, 0, done))
  }

  #carry(bytes: Buffer, from: number, done: (error?: Error | null) => void): void {
    const other = this.#other
    for (let at = from; at < bytes.length; at += PIECE_BYTES) {
      if (other === null || other.destroyed) return done(new Error('write EPIPE'))
      if (other.push(bytes.subarray(at, at + PIECE_BYTES))) continue
      other.#ready = () => this.#carry(bytes, at + PIECE_BYTES, done)
      return
    }
    done()
  }

  override _read(): void {
    const ready = this.#ready
    this.#ready = null
    ready?.()
  }

  override _final(done: (error?: Error | null) => void): void {
    setImmediate(() => {
      if (this.#other !== null && !this.#other.destroyed) this.#other.push(null)
      done()
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#failed = error !== null
    const other = this.#other
    const ready = this.#ready
    this.#ready = null
    setImmediate(() => {
      ready?.()
      if (other !== null && !other.destroyed) {
        if (error !== null) other.destroy(new Error('read ECONNRESET'))
        else if (!other.readableEnded && !this.writableFinished) other.push(null)
      }
    })
    done(error)
    process.nextTick(() => this.emit('close', this.#failed))
  }
}

let nextPort = 1

/** Two joined ends. What is written to one arrives at the other; nothing flows before someone listens. */
export function linkPair(): [Link, Link] {
  const [a, b] = [nextPort++, nextPort++]
  const near = new LinkEnd(a, b)
  const far = new LinkEnd(b, a)
  near.join(far)
  far.join(near)
  return [near, far]
}

/** As `dial` or `AcceptedLink.open` would hand it over: with a reader, what arrives goes there. */
export function openedOf(link: Link, reader: Reader | null): OpenedLink {
  if (reader === null) return { link, direct: false }
  link.on('data', (bytes) => {
    let at = 0
    while (at < bytes.length) {
      const into = reader.buffer()
      const count = Math.min(into.length, bytes.length - at)
      into.set(bytes.subarray(at, at + count))
      at += count
      if (reader.callback(count)) continue
      link.pause()
      if (at < bytes.length && link instanceof Duplex) link.unshift(bytes.subarray(at))
      return
    }
  })
  return { link, direct: true }
}

/** The end of a pair as a listener would give it. */
export function acceptedOf(link: Link, first: Buffer | null = null): AcceptedLink {
  return {
    remote: { host: link.remoteAddress ?? '127.0.0.1', port: link.remotePort ?? 0 },
    local: { host: link.localAddress ?? '127.0.0.1', port: link.localPort ?? 0 },
    tls: false,
    first,
    open: (reader) => openedOf(link, reader),
    refuse: () => link.destroySoon(),
  }
}
