// The size of TLS records of a timed transfer. A record is known to have come only once all of it is there: in large ones a slow
// path is seen to deliver nothing and then 16 KiB at once; small ones take a fast path's processor.
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** Of TLS 1.3, to each record: a header of 5 bytes, the content's type, and a tag of 16 (RFC 8446 §5.2). */
const RECORD_BYTES = 22
/** About a packet's content. */
const SMALLEST_BYTES = 1_400
/** What TLS allows, and what is used where nothing is timed. */
const LARGEST_BYTES = 16_384
/** A record holds what goes out in this time. */
const RECORD_MS = 0.5
const LOOK_MS = 30

/**
 * What a piece that came took on the wire. Node hands over each record by itself; what an answer's head shares a record with is
 * counted a few bytes too high.
 */
export const wireBytesOf = (socket: object | null, pieceBytes: number): number =>
  socket instanceof TLSSocket ? pieceBytes + RECORD_BYTES * Math.ceil(pieceBytes / LARGEST_BYTES) : pieceBytes

/** Fits the records to the rate at which they go out, until the answer is called. Without TLS there are none. */
export function fitRecords(socket: Socket | null): () => void {
  if (!(socket instanceof TLSSocket)) return () => {}
  let written = socket.bytesWritten
  socket.setMaxSendFragment(SMALLEST_BYTES)
  const timer = setInterval(() => {
    const bytes = ((socket.bytesWritten - written) * RECORD_MS) / LOOK_MS
    written = socket.bytesWritten
    socket.setMaxSendFragment(Math.round(Math.min(LARGEST_BYTES, Math.max(SMALLEST_BYTES, bytes))))
  }, LOOK_MS)
  const stop = (): void => {
    clearInterval(timer)
    socket.removeListener('close', stop)
    if (!socket.destroyed) socket.setMaxSendFragment(LARGEST_BYTES)
  }
  socket.once('close', stop)
  return stop
}
