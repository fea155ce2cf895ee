// Into which buffers a session's link is read.
import type { MuxLimits } from './mux-limits.ts'
import type { Slab, Slabs } from './slabs.ts'

/** Bytes of TLS come in records of this size. */
export const RECORD_BYTES = 16 << 10

export class SessionReads {
  /** The slab that is read into; null: none is. */
  slab: Slab | null = null
  readonly #slabs: Slabs
  readonly #limits: MuxLimits
  readonly #gather: boolean
  #at = 0
  #bytes: number
  #last = 0

  constructor(slabs: Slabs, limits: MuxLimits, gather: boolean) {
    this.#slabs = slabs
    this.#limits = limits
    this.#gather = gather
    this.#bytes = limits.readMinBytes
  }

  /** The room for the next read. */
  next(): Buffer {
    const { readMinBytes, readMaxBytes } = this.#limits
    const slab = this.slab
    // records of TLS fill one slab, one behind the other, so that a frame of several stays one slice
    if (slab !== null && this.#gather && slab.bytes.length - this.#at >= RECORD_BYTES) return slab.bytes.subarray(this.#at)
    const size = this.#gather
      ? this.#last >= RECORD_BYTES / 2
        ? readMaxBytes
        : readMinBytes
      : this.#slabs.nextSize(this.#bytes, this.#last, 0, readMinBytes, readMaxBytes)
    this.#at = 0
    if (slab !== null && slab.refs === 1 && size === slab.bytes.length) return slab.bytes // nobody else needs it any more
    if (slab !== null) this.#slabs.drop(slab)
    this.#bytes = size
    const next = this.#slabs.take(size)
    this.slab = next
    return next.bytes
  }

  /** So many bytes were read. Answers where they begin in the slab. */
  took(count: number): number {
    const at = this.#at
    this.#at += count
    this.#last = count
    return at
  }

  drop(): void {
    if (this.slab !== null) this.#slabs.drop(this.slab)
    this.slab = null
  }
}
