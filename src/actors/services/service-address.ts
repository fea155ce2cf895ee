// Where a service of this node can be found once it is proven, and how that is told.
import type { ServiceSpec } from '../../answers.ts'
import { isByDomain } from '../../domain/service-kind.ts'

type Kind = Pick<ServiceSpec, 'kind' | 'domain'>

const USUAL_PORT = { http: 80, https: 443 } as const

/** The port in frps's `remote_addr`: `:20017`, or `domain[:port]` and more of them behind commas. NaN where there is none. */
export function portIn(remoteAddr: string, { kind }: Kind): number {
  const [first = ''] = remoteAddr.split(',')
  const port = /:(\d{1,5})$/.exec(first)?.[1]
  if (port !== undefined) return Number(port)
  return isByDomain(kind) ? USUAL_PORT[kind] : Number.NaN
}

/** `address` for tcp and udp; for a domain `http://DOMAIN[:PORT]` or `https://…`, the port left out where it is the usual one. */
export function publicOf({ kind, domain }: Kind, address: string): string {
  if (!isByDomain(kind) || domain === null) return address
  const port = Number(/:(\d+)$/.exec(address)?.[1])
  return `${kind}://${domain}${port === USUAL_PORT[kind] ? '' : `:${port}`}`
}

/** A name the domain covers: itself, or one below it where it is a wildcard. */
export const nameWithin = (domain: string): string => domain.replace(/^\*/, 'moonwalk-proof')
