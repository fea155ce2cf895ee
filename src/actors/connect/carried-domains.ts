// Domains on this node's public port: those that it or a client of its TURN serves, and beside them those that other nodes name in
// their records. A request for one of these goes straight to the service's local end at its owner: one hop, since the owner looks
// at its own services alone.
import type { PeerId } from '../../domain/record.ts'
import type { Scheme } from '../../domain/service-kind.ts'
import { CARRY_PATIENCE } from '../../domain/timings.ts'
import { isGrantedDomain, toldAs } from '../../domain/told-domains.ts'
import { type AcceptedLink, NO_RULES, type VhostFinder, type VhostRoute, type Vhosts } from '../../frp/index.ts'
import type { DomainOwners } from './domain-owners.ts'
import type { ReachService } from './reach-service.ts'
import { endText } from './served-connects.ts'

interface CarriedNeeds {
  readonly vhosts: Pick<Vhosts, 'http' | 'https' | 'isNodes'>
  readonly owners: Pick<DomainOwners, 'find'>
  /** Who has exactly that domain at this node's TURN, or had it within a day: `member ID`, or somebody else. */
  readonly domainOwner: (domain: string) => string | null
  readonly reach: ReachService['reach']
  /** What nodes may have of an open network, where anybody names what he likes; null: all are members, and may have any. */
  readonly granted: { readonly granted: readonly string[]; readonly subdomainHost: string | null } | null
  readonly onBug: (error: unknown) => void
}

export function createCarriedDomains({ vhosts, owners, domainOwner, reach, granted, onBug }: CarriedNeeds): VhostFinder {
  const carry = async (user: AcceptedLink, id: PeerId, scheme: Scheme, domain: string): Promise<void> => {
    const ends = { from: endText(user.remote), at: endText(user.local) }
    const reached = await reach(id, { type: 'domain', scheme, domain, ...ends }, CARRY_PATIENCE)
    if (reached.type !== 'open') return user.refuse()
    const { stream, rest } = reached
    const { link, direct } = user.open(stream.reader())
    if (user.first !== null) stream.write(user.first)
    stream.relay(link, { direct, rest, closeTogether: false })
  }
  /** It is kept for somebody else, as exactly as that node names it or more so. */
  const isKept = (scheme: Scheme, name: string, { id, told }: { readonly id: PeerId; readonly told: string }): boolean => {
    const forms = toldAs(scheme, name)
    return forms.slice(0, forms.indexOf(told) + 1).some((form) => ![null, `member ${id}`].includes(domainOwner(plain(form))))
  }
  const routeTo = (scheme: Scheme, host: string, path: string): VhostRoute | null => {
    const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')
    const owner = vhosts.isNodes(name, path) ? null : owners.find(scheme, name)
    if (owner === null || (granted !== null && !isGrantedDomain(plain(owner.told), granted)) || isKept(scheme, name, owner)) return null
    return { rules: NO_RULES, serve: (user) => void carry(user, owner.id, scheme, name).catch(onBug) }
  }
  return {
    http: (host, path) => {
      const own = vhosts.http(host, path)
      const route = own.type === 'no-domain' ? routeTo('http', host, path) : null
      return route === null ? own : { type: 'found', value: route }
    },
    https: (serverName) => vhosts.https(serverName) ?? routeTo('https', serverName, '/'),
  }
}

/** Without its scheme. */
const plain = (told: string): string => told.slice(told.indexOf(':') + 1)
