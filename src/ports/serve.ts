// HTTP with peers: what this node is asked, on the public port.
import type { AcceptedLink, VhostFinder } from '../frp/index.ts'
import type { OnBytes } from './http.ts'

export interface ServeOptions {
  /** `host:port`; port 0 picks one. */
  readonly address: string
  readonly onRequest: (request: InboundRequest) => Promise<Reply>
  /** All that comes has come through a tunnel, so from this machine: nobody is counted by address. Default: false. */
  readonly isThroughTunnel?: boolean
  /** An frp connection: first byte 0x00, `o`, `w`, `F`, inside TLS or not. Absent: those are turned away. */
  readonly onFrp?: (accepted: AcceptedLink) => void
  /** A connection over the members' channel whose first byte is `CONNECT_BYTE`. Absent: those are turned away. */
  readonly onConnect?: (accepted: AcceptedLink) => void
  /**
   * Domains that others serve here, asked before `onRequest` and before TLS is answered;
   * 0x17-announced TLS is always frp's. Absent: there are none.
   */
  readonly vhosts?: VhostFinder
}

export interface InboundRequest {
  /** The id of the node that asks, proven by the members' channel; null: a stranger. */
  readonly by: string | null
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Who connected. */
  readonly remote: { readonly host: string; readonly port: number }
  /** The whole body; null when it is over `maxBytes` or broke off. */
  body(maxBytes: number): Promise<Buffer | null>
  /** The content of one file part of a multipart body, chunked or not; null when there is none, or it is over `maxBytes`. */
  filePart(field: string, maxBytes: number): Promise<{ readonly name: string; readonly content: Buffer } | null>
  /** The same, but its content is counted and not kept; null when there is none, or it is over `maxBytes`. */
  fileSize(field: string, maxBytes: number): Promise<{ readonly name: string; readonly bytes: number } | null>
  /** Counts the body away; `onBytes` is told of each piece, false ends it. Answers what arrived. */
  drain(onBytes: OnBytes): Promise<number>
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** A string is sent as UTF-8; `filler` is that many bytes of anything, incompressible. */
  readonly body: string | Uint8Array | { readonly type: 'filler'; readonly bytes: number }
  /** Without the headers that say nothing to a node: what type it is of, the date, how long the connection is kept. */
  readonly isBare?: true
  /**
   * Runs once, when the answer has gone out in full or its connection has ended:
   * so many bytes were written of it, without what TLS adds.
   */
  readonly onDone?: (sentBytes: number) => void
  /** Once it is aborted the answer is broken off, however much of it has gone out. */
  readonly signal?: AbortSignal
}
