// The one public port: HTTP and frp, inside TLS or not, told apart by the first byte.
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { type Failure, isFailure, type Listening, type ServeOptions } from '../ports.ts'
import { acceptedLink } from './accepted-link.ts'
import { firstBytes } from './first-bytes.ts'
import { inboundRequest, send } from './inbound-request.ts'
import { createNewcomers, type Newcomers } from './newcomers.ts'
import { selfSigned } from './self-signed.ts'
import { type Speech, speechOf } from './sniff.ts'
import { type Keep, listenTcp } from './tcp-listener.ts'

export interface PublicPortOptions extends ServeOptions {
  /** Hears of what a handler threw; a request is answered with 500 then. */
  readonly onBug: (error: unknown) => void
  /** Whoever connects has this long to say something, in TLS once more. */
  readonly firstByteMs?: number
  /** A request's headers may take this long. */
  readonly headersMs?: number
  /** A whole request may take this long, and so may a reader that takes nothing of its answer. */
  readonly requestMs?: number
  /** Open connections at once, of all sorts. */
  readonly maxOpen?: number
}

const MAX_HEADER_BYTES = 16 * 1024
const KEEP_ALIVE_MS = 30_000
/** How often Node looks at those limits; its own default would let a dripping header live for 30 s. */
const CHECK_MS = 1_000

/** Opens the port. Closing it ends every connection on it. */
export async function servePublicPort(options: PublicPortOptions): Promise<Listening | Failure> {
  const http = createHttp(options)
  const { address, maxOpen = 8_192 } = options
  const newcomers = createNewcomers()
  const meetIt = (socket: Socket, keep: Keep): void => void meet(socket, { http, options, keep, newcomers }).catch(options.onBug)
  const port = await listenTcp({ address, maxOpen, onSocket: meetIt })
  if (isFailure(port)) return port
  // Only those that are heard by somebody: to hear of an upgrade is to have taken it over.
  for (const event of ['request', 'upgrade'])
    if (http.listenerCount(event) > 0) http.prependListener(event, ({ socket }: IncomingMessage) => newcomers.settled(socket))
  http.emit('listening') // it never listens itself, and starts to watch its limits only here
  const close = async (): Promise<void> => {
    http.close()
    await port.close()
  }
  return { ...port, close }
}

interface Door {
  readonly http: HttpServer
  readonly options: PublicPortOptions
  readonly keep: Keep
  readonly newcomers: Newcomers
}

async function meet(socket: Socket, door: Door): Promise<void> {
  const { onFrp, firstByteMs = 10_000 } = door.options
  door.newcomers.add(socket)
  const first = await firstBytes(socket, firstByteMs)
  const speech: Speech = speechOf(first?.[0] ?? -1)
  const isInside = socket instanceof TLSSocket
  if (first && speech !== 'http') door.newcomers.settled(socket) // HTTP has to say a whole request
  if (first && speech === 'frp' && onFrp) return onFrp(acceptedLink(socket, { first, keep: door.keep }))
  if (first && speech === 'http') return takeHttp(socket, first, door.http)
  if (first && speech === 'tls' && !isInside) return meet(secured(socket, first), door)
  if (first && speech === 'tls-announced' && !isInside) return meet(secured(socket, first.subarray(1)), door)
  socket.destroy()
}

function takeHttp(socket: Socket, first: Buffer, http: HttpServer): void {
  socket.unshift(first)
  http.emit('connection', socket)
  process.nextTick(() => socket.resume()) // what was put back is read only now that the parser listens
}

let context: SecureContext | null = null

function secured(socket: Socket, first: Buffer): TLSSocket {
  if (first.length > 0) socket.unshift(first)
  context ??= createSecureContext(selfSigned())
  const secure = new TLSSocket(socket, { isServer: true, secureContext: context })
  secure.on('error', () => {}) // it ends by itself, and the socket under it too
  // Outside a tls.Server nobody ends a socket whose records are broken after the handshake.
  secure.on('_tlsError', () => secure.destroy())
  return secure
}

function createHttp(options: PublicPortOptions): HttpServer {
  const { headersMs = 10_000, requestMs = 60_000 } = options
  const limits = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: headersMs, requestTimeout: requestMs, keepAliveTimeout: KEEP_ALIVE_MS }
  const http = createHttpServer({ ...limits, connectionsCheckingInterval: CHECK_MS }, (message, response) => {
    answer(message, response, options).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else send(response, { status: 500, body: 'this node has a fault\n' })
      options.onBug(error)
    })
  })
  http.timeout = requestMs
  return http
}

async function answer(message: IncomingMessage, response: ServerResponse, { onRequest }: PublicPortOptions): Promise<void> {
  // None at all is refused by Node, where the request is HTTP/1.1.
  const hosts = message.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length > 1) return send(response, { status: 400, body: 'one Host header is enough\n' })
  send(response, await onRequest(inboundRequest(message)))
}
