// A request for somebody's domain: Node's own parser has read it, and Node's own client asks the service, over a work
// connection of its own for every request. So no two users share a connection to a service, and what one of them sends can't be
// taken for the beginning of another's.
import { type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { framingOf, type HttpRules, isAuthorized, requestHeaders, responseHeaders } from '../frp/http-rules.ts'
import type { VhostFinder, VhostRoute } from '../frp/vhosts.ts'
import { linkPair } from './link-pair.ts'
import { remoteOf } from './socket-ends.ts'

export interface RelayOptions {
  /** From a request's last byte, the service has this long to begin its answer. */
  readonly answerMs: number
}

/** What a request is for: the authority, and the path as the service is to see it. A whole URL as target counts before Host. */
interface Target {
  readonly host: string
  readonly path: string
}

function targetOf({ url = '/', headers }: IncomingMessage): Target {
  const [origin = '', authority = ''] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? []
  if (origin === '') return { host: headers.host ?? '', path: url }
  const path = url.slice(origin.length)
  return { host: authority.slice(authority.lastIndexOf('@') + 1), path: path.startsWith('/') ? path : `/${path}` }
}

type Place = ReturnType<VhostFinder['http']>

/** Whose domain a request is for. */
export function placeOf(vhosts: VhostFinder | undefined, message: IncomingMessage): Place {
  const { host, path } = targetOf(message)
  return vhosts?.http(host, path.split('?', 1)[0] ?? '') ?? { type: 'no-domain' }
}

/** Which page stands for which failure; `what` is for people. */
const PAGES = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
} as const

function page(response: ServerResponse, status: keyof typeof PAGES, what: string, headers: Readonly<Record<string, string>> = {}): void {
  const title = `${status} ${PAGES[status]}`
  const body = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1><p>${what}</p></body></html>\n`
  response.writeHead(status, PAGES[status], {
    ...headers,
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close', // a body that nobody read may still be on its way
  })
  response.end(body)
}

const NOBODY = new Error('no work connection')

/** A connection to the service, for one request of that user's; or `NOBODY`, when none can be had. */
function connectTo(route: VhostRoute, user: { readonly host: string; readonly port: number }, created: Created): void {
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

type Created = (error: Error | null, service: Duplex) => void

/** Answers a request for a domain. `handover`: it asks for another protocol on this connection, whose bytes so far are `head`. */
export function relay(
  message: IncomingMessage,
  response: ServerResponse,
  place: Exclude<Place, { readonly type: 'no-domain' }>,
  { answerMs, handover = null }: RelayOptions & { readonly handover?: { readonly socket: Socket; readonly head: Buffer } | null },
): void {
  if (place.type === 'no-location') return page(response, 404, 'There is nothing at this address.')
  const { rules } = place.value
  const { socket, method = 'GET', rawHeaders: raw, headers } = message
  if (!isAuthorized(rules, headers.authorization ?? ''))
    return page(response, 401, 'A name and a password are needed.', { 'www-authenticate': 'Basic realm="Restricted"' })
  const framing = framingOf(raw)
  if (framing.type === 'unknown') return page(response, 501, 'This transfer coding is not passed on.')
  if (handover !== null && framing.type !== 'none' && headers['content-length'] !== '0')
    return page(response, 400, 'A request for another protocol has no body.')

  const { host, path } = targetOf(message)
  const user = remoteOf(socket)
  const upgrade = handover === null ? null : (headers.upgrade ?? '')
  const asked = attempt(() =>
    openRequest({
      method,
      path,
      headers: requestHeaders({ raw, host, from: user.host, tls: socket instanceof TLSSocket, method, upgrade }, rules),
      createConnection: (_, created) => {
        connectTo(place.value, user, created)
        return null
      },
    }),
  )
  if (asked === null) return page(response, 400, 'This request can not be passed on.')
  let timer: NodeJS.Timeout | null = null
  let answer: IncomingMessage | null = null
  let isOver = false
  const settled = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
  }
  const fail = ({ status, what }: { readonly status: 502 | 504; readonly what: string }): void => {
    settled()
    if (isOver) return
    isOver = true
    message.unpipe(asked)
    asked.destroy()
    page(response, status, what)
  }
  message.on('error', () => {}) // the response closes too
  asked.on('error', (error) => {
    if (answer === null) fail(error === NOBODY ? NO_CONNECTION : NO_ANSWER)
    else if (!answer.complete) response.destroy() // broken off: the user must not take it for the whole
  })
  asked.on('close', () => {
    if (answer === null) fail(NO_ANSWER)
  })
  asked.on('finish', () => {
    if (isOver || answer !== null) return
    socket.setTimeout(0) // an answer, a stream of events above all, may pause for as long as it likes
    timer = setTimeout(() => fail(TOO_SLOW), answerMs)
  })
  asked.on('response', (incoming) => {
    settled()
    const { statusCode = 0, statusMessage, rawHeaders } = incoming
    const isPlain = framingOf(rawHeaders).type !== 'unknown'
    const head = isPlain ? attempt(() => response.writeHead(statusCode, statusMessage, responseHeaders(rawHeaders, rules))) : null
    if (head === null) return fail(NO_HTTP)
    answer = incoming
    incoming.on('error', () => response.destroy())
    response.flushHeaders()
    incoming.pipe(response)
  })
  response.on('finish', () => {
    if (!message.complete) socket.destroySoon() // answered before all was said: what is left of it belongs to nobody
  })
  response.on('close', () => {
    settled()
    if (!response.writableFinished) asked.destroy()
    isOver = true
  })
  if (handover === null) return void message.pipe(asked)
  asked.on('upgrade', (incoming, service, early) => {
    settled()
    isOver = true
    response.detachSocket(socket)
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

const NO_CONNECTION = { status: 504, what: 'The service behind this address is not connected.' } as const
const TOO_SLOW = { status: 504, what: 'The service behind this address took too long.' } as const
const NO_ANSWER = { status: 502, what: 'The service behind this address does not answer.' } as const
const NO_HTTP = { status: 502, what: 'The service behind this address answers in a way that is not passed on.' } as const

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
