// The one public port: HTTP and frp, inside TLS or not, told apart by the first byte; and, for domains that others serve here,
// by the Host header and by the name in TLS's ClientHello.
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { type Failure, isFailure, type Listening, type ServeOptions } from '../../ports.ts'
import { acceptedLink } from '../network/accepted-link.ts'
import { type Keep, listenTcp } from '../network/tcp-listener.ts'
import { firstBytes } from './first-bytes.ts'
import { inboundRequest, send } from './inbound-request.ts'
import { createNewcomers, type Newcomers } from './newcomers.ts'
import { selfSigned } from './self-signed.ts'
import { type Speech, speechOf } from './sniff.ts'
import { helloFor } from './tls-hello.ts'
import { relay } from './vhost-relay.ts'
import { placeOf } from './vhost-target.ts'

export interface PublicPortOptions extends ServeOptions {
  /** Hears of what a handler threw; a request is answered with 500 then. */
  readonly onBug: (error: unknown) => void
  /** Whoever connects has this long to say something, in TLS once more. */
  readonly firstByteMs?: number
  /** A request's headers may take this long. */
  readonly headersMs?: number
  /** A whole request of ours may take this long, and so may a reader that takes nothing of its answer. In one for a domain it is a pause in the body. */
  readonly requestMs?: number
  /** From the last byte of a request for a domain to the first of its service's answer; stock frps's figure by default. */
  readonly serviceMs?: number
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
  if (first && speech !== 'http' && speech !== 'tls') door.newcomers.settled(socket) // those have to say a whole request, or hello
  if (first && speech === 'frp' && onFrp) return onFrp(acceptedLink(socket, { first, keep: door.keep }))
  if (first && speech === 'http') return takeHttp(socket, first, door.http)
  if (first && speech === 'tls' && !isInside) return meetTls(socket, first, door)
  if (first && speech === 'tls-announced' && !isInside) return meet(secured(socket, first.subarray(1)), door)
  socket.destroy()
}

async function meetTls(socket: Socket, first: Buffer, door: Door): Promise<void> {
  const { vhosts, firstByteMs = 10_000 } = door.options
  const { route, hello } = vhosts ? await helloFor(socket, first, vhosts, firstByteMs) : { route: null, hello: first }
  door.newcomers.settled(socket)
  if (socket.destroyed) return
  if (route) return route.serve(acceptedLink(socket, { first: hello, keep: door.keep }))
  return meet(secured(socket, hello), door)
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
  const { headersMs = 10_000, requestMs = 60_000, serviceMs = 60_000 } = options
  const relayed = { answerMs: serviceMs }
  // Not Node's limit for a whole request: one for a domain may take as long as it keeps coming.
  const limits = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: headersMs, requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS }
  const mayUpgrade = (message: IncomingMessage): boolean => placeOf(options.vhosts, message).type !== 'no-domain'
  const unanswered = countUnanswered()
  const http = createHttpServer({ ...limits, ...upgradesOf(mayUpgrade), connectionsCheckingInterval: CHECK_MS }, (message, response) => {
    unanswered.begin(message.socket, response)
    const place = placeOf(options.vhosts, message)
    if (hasOneHost(message, response) && place.type !== 'no-domain') return relay(message, response, place, relayed)
    endLate(message, response, requestMs)
    if (response.headersSent) return
    answer(message, response, options).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else send(response, { status: 500, body: 'this node has a fault\n' })
      options.onBug(error)
    })
  })
  http.timeout = requestMs
  if (!options.vhosts) return http
  http.on('upgrade', (message: IncomingMessage, socket: Socket, head: Buffer) => {
    if (unanswered.of(socket) > 0) return void socket.destroy() // its answer would come before theirs
    const place = placeOf(options.vhosts, message)
    if (place.type === 'no-domain') return sayAgain(message, socket, head, http)
    const response = new ServerResponse(message)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.on('finish', () => socket.destroySoon())
    if (hasOneHost(message, response)) relay(message, response, place, { ...relayed, handover: { socket, head } })
  })
  return http
}

/** An upgrade that nobody here offers is none (RFC 9110 §7.8), and Node since 22.21 and 24.9 takes our word for it. */
const upgradesOf = (shouldUpgradeCallback: (message: IncomingMessage) => boolean) => ({ shouldUpgradeCallback })

/** For a Node that asks nobody: the same request once more, without that wish. Its body is still in `head` and on the socket. */
function sayAgain({ method, url, httpVersion, rawHeaders }: IncomingMessage, socket: Socket, head: Buffer, http: HttpServer): void {
  const lines = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 && name.toLowerCase() !== 'upgrade' ? [`${name}: ${rawHeaders[i + 1] ?? ''}\r\n`] : [],
  )
  const said = Buffer.from(`${method ?? ''} ${url ?? ''} HTTP/${httpVersion}\r\n${lines.join('')}\r\n`, 'latin1')
  socket.removeAllListeners('timeout') // the server's own, which it adds anew
  takeHttp(socket, Buffer.concat([said, head]), http)
}

/** Requests of a connection that have no answer yet: Node hands an upgrade over at once, whatever stands before it. */
function countUnanswered() {
  const counts = new WeakMap<Socket, number>()
  const of = (socket: Socket): number => counts.get(socket) ?? 0
  const begin = (socket: Socket, response: ServerResponse): void => {
    counts.set(socket, of(socket) + 1)
    response.once('close', () => counts.set(socket, of(socket) - 1))
  }
  return { of, begin }
}

/** False: it was answered. None at all is refused by Node, where the request is HTTP/1.1. */
function hasOneHost({ rawHeaders }: IncomingMessage, response: ServerResponse): boolean {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length > 1) send(response, { status: 400, body: 'one Host header is enough\n' })
  return hosts.length <= 1
}

/** Ends a request that has not come whole in time. */
function endLate(message: IncomingMessage, response: ServerResponse, requestMs: number): void {
  const { socket } = message
  const timer = setTimeout(() => {
    if (message.complete || socket.destroyed) return
    if (!response.headersSent) socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n')
    socket.destroySoon()
  }, requestMs)
  message.once('end', () => clearTimeout(timer))
  response.once('close', () => clearTimeout(timer))
}

const answer = async (message: IncomingMessage, response: ServerResponse, { onRequest }: PublicPortOptions): Promise<void> =>
  send(response, await onRequest(inboundRequest(message)))
