// Services of other nodes reached from here, this node's reached from there, and domains carried between: the parts joined.
import type { MoonwalkNode, NodeOptions } from '../../answers.ts'
import type { Row } from '../../domain/ip-table.ts'
import { SERVICES_TIMEOUT } from '../../domain/timings.ts'
import type { AcceptedLink, VhostFinder, Vhosts } from '../../frp/index.ts'
import { isFailure, type Ports } from '../../ports.ts'
import type { ToldService } from '../../v2/connect.ts'
import type { TurnServer } from '../carrying/turn-server-actor.ts'
import type { Health } from '../health.ts'
import type { Announcer } from '../membership/announcer.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import type { PeerRequests } from '../membership/peer-requests.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import type { Services } from '../services/services.ts'
import { createCarriedDomains } from './carried-domains.ts'
import { createConnector } from './connector.ts'
import { createDomainOwners } from './domain-owners.ts'
import { tellOwnDomains } from './own-domains.ts'
import { createPeerSessions } from './peer-sessions.ts'
import { createReachService } from './reach-service.ts'
import { createServedConnects } from './served-connects.ts'

export interface Connect {
  readonly methods: Pick<MoonwalkNode, 'connect' | 'connectable'>
  /** A connection from a node that wants to reach services here. */
  accept(accepted: AcceptedLink): void
  servicesFor(id: string): readonly ToldService[]
  /** Whose each domain is that comes to the public port. */
  readonly vhosts: VhostFinder
  /** Ends everything. */
  close(): void
}

interface ConnectNeeds extends Pick<Ports, 'clock' | 'network'> {
  readonly options: Pick<NodeOptions, 'addresses' | 'network' | 'allowDomains' | 'subdomainHost'>
  readonly own: OwnRecord
  readonly keeper: TableKeeper
  readonly services: Services
  readonly announcer: Pick<Announcer, 'outrun'>
  readonly health: Health
  readonly vhosts: Vhosts
  readonly turnServer: Pick<TurnServer, 'domainOwner'>
  /** Requests to peers, by this node's rules for contacts. */
  readonly http: PeerRequests
  readonly find: (peer: string) => Row | string
  readonly onBug: (error: unknown) => void
}

export function createConnect({
  options,
  own,
  keeper,
  services,
  announcer,
  health,
  vhosts,
  turnServer,
  http,
  find,
  ...needs
}: ConnectNeeds): Connect {
  const { clock, network, onBug } = needs
  const isPrivate = options.network.type === 'private'
  let isStopped = false
  const sessions = createPeerSessions({ clock, network, policy: options.addresses })
  const service = createReachService({
    ...{ clock, keeper, sessions, onBug },
    isStopped: () => isStopped,
    // A further address is its owner's word: it is asked first as any address is that has not proven itself.
    admit: async (id, address) => {
      const request = { method: 'GET', path: '/v2/services', over: 'channel', expect: id, timeoutMs: SERVICES_TIMEOUT } as const
      const answer = await http.request(address, request)
      return isFailure(answer) ? answer : null
    },
  })
  const idsOf = (name: string): readonly string[] =>
    // Of those that are away too: nobody gets the name of a node by waiting until that is offline.
    [...keeper.current().rows.values(), ...[...keeper.current().gone.values()].map(({ row }) => row)].flatMap(({ record }) =>
      record.id !== null && record.name.toLowerCase() === name.toLowerCase() ? [record.id] : [],
    )
  const served = createServedConnects({
    ...{ clock, network, services, onBug },
    askerOf: (id) => ({ id, isMember: isPrivate, idsOf }),
    membersAreTrusted: isPrivate,
  })
  const owners = createDomainOwners({ keeper, self: own.id })
  const connector = createConnector({ clock, network, self: own.id, keeper, find, http, service, onBug })
  const endDomains = tellOwnDomains({ services, own, announcer, health })
  return {
    methods: { connect: connector.connect, connectable: connector.connectable },
    accept: served.accept,
    servicesFor: served.servicesFor,
    vhosts: createCarriedDomains({
      ...{ vhosts, owners, domainOwner: turnServer.domainOwner, reach: service.reach, onBug },
      granted: isPrivate ? null : { granted: options.allowDomains ?? [], subdomainHost: options.subdomainHost ?? null },
    }),
    close: () => {
      isStopped = true
      connector.close()
      served.close()
      sessions.close()
      owners.stop()
      endDomains()
    },
  }
}
