// A connection that reaches services of a node, over the members' channel: one node connects to another's service, or carries a
// request for a domain to the node that has it.
//
//   client → server   `m`, then a yamux session; the client opens streams, one for each connection or flow of datagrams
//   on each stream    the client says one line, ConnectAsk as JSON; the server answers one, ConnectAnswer as JSON
//   status 200        what follows is the service's: bytes both ways, each end of them for itself; of a udp service datagrams, each
//                     behind its length (2 bytes, big-endian)
//   another status    `error` says why in one sentence, and the stream ends
//
// Statuses: 400 the ask is not understood · 404 there is no such service, or none for this node: nobody learns of a service that is
// not for it · 409 it is of another kind · 502 it does not answer.
import { parseAddress } from '../domain/address.ts'
import { isServiceKind, type Scheme, type ServiceKind } from '../domain/service-kind.ts'
import { isToldDomain, toldDomain } from '../domain/told-domains.ts'
import { parseObject } from './envelope.ts'

export const CONNECT_BYTE = 0x6d
export const MAX_LINE_BYTES = 1_024
/** What UDP carries over IPv4. */
export const MAX_DATAGRAM_BYTES = 65_507

export type ConnectAsk =
  | { readonly type: 'service'; readonly service: string; readonly kind: 'tcp' | 'udp' }
  /** A user's connection for a domain of the asked node's. `from`, `at`: `host:port` of the user, and where it came in. */
  | { readonly type: 'domain'; readonly scheme: Scheme; readonly domain: string; readonly from: string; readonly at: string }

export interface ConnectAnswer {
  readonly status: number
  readonly error: string | null
}

/** A service as its owner tells of it, in the answer to `GET /v2/services`. http and https are reached as tcp. */
export interface ToldService {
  readonly name: string
  readonly kind: ServiceKind
  readonly private: boolean
}

/** In one answer; a node that has more tells of the first. */
export const MOST_TOLD_SERVICES = 128
export const MAX_SERVICES_BYTES = 64 * 1024

export const askLine = (ask: ConnectAsk): Buffer => Buffer.from(`${JSON.stringify(ask)}\n`)
export const answerLine = (answer: ConnectAnswer): Buffer => Buffer.from(`${JSON.stringify(answer)}\n`)

export function readAsk(line: string): ConnectAsk | null {
  const value = parseObject(line)
  if (value === null) return null
  const { type, service, kind, scheme, domain, from, at } = value
  if (type === 'service') return isName(service) && (kind === 'tcp' || kind === 'udp') ? { type: 'service', service, kind } : null
  if (type !== 'domain' || (scheme !== 'http' && scheme !== 'https') || typeof domain !== 'string') return null
  if (!isToldDomain(toldDomain(scheme, domain)) || !isEnd(from) || !isEnd(at)) return null
  return { type: 'domain', scheme, domain: domain.toLowerCase(), from, at }
}

export function readAnswer(line: string): ConnectAnswer | null {
  const { status, error } = parseObject(line) ?? {}
  if (typeof status !== 'number' || !Number.isInteger(status)) return null
  return { status, error: typeof error === 'string' ? error.slice(0, 300) : null }
}

/** Null: not the answer of a node. */
export function readToldServices(body: Buffer): readonly ToldService[] | null {
  const { services } = parseObject(body.toString('utf8')) ?? {}
  if (!Array.isArray(services)) return null
  return services.slice(0, MOST_TOLD_SERVICES).flatMap((one: unknown) => readTold(one) ?? [])
}

function readTold(value: unknown): ToldService | null {
  const { name, kind, private: isPrivate } = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  return isName(name) && isServiceKind(kind) ? { name, kind, private: isPrivate === true } : null
}

const isName = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= 100
/** `host:0` where the port is not known. */
const isEnd = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 300 && parseAddress(value.replace(/:0$/, ':1')) !== null

/** The line that a stream begins with. `rest`: what came behind it. `long`: there is none within `MAX_LINE_BYTES`. */
export type Line = { readonly type: 'line'; readonly text: string; readonly rest: Buffer | null } | { readonly type: 'more' | 'long' }

export function lineIn(bytes: Buffer): Line {
  const end = bytes.subarray(0, MAX_LINE_BYTES).indexOf(0x0a)
  if (end < 0) return { type: bytes.length >= MAX_LINE_BYTES ? 'long' : 'more' }
  const rest = bytes.subarray(end + 1)
  return { type: 'line', text: bytes.toString('utf8', 0, end), rest: rest.length > 0 ? rest : null }
}

/** A datagram behind its length. */
export function framed(datagram: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(2 + datagram.length)
  frame.writeUInt16BE(datagram.length)
  frame.set(datagram, 2)
  return frame
}

/** Takes datagrams out of what arrives. */
export class DatagramReader {
  #pieces: Buffer[] = []
  #bytes = 0
  /** So many must be there before anything can be taken out. */
  #wanted = 2

  /** Those that are whole now, which may be kept; null: what comes is none of ours. */
  push(piece: Buffer): readonly Buffer[] | null {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    // Not joined before: one byte at a time would be copied again and again.
    if (this.#bytes < this.#wanted) return []
    const joined = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces)
    const whole: Buffer[] = []
    let at = 0
    while (joined.length - at >= 2) {
      const end = at + 2 + joined.readUInt16BE(at)
      if (end - at - 2 > MAX_DATAGRAM_BYTES) return null
      if (end > joined.length) break
      whole.push(Buffer.from(joined.subarray(at + 2, end)))
      at = end
    }
    const rest = Buffer.from(joined.subarray(at))
    this.#pieces = rest.length === 0 ? [] : [rest]
    this.#bytes = rest.length
    this.#wanted = rest.length >= 2 ? 2 + rest.readUInt16BE() : 2
    return whole
  }
}
