// A request for a domain that came over HTTP/1.0 or HTTP/1.1.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { remoteOf } from '../network/socket-ends.ts'
import { joinStreams } from './join-streams.ts'
import { renderPage } from './vhost-pages.ts'
import { type AnswerHead, pairsOf, type RawHeaders, type VhostRequest } from './vhost-request.ts'
import { targetOf } from './vhost-target.ts'

export interface Http1RequestOptions {
  readonly expectsContinue: boolean
  /** The connection is to be handed over; its bytes behind the request so far. */
  readonly handover?: { readonly socket: Socket; readonly head: Buffer }
}

export function http1Request(
  message: IncomingMessage,
  response: ServerResponse,
  { expectsContinue, handover }: Http1RequestOptions,
): VhostRequest {
  const { socket, method = 'GET', rawHeaders: headers } = message
  const isOld = message.httpVersionMajor === 1 && message.httpVersionMinor === 0
  message.on('error', () => {}) // the response is closed too
  response.on('finish', () => {
    if (!message.complete) socket.destroySoon() // answered before all was sent: the rest must not be taken for a request
  })
  return {
    method,
    ...targetOf(message),
    headers,
    remote: remoteOf(socket),
    tls: socket instanceof TLSSocket,
    expectsContinue: expectsContinue && !isOld,
    upgrade: handover === undefined ? null : (message.headers.upgrade ?? ''),
    body: message,
    trailers: () => message.rawTrailers,
    allowPauses: () => void socket.setTimeout(0),
    inform: (head) => {
      // A response that waits for the one before it, on a connection with several requests, has no socket yet.
      if (!isOld && !response.headersSent && response.socket?.writable === true) response.socket.write(headText(head, head.headers))
    },
    answer: ({ status, reason, headers: given }) => {
      if (!message.complete) response.shouldKeepAlive = false
      const hasBody = method !== 'HEAD' && status !== 204 && status !== 304
      response.writeHead(status, reason, isOld || !hasBody ? withoutTrailer(given) : [...given])
      response.flushHeaders()
      return response
    },
    setTrailers: (trailers) => response.addTrailers(pairsOf(trailers)),
    page: (page) => {
      const { status, reason, headers: own, body } = renderPage(page)
      response.writeHead(status, reason, { ...own, connection: 'close' })
      response.end(body)
    },
    handOver: (head, service, early) => {
      if (handover === undefined) return
      response.detachSocket(socket)
      socket.setTimeout(0)
      switchProtocol(handover, { head, service, early })
    },
    breakOff: () => void response.destroy(),
    onClose: (closed) => void response.on('close', () => closed(response.writableFinished)),
  }
}

function switchProtocol(
  user: { readonly socket: Socket; readonly head: Buffer },
  { head, service, early }: { readonly head: AnswerHead; readonly service: Duplex; readonly early: Buffer },
): void {
  joinStreams(user.socket, service)
  user.socket.write(Buffer.concat([headText(head, head.headers), early]))
  if (user.head.length > 0) service.write(user.head)
}

function headText({ status, reason }: AnswerHead, headers: RawHeaders): Buffer {
  const lines = pairsOf(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`, 'latin1')
}

/** Node refuses the announcement of trailers where none can follow. */
const withoutTrailer = (headers: RawHeaders): string[] =>
  pairsOf(headers)
    .filter(([name]) => name.toLowerCase() !== 'trailer')
    .flat()
