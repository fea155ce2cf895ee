// Bytes that came and are not read yet. Small pieces are copied into one buffer that doubles, so the cost in time and memory stays in
// proportion to the bytes, also where they come one by one.

const LEAST_BYTES = 512

export class ByteQueue {
  #bytes: Buffer = Buffer.alloc(0)
  #from = 0
  #to = 0

  get length(): number {
    return this.#to - this.#from
  }

  /** The piece may be kept. */
  push(piece: Buffer): void {
    if (this.length === 0) {
      this.#bytes = piece
      this.#from = 0
      this.#to = piece.length
      return
    }
    const length = this.length + piece.length
    if (this.#to + piece.length > this.#bytes.length || this.#to === this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(LEAST_BYTES, 2 * length))
      this.#bytes.copy(grown, 0, this.#from, this.#to)
      this.#bytes = grown
      this.#to -= this.#from
      this.#from = 0
    }
    piece.copy(this.#bytes, this.#to)
    this.#to += piece.length
  }

  /** All bytes, without taking them; valid until the next `push`. */
  peek(): Buffer {
    return this.#bytes.subarray(this.#from, this.#to)
  }

  /** The next `count` bytes, which must be there. They are not written to again. */
  take(count: number): Buffer {
    const taken = this.#bytes.subarray(this.#from, this.#from + count)
    this.#from += count
    return taken
  }

  /** All of it; null when there is nothing. */
  takeRest(): Buffer | null {
    return this.length === 0 ? null : this.take(this.length)
  }
}
