// A request for a domain on its way to the service, and the answer on its way back. Node's own parser has read the request, and
// Node's own client asks the service, over a work connection of its own for every request. So no two users share a connection to
// a service, and what one of them sends can't be taken for the beginning of another's.
import { type ClientRequest, type IncomingMessage, request as openRequest, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  framingOf,
  informationalHeaders,
  isAuthorized,
  type OnBug,
  requestHeaders,
  responseHeaders,
  trailerHeaders,
  type VhostRoute,
} from '../../frp/index.ts'
import { linkPair } from '../network/link-pair.ts'
import { codeOf } from '../network/network-failure.ts'
import type { SocketEnd } from '../network/socket-ends.ts'
import { bugsOnly } from '../network/socket-errors.ts'
import { MAX_ANSWER_HEADER_BYTES, type PublicPortLimits } from './public-port-options.ts'
import { PAGES, type Page } from './vhost-pages.ts'
import { pairsOf, type RawHeaders, type VhostRequest } from './vhost-request.ts'
import type { Place } from './vhost-target.ts'

export interface RelayOptions extends Pick<PublicPortLimits, 'serviceMs' | 'continueMs'> {
  readonly onBug: OnBug
}

/** Answers a request for a domain. */
export function relay(user: VhostRequest, place: Exclude<Place, { readonly type: 'no-domain' }>, options: RelayOptions): void {
  if (place.type === 'no-location') return user.page(PAGES.noPlace)
  const { rules } = place.value
  if (!isAuthorized(rules, authorizationOf(user.headers))) return user.page(PAGES.noPassword)
  if (framingOf(user.headers).type === 'unknown') return user.page(PAGES.coding)
  const asked = attempt(() => ask(user, place.value, options.onBug), options.onBug)
  if (asked === null) return user.page(PAGES.malformed)
  exchange(user, asked, place.value, options)
}

const authorizationOf = (headers: RawHeaders): string =>
  pairsOf(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? ''

/** The same request to the service; its body is still to come. */
function ask(user: VhostRequest, route: VhostRoute, onBug: OnBug): ClientRequest {
  const { method, path, remote, headers: raw } = user
  const asked = openRequest({
    method,
    path,
    headers: requestHeaders({ ...user, raw, from: remote.host }, route.rules),
    maxHeaderSize: MAX_ANSWER_HEADER_BYTES,
    createConnection: (_, created) => {
      connectTo(route, remote, { created, onBug })
      return null
    },
  })
  asked.maxHeadersCount = 0 // Node would leave out those behind the first 1,000
  return asked
}

const NOBODY = new Error('no work connection')

/** A connection to the service, for one request of that user's; or `NOBODY`, when none can be had. */
function connectTo(
  route: VhostRoute,
  user: SocketEnd,
  { created, onBug }: { readonly created: (error: Error | null, service: Duplex) => void; readonly onBug: OnBug },
): void {
  const [near, far] = linkPair()
  near.on('error', bugsOnly(onBug)) // beside Node's client, which listens later
  far.on('error', bugsOnly(onBug))
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
function exchange(user: VhostRequest, asked: ClientRequest, route: VhostRoute, { serviceMs, continueMs, onBug }: RelayOptions): void {
  const { rules } = route
  let timer: NodeJS.Timeout | null = null
  let answer: IncomingMessage | null = null
  let isOver = false
  let owesContinue = user.expectsContinue
  let informationalBytes = 0
  const settle = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
  }
  const after = (ms: number, run: () => void): void => {
    settle()
    timer = setTimeout(run, ms)
  }
  const fail = (page: Page, why: string | null): void => {
    settle()
    if (isOver) return
    isOver = true
    if (why !== null) route.failed?.(why)
    user.body.unpipe(asked)
    asked.destroy()
    user.page(page)
  }
  const breakOff = (): void => {
    if (!isOver) route.failed?.('its service broke an answer off')
    isOver = true
    user.breakOff()
  }
  const sayContinue = (): void => {
    if (owesContinue && answer === null && !isOver) user.inform({ status: 100, reason: reasonOf(100), headers: [] })
    owesContinue = false
  }
  asked.on('error', bugsOnly(onBug))
  asked.on('error', (error) => {
    if (answer !== null) return answer.complete ? undefined : breakOff()
    if (error === NOBODY) fail(PAGES.noConnection, null)
    else fail(PAGES.noAnswer, causeOf(error))
  })
  asked.on('close', () => {
    if (answer === null) fail(PAGES.noAnswer, causeOf(null))
  })
  asked.on('finish', () => {
    if (isOver) return
    user.allowPauses()
    if (answer === null) after(serviceMs, () => fail(PAGES.tooSlow, `its service began no answer within ${serviceMs / 1_000} s`))
  })
  asked.on('information', ({ statusCode: status, rawHeaders }) => {
    if (status === 100) return sayContinue()
    informationalBytes += rawHeaders.join('').length
    if (isOver || informationalBytes > MAX_ANSWER_HEADER_BYTES) return
    attempt(() => user.inform({ status, reason: reasonOf(status), headers: informationalHeaders(rawHeaders) }), onBug)
  })
  asked.on('response', (incoming) => {
    settle()
    const { statusCode: status = 0, statusMessage: reason = '', rawHeaders } = incoming
    const isPlain = framingOf(rawHeaders).type !== 'unknown'
    const body = isPlain ? attempt(() => user.answer({ status, reason, headers: responseHeaders(rawHeaders, rules) }), onBug) : null
    if (body === null) return fail(PAGES.noHttp, NOT_PASSED_ON)
    answer = incoming
    user.allowPauses()
    incoming.on('error', breakOff)
    incoming.on('end', () => attempt(() => user.setTrailers(trailerHeaders(incoming.rawTrailers, rules)), onBug))
    incoming.pipe(body)
  })
  user.onClose((whole) => {
    settle()
    isOver = true
    if (!whole) asked.destroy()
  })
  if (user.upgrade !== null) {
    asked.on('upgrade', ({ rawHeaders, headers }, service, early) => {
      settle()
      isOver = true
      const own = ['Connection', 'Upgrade', 'Upgrade', headers.upgrade ?? '']
      const head = { status: 101, reason: reasonOf(101), headers: [...responseHeaders(rawHeaders, rules), ...own] }
      user.handOver(head, service, early)
    })
    return void asked.end()
  }
  if (user.expectsContinue) after(continueMs, sayContinue)
  if (framingOf(user.headers).type !== 'none') asked.flushHeaders() // the body may be long in coming
  user.body.on('end', () => attempt(() => asked.addTrailers(pairsOf(trailerHeaders(user.trailers(), rules))), onBug))
  user.body.pipe(asked)
}

const NOT_PASSED_ON = 'its service gave an answer that is not passed on'

/** Why there was no answer. */
function causeOf(error: Error | null): string {
  const code = codeOf(error)
  if (code === 'HPE_HEADER_OVERFLOW') return `its service gave an answer with headers of more than ${MAX_ANSWER_HEADER_BYTES >> 10} KiB`
  return code.startsWith('HPE_') ? NOT_PASSED_ON : 'its service closed the connection without an answer'
}

const reasonOf = (status: number): string => STATUS_CODES[status] ?? ''

/** What Node's parser lets in its writer may refuse with a throw. Null: it did. */
function attempt<T>(write: () => T, onBug: OnBug): T | null {
  try {
    return write()
  } catch (error) {
    bugsOnly(onBug)(error)
    return null
  }
}
