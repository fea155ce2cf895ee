// The domains served on this node's public port, its clients' and its own. What reaches this node by its address or by a name of
// its own stays with its routes.
import { canonicalHost, parseAddress } from '../../domain/address.ts'
import { isOwnHost } from '../../domain/own-host.ts'
import { Vhosts } from '../../frp/index.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import { createOwnNames, type OwnNames } from './own-names.ts'

interface VhostNeeds {
  readonly own: Pick<OwnRecord, 'address' | 'via' | 'advertised' | 'listenPort'>
  readonly hostname: string
  /** Below it clients may have names by frp's `subdomain`. */
  readonly subdomainHost: string | null
  /** What strangers may have too. */
  readonly grantedDomains: readonly string[]
}

/** What nodes ask each other. A service's own paths may begin alike: a registry of container images lies below `/v2/`. */
const NODE_PATH = /^\/v2\/(hello|echo|gossip|resolve|speed\/(open|down|up))$/

/** `ownNames`: tell it by which names members reach this node. */
export function createNodeVhosts({ own, hostname, subdomainHost, grantedDomains }: VhostNeeds): {
  readonly vhosts: Vhosts
  readonly ownNames: OwnNames
} {
  /** Where others reach this node, as far as it knows, best first. */
  const known = () => [own.via() === null ? own.address() : null, own.advertised()].flatMap((address) => parseAddress(address ?? '') ?? [])
  const names = [canonicalHost(hostname)].flatMap((name) => name ?? [])
  const ownNames: OwnNames = createOwnNames((name) => vhosts.isClaimed(name))
  const vhosts: Vhosts = new Vhosts({
    port: () => known()[0]?.port ?? own.listenPort() ?? 0,
    isOwn: (host) => isOwnHost(host, [...names, ...known().map((at) => at.host)]) || ownNames.has(host),
    isOwnPath: (path) => NODE_PATH.test(path),
    subdomainHost,
    grantedDomains,
  })
  return { vhosts, ownNames }
}
