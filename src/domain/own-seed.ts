import { formatAddress, hostKind, parseAddress } from './address.ts'

/** Where a node takes requests, as far as that is known before it runs. */
export interface OwnPlaces {
  /** `HOST:PORT`; null without a public port. */
  readonly listen: string | null
  /** `HOST` (then with the port that it listens on) or `HOST:PORT`. */
  readonly advertise: string | null
  /** Of this machine's interfaces. */
  readonly hosts: readonly string[]
}

const EVERYWHERE: readonly string[] = ['0.0.0.0', '::']

/**
 * Whether a seed is the node itself: where all machines have one list of
 * seeds, it names everybody, oneself too. Names are not looked up.
 */
export function isOwnSeed(seed: string, { listen, advertise, hosts }: OwnPlaces): boolean {
  const at = listen === null ? null : parseAddress(listen)
  const to = parseAddress(seed)
  if (at === null || to === null) return false
  const told = advertise === null ? null : (parseAddress(advertise) ?? { host: advertise, port: at.port })
  if (told !== null && formatAddress(told) === formatAddress(to)) return true
  return to.port === at.port && listensAt(at.host, to.host, hosts)
}

/** Whoever connects to no address in particular reaches the machine that he is on. */
function listensAt(listen: string, host: string, hosts: readonly string[]): boolean {
  const isHere = hostKind(host) === 'loopback' || EVERYWHERE.includes(host)
  if (EVERYWHERE.includes(listen)) return isHere || hosts.includes(host)
  return host === listen || (hostKind(listen) === 'loopback' && (EVERYWHERE.includes(host) || host === 'localhost'))
}
