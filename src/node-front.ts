// What comes in, from peers, from users of services and from clients of this node's TURN: the parts that answer, in the order they
// are made.
import { createLeaseFile } from './actors/carrying/lease-file.ts'
import { createNodeVhosts } from './actors/carrying/node-vhosts.ts'
import type { TrafficRates } from './actors/carrying/traffic-rates.ts'
import { createTurnServer } from './actors/carrying/turn-server-actor.ts'
import { createConnect } from './actors/connect/connect.ts'
import { createDrain } from './actors/front/drain.ts'
import { createEntrances } from './actors/front/entrances.ts'
import { createOperatorCalls } from './actors/front/operator-calls.ts'
import type { OperatorChanges } from './actors/front/operator-changes.ts'
import { createPublicRoutes } from './actors/front/public-routes.ts'
import { lookAnswer, type MachineFacts, serverInfo } from './actors/front/server-info.ts'
import type { Health } from './actors/health.ts'
import type { OwnRecord } from './actors/membership/own-record.ts'
import type { TableKeeper } from './actors/membership/table-keeper.ts'
import type { Services } from './actors/services/services.ts'
import { createKnocks } from './actors/turn/knocks.ts'
import type { TurnWish } from './actors/turn/turn-wish.ts'
import type { NodeOptions } from './answers.ts'
import type { Offer } from './domain/offer.ts'
import type { TurnCandidate } from './domain/turn-choice.ts'
import type { createStateWatch } from './feed/inspection.ts'
import type { News } from './feed/news.ts'
import type { Membership } from './node-membership.ts'
import type { Ports } from './ports.ts'

interface FrontNeeds {
  readonly ports: Ports
  readonly options: NodeOptions
  /** For `/server_info`. */
  readonly facts: MachineFacts
  /** Grants `/MAPPort` and `/AddProxy`; null: nobody has them. */
  readonly token: string | null
  readonly membership: Membership
  readonly offer: Offer
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly services: Services
  readonly rates: TrafficRates
  readonly health: Health
  readonly wish: TurnWish
  readonly operatorChanges: OperatorChanges
  /** Whether a service's `host:port` is the control port. */
  readonly isControl: (local: string) => boolean
  /** Everything that could be a TURN, with those of these keys in any case. */
  readonly candidates: (keys: readonly string[]) => readonly TurnCandidate[]
  readonly inspect: ReturnType<typeof createStateWatch>['inspect']
  readonly publish: (news: News) => void
  readonly onBug: (error: unknown) => void
}

export function createFront(needs: FrontNeeds) {
  const { ports, options, facts, token, membership, offer, keeper, own, services, rates, health } = needs
  const { wish, operatorChanges, isControl, candidates, inspect, publish, onBug } = needs
  const { clock, random, network, http, identity, store } = ports
  const { addresses: policy } = options
  const { gate, calls, load, reach, announcer, places, prober, lookers, gossip, speed, p2prc, joining, twins } = membership
  const isPrivate = options.network.type === 'private'

  const { vhosts, ownNames } = createNodeVhosts({
    ...{ own, hostname: facts.hostname },
    ...{ subdomainHost: options.subdomainHost ?? null, grantedDomains: options.allowDomains ?? [] },
  })
  const turnServer = createTurnServer({
    ...{ clock, network, options, offer, health, rates, vhosts, publish, onBug, inspect },
    random: random.fork('turn server'),
  })
  const leases = createLeaseFile({ clock, store, turnServer, health, onBug })
  const drain = createDrain({ clock, own, announcer, gossip, keeper, turnServer, publish, onBug })
  const operator = createOperatorCalls({
    ...{ clock, prober, speed, gate, keeper, joining, services, policy, own, operatorChanges, isControl, wish, candidates },
  })
  const connect = createConnect({
    ...{ clock, network, options, own, keeper, services, announcer, health, vhosts, turnServer, http: gate, find: operator.find, onBug },
  })
  const routes = createPublicRoutes({
    ...{ clock, identity, own, calls, gate, gossip, lookers, policy, p2prc, joining, twins, reach, operator, isPrivate, offer, token },
    speed: { answer: load.serving(speed.answer) },
    serverInfo: serverInfo(facts, { id: own.id, name: options.name, version: options.version, run: own.run }, places.own),
    look: lookAnswer(own.run, places.own),
    servicesFor: connect.servicesFor,
    // In an open network anybody could make a name this node's own.
    reachedBy: isPrivate ? ownNames.heard : () => {},
  })
  const knocks = createKnocks({ clock, network, random: random.fork('knocks') })
  const entrances = createEntrances({
    http,
    listen: options.listen,
    own,
    routes: (request, entrance) => {
      if (entrance === 'tunnel') knocks.heard(request.path)
      return routes(request, entrance)
    },
    acceptFrp: turnServer.accept,
    acceptConnect: connect.accept,
    vhosts: connect.vhosts,
  })
  return { vhosts, turnServer, leases, drain, operator, connect, knocks, entrances }
}
