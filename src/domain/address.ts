// Addresses as text: `host:port`, `[v6]:port`. Canonical, so that equal addresses are equal strings.
import { recalled } from './recalled.ts'

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Which addresses a node may contact and keep: public ones; private ranges too, by a person's or a neighbour's word; loopback too. */
export type AddressPolicy = 'public' | 'lan' | 'any'

/** Every request reads a few of the same ones again, and a node knows not many. */
const MOST_RECALLED = 2_048
/** Longer ones are rare: names. */
const MAX_RECALLED_CHARS = 64

/** Null unless it is `host:port` with a port from 1 to 65535. Names are lower-cased, IPv6 compressed, IPv4 plain decimal. */
export const parseAddress = recalled(readAddress, MOST_RECALLED, MAX_RECALLED_CHARS)

function readAddress(text: string): HostPort | null {
  const bracketed = /^\[([0-9a-fA-F.]*:[0-9a-fA-F:.]+)\]:(\d{1,5})$/.exec(text)
  const plain = bracketed ?? /^([^\s:/@?#[\]]+):(\d{1,5})$/.exec(text)
  if (!plain) return null
  const port = Number(plain[2])
  const host = canonicalHost(plain[1] ?? '')
  return host === null || port < 1 || port > 65_535 ? null : { host, port }
}

/** The text for a host and a port; brackets where the host is IPv6. */
export const formatAddress = ({ host, port }: HostPort): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

/** Host and port as they came (with or without brackets or an IPv4-mapped prefix) as one canonical address, or null. */
export function addressOf(host: string, port: number): string | null {
  const canonical = canonicalHost(host.replace(/^\[|\]$/g, ''))
  return canonical === null || !Number.isInteger(port) || port < 1 || port > 65_535 ? null : formatAddress({ host: canonical, port })
}

/** IPv4 in four plain decimals, IPv6 compressed, a DNS name in lower case; null for anything else (`0x7f.1`, `017.0.0.1`, zone ids). */
export const canonicalHost = recalled(readHost, MOST_RECALLED, MAX_RECALLED_CHARS)

function readHost(text: string): string | null {
  const host = text.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
  if (host.includes(':')) return canonicalV6(host)
  if (/^[\d.]+$/.test(host)) return parseV4(host) ? host : null
  // A name whose last label is a number would be read as an address by some resolvers.
  if (!/^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i.test(host)) return null
  return /(^|\.)(0x[0-9a-f]*|\d+)\.?$/i.test(host) ? null : host.toLowerCase().replace(/\.$/, '')
}

function canonicalV6(host: string): string | null {
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(host)) return null
  try {
    const inside = new URL(`http://[${host}]/`).hostname.slice(1, -1)
    const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(inside)
    if (!mapped) return inside
    const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)]
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  } catch {
    return null
  }
}

function parseV4(host: string): readonly [number, number, number, number] | null {
  const parts = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(host)
  if (!parts) return null
  const [a = 256, b = 256, c = 256, d = 256] = parts.slice(1).map(Number)
  return a > 255 || b > 255 || c > 255 || d > 255 ? null : [a, b, c, d]
}

/** An IP address, and no name that has to be looked up. */
export const isLiteral = (host: string): boolean => host.includes(':') || parseV4(host) !== null

export type HostKind = 'public' | 'private' | 'loopback' | 'forbidden' | 'name'

/**
 * What sort of host it is. `forbidden`: no server of ours lives there
 * (multicast, link-local, metadata services …), whatever the policy.
 */
export const hostKind = recalled(kindOf, MOST_RECALLED, MAX_RECALLED_CHARS)

function kindOf(host: string): HostKind {
  const v4 = parseV4(host)
  if (v4) return kindOfV4(v4)
  if (!host.includes(':')) return host === 'localhost' || host.endsWith('.localhost') ? 'loopback' : 'name'
  return host === '::1' ? 'loopback' : kindOfV6(groupsOf(host))
}

// IANA's special-purpose registries, and where cloud providers answer with a machine's credentials.
function kindOfV4([a, b, c, d]: readonly [number, number, number, number]): HostKind {
  if (a === 127) return 'loopback'
  // Alibaba's metadata lies among private addresses, Azure's among public ones.
  // Oracle's is in 192.0.0.0/24, all others' in 169.254.0.0/16.
  if ((a === 100 && b === 100 && c === 100 && d === 200) || (a === 168 && b === 63 && c === 129 && d === 16)) return 'forbidden'
  if (a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b <= 127)) return 'private'
  if (a === 0 || a >= 224 || (a === 169 && b === 254)) return 'forbidden'
  if ((a === 192 && b === 0 && c === 0) || (a === 192 && b === 88 && c === 99)) return 'forbidden'
  // Documentation and benchmark ranges never appear on the internet, but labs are built with them.
  if ((a === 192 && b === 0 && c === 2) || (a === 198 && b === 51 && c === 100) || (a === 203 && b === 0 && c === 113)) return 'private'
  if (a === 198 && (b === 18 || b === 19)) return 'private'
  return 'public'
}

function kindOfV6([a = 0, b = 0]: readonly number[]): HostKind {
  // Metadata of Amazon (fd00:ec2::254) and Google (fd20:ce::254).
  if ((a === 0xfd00 && b === 0x0ec2) || (a === 0xfd20 && b === 0x00ce)) return 'forbidden'
  if (a >= 0xfc00 && a <= 0xfdff) return 'private'
  // Only 2000::/3 is given out. Outside it lie, among others, forms that carry an IPv4 address past the rules for those.
  if (a < 0x2000 || a > 0x3fff) return 'forbidden'
  // 2001::/23 protocols (Teredo too), 2001:db8::/32 documentation, 2002::/16 6to4, 3fff::/20 documentation.
  if ((a === 0x2001 && (b < 0x0200 || b === 0x0db8)) || a === 0x2002 || (a === 0x3fff && b < 0x1000)) return 'forbidden'
  return 'public'
}

/** The eight groups of a canonical IPv6 address. */
function groupsOf(host: string): readonly number[] {
  const [head = '', tail] = host.split('::')
  const numbers = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)))
  const [first, last] = [numbers(head), numbers(tail ?? '')]
  return [...first, ...Array<number>(Math.max(0, 8 - first.length - last.length)).fill(0), ...last]
}

/** The network that a host is taken to share with its neighbours: /24 of IPv4, /64 of IPv6; null for a name. Canonical host in. */
export const segmentOf = recalled(readSegment, MOST_RECALLED, MAX_RECALLED_CHARS)

function readSegment(host: string): string | null {
  const v4 = parseV4(host)
  if (v4) return v4.slice(0, 3).join('.')
  return host.includes(':')
    ? groupsOf(host)
        .slice(0, 4)
        .map((group) => group.toString(16))
        .join(':')
    : null
}

/**
 * Whose word an address is. `named`: a person's. `neighbour`: that of a node in this machine's own network (`isNeighbour`).
 * `hearsay`: of anybody else.
 */
export type Word = 'named' | 'neighbour' | 'hearsay'

/**
 * May this node contact and keep the address? Host names pass only where a person gave them: others bring literals. Private
 * addresses pass under `lan` where a person or a neighbour named them. From others, ports below 1024 pass only if they are HTTP's:
 * behind the rest live mail, remote logins and the like, which a stranger must not have this node speak to.
 */
export function isAllowed(address: string, policy: AddressPolicy, word: Word = 'hearsay'): boolean {
  const parsed = parseAddress(address)
  if (!parsed || (word !== 'named' && parsed.port < 1024 && parsed.port !== 80 && parsed.port !== 443)) return false
  const kind = hostKind(parsed.host)
  return kind === 'name' ? word === 'named' : isAllowedKind(kind, policy, word)
}

const isAllowedKind = (kind: HostKind, policy: AddressPolicy, word: Word): boolean =>
  kind === 'public' ||
  (kind === 'private' && (policy === 'any' || (policy === 'lan' && word !== 'hearsay'))) ||
  (kind === 'loopback' && policy === 'any')

/** May this node connect to this IP address, whatever name led there? `ip` as a resolver gives it. */
export function isAllowedIp(ip: string, policy: AddressPolicy): boolean {
  const host = canonicalHost(ip)
  // What it was told by whom was asked when the address was taken in: a private one is one that may be.
  return host !== null && hostKind(host) !== 'name' && isAllowedKind(hostKind(host), policy, 'neighbour')
}

/** A node that tells of addresses. */
export interface Teller {
  /** Where this node has reached it itself, `IP:port`; null: nowhere yet. */
  readonly reachedAt: string | null
  /** The IP address it was seen at, either way; null where that says nothing, as through a tunnel. */
  readonly seenAt: string | null
}

export const NOBODY: Teller = { reachedAt: null, seenAt: null }

/** What its word of an address counts for. Of the very IP address that it was seen at it speaks for itself. */
export const wordOf = (address: string, { reachedAt, seenAt }: Teller, ownHosts: readonly string[]): Word =>
  (seenAt !== null && parseAddress(address)?.host === seenAt) || isNeighbour(reachedAt, address, ownHosts) ? 'neighbour' : 'hearsay'

/**
 * Is the word of a node at `teller` of the private address `told` a neighbour's? The caller must have reached the teller there itself.
 * It is where the teller's address is private too, and in one segment with this machine or with what it tells of: what such a
 * node has proven lies in a network that this node is in.
 */
export function isNeighbour(teller: string | null, told: string, ownHosts: readonly string[]): boolean {
  const [from, to] = [teller === null ? null : parseAddress(teller), parseAddress(told)]
  if (!from || !to || hostKind(from.host) !== 'private') return false
  const segment = segmentOf(from.host)
  return segment === segmentOf(to.host) || ownHosts.some((host) => segmentOf(host) === segment)
}
