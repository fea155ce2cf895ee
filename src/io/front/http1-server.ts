// HTTP/1 on the public port: a request for a domain goes to its service, every other one to the node's own routes.
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { framingOf } from '../../frp/index.ts'
import type { InboundRequest, Reply } from '../../ports.ts'
import { memberAt } from '../network/members-channel.ts'
import type { BodyBudget, HeldBody } from './body-budget.ts'
import type { Callers } from './callers.ts'
import { type InboundNeeds, inboundRequest, send } from './inbound-request.ts'
import { watchPace } from './pace.ts'
import {
  KEEP_ALIVE_MS,
  limitsOf,
  MAX_HEADER_BYTES,
  NODES_KEEP_ALIVE_MS,
  type PublicPortLimits,
  type PublicPortOptions,
} from './public-port-options.ts'
import { relay } from './vhost-relay.ts'
import { http1Request } from './vhost-request-http1.ts'
import { type Place, placeOf, targetOf } from './vhost-target.ts'

/** How often Node looks at its limits; its own default would let headers that come slowly live for 30 s. */
const CHECK_MS = 1_000

/** What the connections of a port share. */
export interface Shared {
  readonly callers: Callers
  readonly bodies: BodyBudget
  /** Of answers: bodies that are in use must not keep them out. */
  readonly answers: BodyBudget
}

/** It never listens; `takeHttp1` hands it the connections. */
export function createHttp1(options: PublicPortOptions, { callers, bodies, answers }: Shared): Server {
  const limits = limitsOf(options)
  const relayOptions = { ...limits, onBug: options.onBug }
  const { headersMs, pauseMs } = limits
  // Not Node's limit for a whole request: one for a domain may take as long as it keeps coming.
  const nodes = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: headersMs, requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS }
  const unanswered = countUnanswered((socket) => {
    callers.waits(socket)
    if (memberAt(socket) !== null) socket.setTimeout(NODES_KEEP_ALIVE_MS)
  })
  // What a node says to this one is for this one, whatever its Host header says.
  const domainOf = (message: IncomingMessage): Place =>
    placeOf(memberAt(message.socket) === null ? options.vhosts : undefined, targetOf(message))
  const take = (message: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void => {
    unanswered.begin(message.socket, response)
    // Node has lost what came in the same packet behind the body of a request that offers an upgrade.
    if (message.headers.upgrade !== undefined && hasBody(message) && DECLINES_UPGRADES) response.shouldKeepAlive = false
    if (!hasOneHost(message, response)) return
    const place = domainOf(message)
    if (!callers.asks(message.socket, place.type === 'no-domain' ? 'node' : 'service')) return send(response, NO_ROOM)
    if (place.type !== 'no-domain') {
      message.socket.setTimeout(pauseMs)
      return relay(http1Request(message, response, { expectsContinue }), place, relayOptions)
    }
    if (expectsContinue) response.writeContinue()
    if (hasBody(message)) endSlow(message, response, limits)
    if (unanswered.of(message.socket) > MOST_UNANSWERED) return void message.socket.destroy()
    const isMember = callers.isMember(message.socket)
    const request = inboundRequest(message, response, { bodies, isMember })
    answer(request, response, { options, limits, answers, isMember }).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else send(response, { status: 500, body: 'this node has a fault\n' })
      options.onBug(error)
    })
  }
  const server = createServer({ ...nodes, connectionsCheckingInterval: CHECK_MS, ...upgradesWithoutBody })
  server.on('request', (message, response) => take(message, response, false))
  server.on('checkContinue', (message, response) => take(message, response, true))
  server.maxHeadersCount = 0 // Node would leave out those behind the first 1,000, and with them perhaps where the body ends
  server.timeout = limits.requestMs
  if (!options.vhosts) return server
  server.on('upgrade', (message: IncomingMessage, socket: Socket, head: Buffer) => {
    if (unanswered.of(socket) > 0) return void socket.destroy() // its answer would come before theirs
    const place = domainOf(message)
    if (place.type === 'no-domain' || hasBody(message)) return askAgain(message, socket, head, server)
    const response = new ServerResponse(message)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.on('finish', () => socket.destroySoon())
    const handover = { socket, head }
    if (!callers.asks(socket, 'service')) return send(response, NO_ROOM)
    if (hasOneHost(message, response)) relay(http1Request(message, response, { expectsContinue: false, handover }), place, relayOptions)
  })
  return server
}

/** For Node 22.21, 24.9 and later: with a body, a request that offers an upgrade is an ordinary one. Older versions: see `askAgain`. */
const upgradesWithoutBody: object = { shouldUpgradeCallback: (message: IncomingMessage) => !hasBody(message) }
const DECLINES_UPGRADES = 'shouldUpgradeCallback' in createServer()

/** Gives the server a paused socket, from which `first` has been read. */
export function takeHttp1(socket: Socket, first: Buffer, server: Server): void {
  socket.unshift(first)
  server.emit('connection', socket)
  process.nextTick(() => socket.resume()) // what was put back is read only now that the parser listens
}

function hasBody({ rawHeaders }: IncomingMessage): boolean {
  const framing = framingOf(rawHeaders)
  return framing.type !== 'none' && !(framing.type === 'length' && Number(framing.text) === 0)
}

/**
 * An upgrade that nobody here offers is none (RFC 9110 §7.8), and neither is one with a body: the same request once more, without
 * that wish. `head` is what came behind its headers.
 */
function askAgain({ method, url, httpVersion, rawHeaders }: IncomingMessage, socket: Socket, head: Buffer, server: Server): void {
  const lines = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 && name.toLowerCase() !== 'upgrade' ? [`${name}: ${rawHeaders[i + 1] ?? ''}\r\n`] : [],
  )
  const said = Buffer.from(`${method ?? ''} ${url ?? ''} HTTP/${httpVersion}\r\n${lines.join('')}\r\n`, 'latin1')
  socket.removeAllListeners('timeout') // the server's own, which it adds anew
  takeHttp1(socket, Buffer.concat([said, head]), server)
}

/** Requests of a connection that have no answer yet: Node hands an upgrade over at once, whatever stands before it. */
function countUnanswered(onAll: (socket: Socket) => void) {
  const counts = new WeakMap<Socket, number>()
  const of = (socket: Socket): number => counts.get(socket) ?? 0
  const begin = (socket: Socket, response: ServerResponse): void => {
    counts.set(socket, of(socket) + 1)
    response.once('close', () => {
      counts.set(socket, of(socket) - 1)
      if (of(socket) === 0) onAll(socket)
    })
  }
  return { of, begin }
}

/** False: it was answered. None at all is refused by Node, where the request is HTTP/1.1. */
function hasOneHost({ rawHeaders }: IncomingMessage, response: ServerResponse): boolean {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length > 1) send(response, { status: 400, body: 'one Host header is enough\n' })
  return hosts.length <= 1
}

/** Ends a request whose body stalls, dribbles, or has not come whole in time, be it answered meanwhile or not. */
function endSlow(message: IncomingMessage, response: ServerResponse, { requestMs, paceMs, paceBytes }: PublicPortLimits): void {
  const { socket } = message
  const cut = (): void => {
    stop()
    if (message.complete || socket.destroyed) return
    if (!response.headersSent) socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n')
    socket.destroySoon()
    setTimeout(() => socket.destroy(), FLUSH_MS).unref()
  }
  const endPace = watchPace({ total: () => socket.bytesRead, windowMs: paceMs, minBytes: paceBytes, onSlow: cut })
  const timer = setTimeout(cut, requestMs)
  const stop = (): void => {
    endPace()
    clearTimeout(timer)
    socket.removeListener('close', stop)
  }
  message.once('end', stop)
  socket.once('close', stop)
}

/** Time for the last word to a connection that is ended. */
const FLUSH_MS = 1_000

const NO_ROOM: Reply = {
  status: 503,
  headers: { connection: 'close', 'retry-after': '5' },
  body: "this node's limit of open files is nearly reached\n",
}

/** Requests for the node itself that a connection may have under way: nodes send one after another. A packet holds a thousand. */
const MOST_UNANSWERED = 16

interface Answering extends Pick<Shared, 'answers'>, Pick<InboundNeeds, 'isMember'> {
  readonly options: PublicPortOptions
  readonly limits: PublicPortLimits
}

async function answer(request: InboundRequest, response: ServerResponse, { options, limits, answers, isMember }: Answering): Promise<void> {
  const hold = (giveUp: () => void): HeldBody => {
    const held = answers.begin(request.remote.host, giveUp)
    if (isMember) held.complete()
    return held
  }
  send(response, await options.onRequest(request), { ...limits, hold })
}
