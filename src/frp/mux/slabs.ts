// Read buffers with a count of references, used again once there is none. A new buffer for every read costs a third of the
// throughput. A fixed one for every connection costs memory for those that are idle.

/** A buffer, and how many still need a part of it. */
export interface Slab {
  readonly bytes: Buffer
  refs: number
}

export class Slabs {
  /** In use now. Beyond it reads get smaller. */
  readonly #budgetBytes: number
  /** Kept for use again; more is left to the garbage collector. */
  readonly #keptBytes: number
  readonly #free = new Map<number, Slab[]>()
  #freeBytes = 0
  #usedBytes = 0

  constructor(budgetBytes = 64 << 20, keptBytes = 16 << 20) {
    this.#budgetBytes = budgetBytes
    this.#keptBytes = keptBytes
  }

  /** A slab with one reference, the caller's. */
  take(size: number): Slab {
    this.#usedBytes += size
    const kept = this.#free.get(size)?.pop()
    if (kept === undefined) return { bytes: Buffer.allocUnsafeSlow(size), refs: 1 }
    this.#freeBytes -= size
    kept.refs = 1
    return kept
  }

  /** Gives one reference back. */
  drop(slab: Slab): void {
    slab.refs--
    if (slab.refs > 0) return
    const size = slab.bytes.length
    this.#usedBytes -= size
    if (this.#freeBytes + size > this.#keptBytes) return
    this.#freeBytes += size
    const kept = this.#free.get(size)
    if (kept === undefined) this.#free.set(size, [slab])
    else kept.push(slab)
  }

  /**
   * The size of the next read: four times as large while reads fill the slab,
   * smaller when they use little of it or when many are in use.
   */
  nextSize(size: number, got: number, spare: number, min: number, max: number): number {
    let next = size
    if (got >= size - spare) next = size << 2
    else if (got < size >> 4) next = size >> 2
    if (this.#usedBytes > this.#budgetBytes) next = Math.min(next, this.#usedBytes > 2 * this.#budgetBytes ? min : 64 << 10)
    return Math.max(min, Math.min(max, next))
  }
}

/** One for the process: the budget is the machine's, not a session's. */
export const sharedSlabs = new Slabs()
