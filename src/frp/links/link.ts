// A connection as the frp code uses it. `net.Socket`, `tls.TLSSocket` and the simulated socket are all `Link`s, so the tunnel's core
// does not depend on any of them.

/** A two-way byte stream, half-open allowed. Events and back-pressure are those of a Node stream. */
export interface Link {
  /** Queues bytes; `done` runs once they were passed on, or the link was closed. The bytes must not change before that. */
  write(bytes: Uint8Array, done?: (error?: Error | null) => void): boolean
  /** Bytes queued and not passed on yet. */
  readonly writableLength: number
  cork(): void
  uncork(): void
  pause(): unknown
  resume(): unknown
  /** Ends the sending side; what was written still goes out. */
  end(): unknown
  /** Ends both sides now. What is not sent yet is lost. */
  destroy(error?: Error): unknown
  /** Ends both sides once what was written has gone out. */
  destroySoon(): void
  readonly destroyed: boolean
  /** 'end' was told already. Absent: not known. */
  readonly readableEnded?: boolean
  setNoDelay?(noDelay?: boolean): unknown
  on(event: 'data', listener: (bytes: Buffer) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close', listener: (failed: boolean) => void): unknown
  on(event: 'end' | 'drain', listener: () => void): unknown
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
}

/**
 * Lets a link read straight into buffers of the reader's choosing (node:net's `onread`). `buffer` is asked before every
 * read and must always answer; `callback` gets the count and says whether to go on reading (`link.resume()` starts again).
 */
export interface Reader {
  buffer(): Uint8Array
  callback(bytes: number): boolean
}

/** `direct`: what arrives goes to the reader; otherwise listen for 'data'. */
export interface OpenedLink {
  readonly link: Link
  readonly direct: boolean
}

/** A connection that came in, of which nothing but `first` has been read. */
export interface AcceptedLink {
  readonly remote: { readonly host: string; readonly port: number }
  readonly local: { readonly host: string; readonly port: number }
  /** The id of the node at the other end, proven by the members' channel. Absent: a stranger. */
  readonly member?: string
  /** What arrives was carried by TLS and comes in records of 16 KiB. */
  readonly tls: boolean
  /** Bytes already read from it; they come before everything else. */
  readonly first: Buffer | null
  /** Takes the connection over; call once. Nothing flows before. */
  open(reader: Reader | null): OpenedLink
  /** Turns the connection away instead. */
  refuse(): void
}
