// Bytes of no meaning, for timing a transfer.
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'

/** Large enough for few system calls, and to say its last piece soon. */
const PIECE_BYTES = 64 * 1024
/** Random once per process, so that nothing on the way can compress it. */
const pool = randomBytes(4 * PIECE_BYTES)

/** A stream of that many incompressible bytes; made as they are asked for. */
export function fillerStream(bytes: number): Readable {
  let left = bytes
  let at = 0
  return new Readable({
    highWaterMark: 4 * PIECE_BYTES,
    read() {
      const count = Math.min(left, PIECE_BYTES)
      if (count === 0) return void this.push(null)
      this.push(pool.subarray(at, at + count))
      at = (at + PIECE_BYTES) % pool.length
      left -= count
    },
  })
}
