// Two ends of a connection inside this process: one for Node's HTTP client, which needs a stream, the other for the tunnel.
import { Duplex } from 'node:stream'
import type { Link } from '../../frp/index.ts'

/** Kept in each direction while nobody reads. */
const BUFFER_BYTES = 64 << 10

/** Like a socket: each direction ends on its own, back-pressure is felt, and `destroy(error)` reaches the other end as a reset. */
class LinkEnd extends Duplex implements Link {
  #other: LinkEnd | null = null
  /** The other end's write that waits until this one is read. */
  #taken: (() => void) | null = null

  constructor() {
    super({ allowHalfOpen: true, emitClose: false, highWaterMark: BUFFER_BYTES })
  }

  join(other: LinkEnd): void {
    this.#other = other
  }

  destroySoon(): void {
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy()).end()
  }

  override _read(): void {
    const taken = this.#taken
    this.#taken = null
    taken?.()
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const other = this.#other
    if (other === null || other.destroyed) return done(new Error('the other end is gone'))
    // The writer may use its buffer again once `done` ran, and the reader may keep what it got.
    if (other.push(Buffer.from(bytes))) done()
    else other.#taken = done
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#other?.destroyed === false) this.#other.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const other = this.#other
    const taken = this.#taken
    this.#taken = null
    done(error)
    process.nextTick(() => {
      this.emit('close', error !== null)
      taken?.()
      // An end that has ended its direction is closed as a socket is: the other end may still send.
      if (error === null && this.writableFinished) return
      if (other !== null && !other.destroyed) other.destroy(new Error('the other end was reset'))
    })
  }
}

export function linkPair(): readonly [near: Duplex & Link, far: Link] {
  const near = new LinkEnd()
  const far = new LinkEnd()
  near.join(far)
  far.join(near)
  return [near, far]
}
