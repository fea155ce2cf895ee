// What a TURN's refusal means. frp tells it as a text in English, other ones in 0.45 and in later versions, and behind other
// words where a server wraps it; our own server says what 0.45 says. Source: frp's server, at 0.45.0 and 0.71.0.
import type { ServiceCause } from './service-cause.ts'

/** What was asked for. */
export interface RefusedRequest {
  readonly kind: string
  /** 0: any. */
  readonly port: number
  readonly domain: string | null
  readonly group: string | null
  /** Who refuses: the TURN's name; null for this node itself. */
  readonly at: string | null
}

/** Of a text that this node does not know, so much is kept. */
const MAX_SAID_CHARS = 200

/** `token in login doesn't match token from configuration`, `invalid OIDC token in login: …` */
const WRONG_TOKEN = /\btoken\b/

type Reading = readonly [text: RegExp, cause: (request: RefusedRequest) => ServiceCause]

/** The first that fits counts. */
const READINGS: readonly Reading[] = [
  [/proxy(?: name)? \[.*\] (?:already exists|is already in use)/, ({ at }) => ({ type: 'name-taken', at })],
  [/no available port/, ({ at }) => ({ type: 'no-free-port', at })],
  [/port not allowed/, ({ port, at }) => ({ type: 'port-not-allowed', port, at })],
  [/port already used|port unavailable/, ({ port, at }) => ({ type: 'port-taken', port, at })],
  [/exceed the max_ports_per_client/, ({ at }) => ({ type: 'too-many-ports', at })],
  [/router config conflict/, ({ domain, at }) => ({ type: 'domain-taken', domain: domain ?? '', at })],
  [
    /should not belong to subdomain|not supported in subdomain|subdomain is not supported|is the server's own|is no domain name|is not granted to strangers|nobody can have that/,
    ({ domain, at }) => ({ type: 'domain-not-allowed', domain: domain ?? '', at }),
  ],
  [
    /type \[.*\] (?:not support|error)|invalid type \[|unknown proxy type|proxy type not support|udp is not available/,
    ({ kind, at }) => ({ type: 'kind-not-carried', kind, at }),
  ],
  [/group auth failed/, ({ group, at }) => ({ type: 'group-key-wrong', group: group ?? '', at })],
  [/group should have same remote port/, ({ group, at }) => ({ type: 'group-port-differs', group: group ?? '', at })],
  [/group params invalid/, ({ group, at }) => ({ type: 'group-not-allowed', group: group ?? '', at })],
  [/bandwidth[_ ]limit/, ({ at }) => ({ type: 'limit-not-understood', at })],
  [WRONG_TOKEN, ({ at }) => ({ type: 'not-authorized', at })],
  [/longer than frp allows|more domains and locations than/, () => ({ type: 'request-too-long' })],
  [/did not answer in \d+ s/, ({ at }) => ({ type: 'no-answer', at })],
]

/** `text`: of `NewProxyResp`, or what our own client says in its place. */
export function causeOfRefusal(text: string, request: RefusedRequest): ServiceCause {
  const known = READINGS.find(([pattern]) => pattern.test(text))
  return known ? known[1](request) : { type: 'refused', at: request.at, said: text.slice(0, MAX_SAID_CHARS) }
}

/** Why a login was refused, as a clause about the TURN. `text`: of `LoginResp`, or our own client's where the hello went wrong. */
export function loginRefusalText(text: string): string {
  if (WRONG_TOKEN.test(text)) return 'it wants another token'
  if (/server is going away/.test(text)) return 'it is going away'
  if (/too many clients/.test(text)) return 'it has as many clients as it takes'
  if (/too many sessions from this address/.test(text)) return 'it has as many clients from this address as it takes from one'
  if (/traffic that a stranger has/.test(text)) return 'what it carries for strangers in a day is used up'
  if (/upgrade your frpc version/.test(text)) return 'it wants a newer frp than this node speaks'
  if (/is already online/.test(text)) return 'another process is logged in there as this node'
  if (/^the server('s| picked)/.test(text)) return text
  return 'it refuses the login for a reason this node does not know; its log says why'
}
