// What `/MAPPort` and `/AddProxy` are asked for, in P2PRC's words.
import { addressOf, canonicalHost } from '../../domain/address.ts'
import { isOwnHost } from '../../domain/own-host.ts'

export interface MapAsk {
  /** Of this machine. */
  readonly port: number
  readonly isUdp: boolean
  /** Is to lead there too; null: none. */
  readonly domain: string | null
}

export interface ProxyAsk {
  readonly domain: string
  /** `host:port`, as this node reaches it. */
  readonly local: string
}

/** P2PRC takes all but these two words as a wish for UDP; what is left out is none. */
const NO_UDP = ['', 'false', 'False']
const NO_PORT = 'port must be a number from 1 to 65535'

/** `port`, and `domain_name` and `udp` where they are given; or a clause that says what is wrong. */
export function readMapAsk(query: URLSearchParams): MapAsk | string {
  const port = portIn(query)
  if (port === null) return NO_PORT
  const domain = query.get('domain_name') ?? ''
  const isUdp = !NO_UDP.includes(query.get('udp') ?? '')
  if (domain === '') return { port, isUdp, domain: null }
  const name = domainIn(domain)
  if (name === null) return NO_DOMAIN
  return isUdp ? 'a domain leads to a web service, which is no UDP' : { port, isUdp, domain: name }
}

/** `domain_name`, `ip_address` and `port`; or a clause that says what is wrong. */
export function readProxyAsk(query: URLSearchParams): ProxyAsk | string {
  const domain = domainIn(query.get('domain_name') ?? '')
  const port = portIn(query)
  if (domain === null) return NO_DOMAIN
  if (port === null) return NO_PORT
  const local = addressOf(query.get('ip_address') ?? '', port)
  return local === null ? 'ip_address must be an address or a host name' : { domain, local }
}

const NO_DOMAIN = 'domain_name must be a name such as www.example.org'

function portIn(query: URLSearchParams): number | null {
  const named = query.get('port') ?? ''
  const port = /^\d{1,5}$/.test(named) ? Number(named) : 0
  return port < 1 || port > 65_535 ? null : port
}

function domainIn(text: string): string | null {
  const name = canonicalHost(text)
  return name === null || isOwnHost(name, []) ? null : name
}
