// A request for a domain as the relay sees it. Users ask over HTTP/1 or HTTP/2; the service is always asked over HTTP/1.1.
import type { Duplex, Readable, Writable } from 'node:stream'
import type { SocketEnd } from '../network/socket-ends.ts'
import type { Page } from './vhost-pages.ts'

/** Names and values in turn, in the order and the case they came in. */
export type RawHeaders = readonly string[]

export interface AnswerHead {
  readonly status: number
  readonly reason: string
  readonly headers: RawHeaders
}

export interface VhostRequest {
  readonly method: string
  /** The domain as the user wrote it, perhaps with a port. */
  readonly host: string
  /** With query. */
  readonly path: string
  /** Without pseudo headers. A body of unknown length is told by `Transfer-Encoding: chunked`, in HTTP/2 too. */
  readonly headers: RawHeaders
  readonly remote: SocketEnd
  readonly tls: boolean
  /** The user sends no body before it has read `100 Continue`. */
  readonly expectsContinue: boolean
  /** The protocol that the connection is to be handed over to; null: it is an ordinary request. */
  readonly upgrade: string | null
  readonly body: Readable
  /** Those behind the body; complete once it has ended. */
  trailers(): RawHeaders
  /** The user has sent all, or its service has begun to answer: from now on a pause of any length is allowed. */
  allowPauses(): void
  /** Passes on an answer of the 1xx kind, but for 101. Not after `answer`. Throws what Node throws when it can't be written. */
  inform(head: AnswerHead): void
  /** Begins the answer. Throws what Node throws when it can't be written. */
  answer(head: AnswerHead): Writable
  /** Headers to be sent behind the answer's body. Before that ends. */
  setTrailers(headers: RawHeaders): void
  /** Answers with a page of ours, and ends the connection where a body might still be on its way. Not after `answer`. */
  page(page: Page): void
  /** 101: joins the user's connection and the service's; `early` are bytes that the service has sent already. */
  handOver(head: AnswerHead, service: Duplex, early: Buffer): void
  /** Ends the answer in a way that nobody takes for its end. */
  breakOff(): void
  /** Runs `closed` once the answer has gone out (`whole`), or the user or its connection is gone. */
  onClose(closed: (whole: boolean) => void): void
}

/** Names and values as pairs. */
export const pairsOf = (headers: RawHeaders): [name: string, value: string][] =>
  Array.from({ length: headers.length >> 1 }, (_, i) => [headers[2 * i] ?? '', headers[2 * i + 1] ?? ''])
