// What the rest of the frp code knows of the multiplexer: a session of streams over one link. `mux.ts` does it with yamux. Without
// mux (tcp_mux off) every stream is a connection of its own: `links/connection-stream.ts`.
import type { Link, Reader } from '../links/link.ts'

export interface MuxSession {
  /** Opens a stream; bytes may be written at once. Null once the session is closed or too many are open. */
  open(): MuxStream | null
  /** Ends the session and every stream in it. */
  close(why: string): void
  readonly closed: boolean
  /** Streams open now. */
  readonly streamCount: number
}

export interface MuxStream {
  readonly id: number
  /** For messages: called with every piece that arrives until `relay`. Pieces may be kept. */
  onBytes: ((bytes: Buffer) => void) | null
  /** The other end sent its last byte (once), before `relay`. */
  onEnd: (() => void) | null
  /** The stream is gone, both ways (once), whatever the reason. */
  onGone: (() => void) | null
  /** Sends a message; the bytes are copied where they must wait. */
  write(bytes: Uint8Array): void
  /** No more will be sent. */
  end(): void
  /** Ends both ways at once. */
  reset(): void
  /**
   * A reader for the link that will be joined to this stream, for `dial` or
   * `AcceptedLink.open`: what it reads goes out as frames without a copy.
   */
  reader(): Reader
  /**
   * Joins the stream and a link until both directions have ended. Half-close is passed on in both directions unless
   * `closeTogether` (stock frp's behaviour: either end closes both). `rest`: bytes of the stream read beyond the messages.
   * The link must allow half-open. `direct`: it was opened with `reader()`.
   */
  relay(link: Link, options: { readonly direct: boolean; readonly rest: Buffer | null; readonly closeTogether: boolean }): void
  /** It carries a user's bytes, so where they are small it may be interactive. Set by `relay`; our own messages don't count. */
  urgent?: boolean
  /** Bytes written that wait for the other end's credit. Absent: not known. */
  readonly unsentBytes?: number
  /** Bytes of payload so far. */
  readonly bytesIn: number
  readonly bytesOut: number
}
