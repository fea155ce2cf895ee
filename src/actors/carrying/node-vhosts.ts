// The domains served on this node's public port, its clients' and its own. What reaches this node by its address or by a name of
// its own stays with its routes.
import { canonicalHost, parseAddress } from '../../domain/address.ts'
import { isOwnHost } from '../../domain/own-host.ts'
import { Vhosts } from '../../frp/index.ts'
import type { OwnRecord } from '../membership/own-record.ts'

interface VhostNeeds {
  readonly own: Pick<OwnRecord, 'address' | 'via' | 'advertised' | 'listenPort'>
  readonly hostname: string
  /** Below it clients may have names by frp's `subdomain`. */
  readonly subdomainHost: string | null
}

export function createNodeVhosts({ own, hostname, subdomainHost }: VhostNeeds): Vhosts {
  /** Where others reach this node, as far as it knows, best first. */
  const known = () => [own.via() === null ? own.address() : null, own.advertised()].flatMap((address) => parseAddress(address ?? '') ?? [])
  const names = [canonicalHost(hostname)].flatMap((name) => name ?? [])
  return new Vhosts({
    port: () => known()[0]?.port ?? own.listenPort() ?? 0,
    isOwn: (host) => isOwnHost(host, [...names, ...known().map((at) => at.host)]),
    subdomainHost,
  })
}
