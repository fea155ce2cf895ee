// Addresses as text: `host:port`, `[v6]:port`. Canonical, so that equal addresses are equal strings.

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Which addresses a node may contact and keep: public ones; private ranges too; loopback too. */
export type AddressPolicy = 'public' | 'lan' | 'any'

/** Null unless it is `host:port` with a port from 1 to 65535. Names are lower-cased, IPv6 compressed, IPv4 plain decimal. */
export function parseAddress(text: string): HostPort | null {
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
export function canonicalHost(text: string): string | null {
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

/** What sort of host it is. `forbidden`: nothing lives there (multicast, link-local, documentation, metadata services …). */
export function hostKind(host: string): HostKind {
  const v4 = parseV4(host)
  if (v4) return kindOfV4(v4)
  if (!host.includes(':')) return host === 'localhost' || host.endsWith('.localhost') ? 'loopback' : 'name'
  if (host === '::1') return 'loopback'
  if (/^f[cd]/.test(host)) return 'private'
  // Only 2000::/3 is given out. Outside it lie, among others, forms that carry an IPv4 address past the rules for those.
  return !/^[23][0-9a-f]{3}:/.test(host) || /^(2001:db8:|2001:0?:|2002:|3fff:0?:)/.test(host) ? 'forbidden' : 'public'
}

// IANA's special-purpose registry, the parts where no server of ours can be.
function kindOfV4([a, b, c]: readonly [number, number, number, number]): HostKind {
  if (a === 127) return 'loopback'
  if (a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b <= 127)) return 'private'
  if (a === 0 || a >= 224 || (a === 169 && b === 254)) return 'forbidden'
  if ((a === 192 && b === 0 && c === 0) || (a === 192 && b === 88 && c === 99)) return 'forbidden'
  // Documentation and benchmark ranges never appear on the internet, but labs are built with them.
  if ((a === 192 && b === 0 && c === 2) || (a === 198 && b === 51 && c === 100) || (a === 203 && b === 0 && c === 113)) return 'private'
  if (a === 198 && (b === 18 || b === 19)) return 'private'
  return 'public'
}

/** May this node contact and keep the address? Names pass only where a person gave them (`named`): gossip brings literals. */
export function isAllowed(address: string, policy: AddressPolicy, named = false): boolean {
  const parsed = parseAddress(address)
  if (!parsed) return false
  const kind = hostKind(parsed.host)
  if (kind === 'name') return named
  return kind === 'public' || (kind === 'private' && policy !== 'public') || (kind === 'loopback' && policy === 'any')
}
