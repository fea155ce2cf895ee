// What happens to a request for a domain on its way to the service, and to the answer on its way back. Headers are flat lists,
// name and value in turn, as they came: case, order and repetition stay.
import { sameKey } from '../wire/crypto.ts'
import type { MessageOf } from '../wire/messages.ts'

export interface HttpRules {
  /** Both empty: nobody is asked. */
  readonly user: string
  readonly password: string
  /** What the service sees as Host; empty: what the user said. */
  readonly hostRewrite: string
  /** Set in the request, and in the answer; each takes the place of what was there under that name. */
  readonly headers: Readonly<Record<string, string>>
  readonly responseHeaders: Readonly<Record<string, string>>
}

export const NO_RULES: HttpRules = { user: '', password: '', hostRewrite: '', headers: {}, responseHeaders: {} }

/** A proxy's rules; the text is a refusal. */
export function rulesOf(request: MessageOf<'newProxy'>): HttpRules | string {
  const { httpUser: user, httpPwd: password, hostHeaderRewrite: hostRewrite, headers, responseHeaders } = request
  if (request.routeByHttpUser !== '') return 'route_by_http_user is not supported'
  if (!isValue(hostRewrite)) return 'host_header_rewrite is no header value'
  for (const [name, value] of [...Object.entries(headers), ...Object.entries(responseHeaders)]) {
    if (!isName(name) || !isValue(value)) return `header [${name.slice(0, 64)}] is not valid`
    if (RELAYS_OWN.has(name.toLowerCase())) return `header [${name}] can't be set`
  }
  return { user, password, hostRewrite, headers, responseHeaders }
}

const isName = (text: string): boolean => /^[!#$%&'*+.^_`|~0-9a-zA-Z-]+$/.test(text)
const isValue = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text)

/** Headers for the next hop only: those of RFC 9110 §7.6.1 and of earlier ones. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
/** The length of a body belongs to each hop too: if a rule could set it, one request could be taken for two. */
const RELAYS_OWN = new Set([...HOP_BY_HOP, 'content-length'])
/** The relay sets these itself. */
const REPLACED = ['host', 'expect', 'content-length', 'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']
/** What decides on a message must stand before its body (RFC 9110 §6.5.1). */
const NO_TRAILERS = ['authorization', 'cookie', 'set-cookie', 'content-type', 'content-encoding', 'content-range']

/** Whether the user may pass. `authorization`: the header, empty where there is none. */
export function isAuthorized({ user, password }: HttpRules, authorization: string): boolean {
  if (user === '' && password === '') return true
  const coded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization)?.[1]
  return coded !== undefined && sameKey(Buffer.from(coded, 'base64').toString('utf8'), `${user}:${password}`)
}

/** How a request's body is told apart from what follows it. `unknown`: in a way that is not passed on. */
export type Framing =
  | { readonly type: 'none' }
  | { readonly type: 'length'; readonly text: string }
  | { readonly type: 'chunked' | 'unknown' }

export function framingOf(raw: readonly string[]): Framing {
  const codings = valuesOf(raw, 'transfer-encoding')
  const [length] = valuesOf(raw, 'content-length')
  if (codings.length > 0) return { type: codings.length === 1 && codings[0]?.toLowerCase() === 'chunked' ? 'chunked' : 'unknown' }
  return length === undefined ? { type: 'none' } : { type: 'length', text: length }
}

export interface Asked {
  readonly raw: readonly string[]
  /** The Host the request is for, with its port, as it came. */
  readonly host: string
  /** The user's address. */
  readonly from: string
  readonly tls: boolean
  readonly method: string
  /** The protocol that a connection is to be handed over to; null: it is an ordinary request. */
  readonly upgrade: string | null
  /** The user waits for `100 Continue`. */
  readonly expectsContinue: boolean
}

/** The headers the service gets. */
export function requestHeaders({ raw, host, from, tls, method, upgrade, expectsContinue }: Asked, rules: HttpRules): string[] {
  const framing = framingOf(raw)
  const takesTrailers = upgrade === null && valuesOf(raw, 'te').some((value) => /(^|[,\s])trailers\s*(,|$)/i.test(value))
  const before = valuesOf(raw, 'x-forwarded-for')
  const own = [
    ...['X-Forwarded-For', [...before, from].join(', ')],
    ...['X-Forwarded-Host', host],
    ...['X-Forwarded-Proto', tls ? 'https' : 'http'],
  ]
  const passed = without(raw, new Set([...hopByHop(raw), ...REPLACED]))
  const ruled = withRules([...passed, ...own], rules.headers)
  return [
    ...['Host', hostFor(rules, host)],
    ...ruled,
    ...lengthOf(framing, method),
    ...(expectsContinue ? ['Expect', '100-continue'] : []),
    ...(takesTrailers ? ['TE', 'trailers'] : []),
    ...(upgrade === null ? ['Connection', takesTrailers ? 'close, TE' : 'close'] : ['Connection', 'Upgrade', 'Upgrade', upgrade]),
  ]
}

/** A rule may name Host too, and then comes before the rewrite, as with stock frps. */
function hostFor({ hostRewrite, headers }: HttpRules, host: string): string {
  const named = Object.entries(headers).find(([name]) => name.toLowerCase() === 'host')?.[1]
  return named ?? (hostRewrite === '' ? host : hostRewrite)
}

function lengthOf(framing: Framing, method: string): readonly string[] {
  if (framing.type === 'chunked') return ['Transfer-Encoding', 'chunked']
  if (framing.type === 'length') return ['Content-Length', framing.text]
  return /^(POST|PUT|PATCH)$/.test(method) ? ['Content-Length', '0'] : []
}

/** The headers the user gets. Content-Length stays as the service told it, unless the body comes in chunks. */
export function responseHeaders(raw: readonly string[], rules: HttpRules): string[] {
  const dropped = hopByHop(raw)
  if (framingOf(raw).type !== 'length') dropped.add('content-length')
  return withRules(without(raw, dropped), rules.responseHeaders)
}

/** The headers of an answer of the 1xx kind that the user gets. */
export const informationalHeaders = (raw: readonly string[]): string[] => without(raw, hopByHop(raw).add('content-length'))

/** What is passed on of the headers behind a body, either way. None can take the place of what a rule has set. */
export function trailerHeaders(raw: readonly string[], { headers, responseHeaders: inAnswer }: HttpRules): string[] {
  const ruled = [...Object.keys(headers), ...Object.keys(inAnswer)].map((name) => name.toLowerCase())
  return without(raw, new Set([...HOP_BY_HOP, ...REPLACED, ...NO_TRAILERS, ...ruled]))
}

/**
 * Those of RFC 9110, and what `Connection` names; it can name none of those that say where a body ends. `Trailer` stays with the
 * chunks that it belongs to.
 */
function hopByHop(raw: readonly string[]): Set<string> {
  const named = valuesOf(raw, 'connection').flatMap((value) => value.split(','))
  const names = new Set([...HOP_BY_HOP, ...named.map((name) => name.trim().toLowerCase())])
  names.delete('content-length')
  if (framingOf(raw).type === 'chunked') names.delete('trailer')
  return names
}

function withRules(raw: readonly string[], rules: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(rules).filter(([name]) => name.toLowerCase() !== 'host')
  return [...without(raw, new Set(entries.map(([name]) => name.toLowerCase()))), ...entries.flat()]
}

const without = (raw: readonly string[], names: ReadonlySet<string>): string[] =>
  pairs(raw)
    .filter(([name]) => !names.has(name.toLowerCase()))
    .flat()

const valuesOf = (raw: readonly string[], wanted: string): string[] =>
  pairs(raw).flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value] : []))

const pairs = (raw: readonly string[]): (readonly [string, string])[] =>
  Array.from({ length: Math.floor(raw.length / 2) }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? ''] as const)
