// HTTP with peers: what this node asks.
import type { Failure } from './failure.ts'
import type { Admit, Listening } from './network.ts'
import type { ServeOptions } from './serve.ts'

/** HTTP with peers, both ways. In the real world: got, and the one public port. */
export interface Http {
  /**
   * Follows no redirect, decompresses nothing, and retries nothing but this: a warm connection that the peer closed before it
   * said a word is replaced once, within the same timeout. Keeps connections warm per address.
   */
  request(address: string, request: PeerRequest): Promise<PeerAnswer | Failure>
  /** Closes warm connections. Those from an address that this machine has lost answer nobody. */
  dropWarm(): void
  /**
   * Has itself told of each address at which the other end closed a warm connection of the members' channel while nothing was under
   * way on it: most often its program has ended. Answers how to be told no more.
   */
  onClosed(tell: (address: string) => void): () => void
  /** Opens the public port: HTTP and frp told apart by the first byte, inside TLS or not. */
  serve(options: ServeOptions): Promise<Listening | Failure>
}

/** Over the members' channel, which proves who answers; or in clear HTTP, as P2PRC's nodes speak it. */
export type Lane = 'channel' | 'clear'

export interface PeerRequest {
  readonly method: 'GET' | 'POST'
  /** Default: `clear`. */
  readonly over?: Lane
  /** The id that must answer, over the channel. Where another node answers nothing is asked of it: a `protocol` failure. */
  readonly expect?: string
  readonly admit?: Admit
  /** With query, starting with `/`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** `filler`: that many bytes of anything, for timing an upload. */
  readonly body?: Uint8Array | { readonly type: 'filler'; readonly bytes: number }
  /** Whole time from the dial to the last byte of the answer. */
  readonly timeoutMs: number
  /** More than this in the answer's body is a `protocol` failure. Default 1 MiB. */
  readonly maxBytes?: number
  /**
   * Told of each piece of the answer's body instead of keeping it: `body` is then empty, and
   * `maxBytes` does not bind. False ends the transfer early.
   */
  readonly onBytes?: OnBytes
  /** Told when the request has ended, however it did, how many bytes this side wrote to its connection; without what TLS adds. */
  readonly onSent?: (bytes: number) => void
  /**
   * Requests that name the same object share connections with one another and with nobody else: one is made for each that is under
   * way at once, and kept for a few seconds. Absent: the warm connections of that address.
   */
  readonly apart?: object
  readonly signal?: AbortSignal
  /**
   * Measures latency: where the answer is a P2PRC `/server_info`, the same is asked again at once, one after another on the same
   * connection and within the same timeout, and each of those answers is timed. For a GET without a body. In the real world a
   * thread of its own does it, on connections of its own.
   */
  readonly timed?: {
    /** So many answers are to be timed. */
    readonly samples: number
    /** The first answer warms what is cold and is not timed: `always`, or only where a connection was made for it (`cold`). */
    readonly primer: 'always' | 'cold'
  }
}

/** Told of each piece of a body, and how to ask what has come on its connection. False: no more is wanted. */
export type OnBytes = (bytes: number, arrived: Meter) => boolean

/**
 * Bytes that have come on a connection so far, as TCP brought them: with what TLS adds, and what of a record has come that is not whole
 * yet and so told to nobody. One and the same for all pieces of a connection.
 */
export type Meter = () => number

export interface PeerAnswer {
  readonly type: 'answer'
  /** The id of the node that answered, proven by the members' channel; null in clear HTTP. */
  readonly by: string | null
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly timing: {
    /** TCP's handshake; null on a warm connection. */
    readonly connectMs: number | null
    /** Request handed to the connected socket to the last byte of the answer, with decimals. */
    readonly answerMs: number
  }
  /**
   * Where the request was `timed`: as `answerMs`, oldest first; none where the answer was no `/server_info`. `discarded`: so many
   * more were thrown away, since whoever measured was late itself. `roughMs`: the least of those, where there is nothing else.
   */
  readonly timed?: { readonly samplesMs: readonly number[]; readonly discarded: number; readonly roughMs: number | null }
}
