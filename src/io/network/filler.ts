// Random bytes, for timing a transfer.
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'

/** Large, so that there are few system calls, but not so large that the last piece is late. */
const PIECE_BYTES = 64 * 1024
/** Made once per process. It is random, so that nothing on the path can compress it. */
const pool = randomBytes(4 * PIECE_BYTES)

/**
 * TLS's records of a timed transfer, whose default is 16 KiB. Beside those a shaped path of 20 Mbit/s was read 20 % too high;
 * with 4 KiB and 8 KiB within 1 %, and smaller ones take more of both processors.
 */
const RECORD_BYTES = 8 * 1024

/** Before filler is sent: fits the socket for being timed. It stays so. */
export function fitForFiller(socket: object | null): void {
  if (socket instanceof TLSSocket) socket.setMaxSendFragment(RECORD_BYTES)
}

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
