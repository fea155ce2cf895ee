// A request for somebody's domain: Node's own parser has read it, and Node's own client asks the service, over a work
// connection of its own for every request. So no two users share a connection to a service, and what one of them sends can't be
// taken for the beginning of another's.
import { type ClientRequest, type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { framingOf, type HttpRules, isAuthorized, requestHeaders, responseHeaders, type VhostRoute } from '../../frp/index.ts'
import { linkPair } from '../network/link-pair.ts'
import { remoteOf } from '../network/socket-ends.ts'
import { PAGES, type Page, sendPage } from './vhost-pages.ts'
import { type Place, targetOf } from './vhost-target.ts'

export interface RelayOptions {
  /** From a request's last byte, the service has this long to begin its answer. */
  readonly answerMs: number
  /** The request asks for another protocol on this connection, whose bytes so far are `head`. */
  readonly handover?: Handover
}

interface Handover {
  readonly socket: Socket
  readonly head: Buffer
}

/** Answers a request for a domain. */
export function relay(
  message: IncomingMessage,
  response: ServerResponse,
  place: Exclude<Place, { readonly type: 'no-domain' }>,
  options: RelayOptions,
): void {
  if (place.type === 'no-location') return sendPage(response, PAGES.noPlace)
  const objection = objectionTo(message, place.value.rules, options.handover !== undefined)
  if (objection !== null) return sendPage(response, objection)
  const asked = attempt(() => ask(message, place.value, options.handover !== undefined))
  if (asked === null) return sendPage(response, PAGES.malformed)
  exchange(message, response, asked, place.value.rules, options)
}

/** Why a request does not even get to its service. */
function objectionTo({ rawHeaders, headers }: IncomingMessage, rules: HttpRules, isHandover: boolean): Page | null {
  if (!isAuthorized(rules, headers.authorization ?? '')) return PAGES.noPassword
  const framing = framingOf(rawHeaders)
  if (framing.type === 'unknown') return PAGES.coding
  const isEmpty = framing.type === 'none' || (framing.type === 'length' && Number(framing.text) === 0)
  return isHandover && !isEmpty ? PAGES.bodyToo : null
}

/** The same request to the service; its body is still to come. */
function ask(message: IncomingMessage, route: VhostRoute, isHandover: boolean): ClientRequest {
  const { socket, method = 'GET', rawHeaders: raw, headers } = message
  const { host, path } = targetOf(message)
  const user = remoteOf(socket)
  const upgrade = isHandover ? (headers.upgrade ?? '') : null
  return openRequest({
    method,
    path,
    headers: requestHeaders({ raw, host, from: user.host, tls: socket instanceof TLSSocket, method, upgrade }, route.rules),
    createConnection: (_, created) => {
      connectTo(route, user, created)
      return null
    },
  })
}

const NOBODY = new Error('no work connection')

/** A connection to the service, for one request of that user's; or `NOBODY`, when none can be had. */
function connectTo(
  route: VhostRoute,
  user: { readonly host: string; readonly port: number },
  created: (error: Error | null, service: Duplex) => void,
): void {
  const [near, far] = linkPair()
  near.on('error', () => {}) // until Node's client listens
  route.serve({
    remote: user,
    local: { host: '', port: 0 }, // for http frps tells the user's end alone
    tls: false,
    first: null,
    open: () => {
      created(null, near)
      return { link: far, direct: false }
    },
    refuse: () => created(NOBODY, near),
  })
}

/** Carries the body there and the answer back. */
function exchange(
  message: IncomingMessage,
  response: ServerResponse,
  asked: ClientRequest,
  rules: HttpRules,
  { answerMs, handover }: RelayOptions,
): void {
  const { socket } = message
  let timer: NodeJS.Timeout | null = null
  let answer: IncomingMessage | null = null
  let isOver = false
  const settle = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
  }
  const fail = (page: Page): void => {
    settle()
    if (isOver) return
    isOver = true
    message.unpipe(asked)
    asked.destroy()
    sendPage(response, page)
  }
  message.on('error', () => {}) // the response closes too
  asked.on('error', (error) => {
    if (answer === null) fail(error === NOBODY ? PAGES.noConnection : PAGES.noAnswer)
    else if (!answer.complete) response.destroy() // broken off: the user must not take it for the whole
  })
  asked.on('close', () => {
    if (answer === null) fail(PAGES.noAnswer)
  })
  asked.on('finish', () => {
    if (isOver) return
    socket.setTimeout(0) // an answer, a stream of events above all, may pause for as long as it likes
    if (answer === null) timer = setTimeout(() => fail(PAGES.tooSlow), answerMs)
  })
  asked.on('response', (incoming) => {
    settle()
    const { statusCode = 0, statusMessage, rawHeaders } = incoming
    const isPlain = framingOf(rawHeaders).type !== 'unknown'
    const head = isPlain ? attempt(() => response.writeHead(statusCode, statusMessage, responseHeaders(rawHeaders, rules))) : null
    if (head === null) return fail(PAGES.noHttp)
    answer = incoming
    incoming.on('error', () => response.destroy())
    response.flushHeaders()
    incoming.pipe(response)
  })
  response.on('finish', () => {
    if (!message.complete) socket.destroySoon() // answered before all was said: what is left of it belongs to nobody
  })
  response.on('close', () => {
    settle()
    if (!response.writableFinished) asked.destroy()
    isOver = true
  })
  if (handover === undefined) return void message.pipe(asked)
  asked.on('upgrade', (incoming, service, early) => {
    settle()
    isOver = true
    response.detachSocket(socket)
    socket.setTimeout(0)
    join(handover.socket, service)
    handover.socket.write(Buffer.concat([switchingHead(incoming, rules), early]))
    if (handover.head.length > 0) service.write(handover.head)
  })
  asked.end()
}

function switchingHead(answer: IncomingMessage, rules: HttpRules): Buffer {
  const passed = [...responseHeaders(answer.rawHeaders, rules), 'Connection', 'Upgrade', 'Upgrade', answer.headers.upgrade ?? '']
  const lines = passed.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${passed[i + 1] ?? ''}\r\n`] : []))
  return Buffer.from(`HTTP/1.1 101 ${answer.statusMessage ?? ''}\r\n${lines.join('')}\r\n`, 'latin1')
}

/** What Node's parser lets in its writer may refuse with a throw. Null: it did. */
function attempt<T>(write: () => T): T | null {
  try {
    return write()
  } catch {
    return null
  }
}

/** Both ways until both have ended; what breaks one breaks the other. */
function join(user: Duplex, service: Duplex): void {
  for (const [from, to] of [
    [user, service],
    [service, user],
  ] as const) {
    from.on('error', () => {}) // 'close' follows
    from.on('close', () => {
      if (!from.readableEnded) to.destroy()
    })
    from.pipe(to)
  }
}
