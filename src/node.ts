// The composition root: every part of a node, in the order they are made. A part is given earlier ones only.
import { createActor } from 'xstate'
import { createTrafficRates } from './actors/carrying/traffic-rates.ts'
import { checkup } from './actors/front/checkup.ts'
import { createLife } from './actors/front/life.ts'
import { netcheck } from './actors/front/netcheck.ts'
import { answersOf } from './actors/front/node-answers.ts'
import { createOperatorChanges } from './actors/front/operator-changes.ts'
import type { MachineFacts } from './actors/front/server-info.ts'
import { createHealth } from './actors/health.ts'
import { createHistory } from './actors/history/history.ts'
import { createOwnRecord } from './actors/membership/own-record.ts'
import { createTableKeeper } from './actors/membership/table-keeper.ts'
import { directAddress } from './actors/services/direct-address.ts'
import { createDirectServices } from './actors/services/direct-services.ts'
import { createServicePorts } from './actors/services/service-ports.ts'
import { createServices } from './actors/services/services.ts'
import { candidates } from './actors/turn/candidates.ts'
import { createExternalFrps } from './actors/turn/external-frps.ts'
import { createTurnWish } from './actors/turn/turn-wish.ts'
import type { MoonwalkNode, NodeOptions } from './answers.ts'
import { isControlPort } from './domain/control-port.ts'
import { offerOf } from './domain/offer.ts'
import { PATIENCE } from './domain/timings.ts'
import { BY_LATENCY, pinsOf } from './domain/turn-choice.ts'
import { createStateWatch } from './feed/inspection.ts'
import { createNewsDesk } from './feed/news-desk.ts'
import { nodeMachine } from './machines/node-machine.ts'
import { createFront } from './node-front.ts'
import { nodeImplementations } from './node-implementations.ts'
import { createMembership } from './node-membership.ts'
import type { Ports } from './ports.ts'

/** What a node is given besides ports and options; all of it may be left out. */
export interface NodeExtras {
  /** For `/server_info`. */
  readonly facts?: MachineFacts
  /** Grants `/MAPPort` and `/AddProxy`. Absent: nobody has them. */
  readonly token?: string
  /** Where the control port listens, or is to, `host:port`: no service may lead there. Null, or absent: there is none. */
  readonly controlAddress?: () => string | null
  /** Hears of bugs: the node is in an unknown state after one. Default: thrown. */
  readonly onBug?: (error: unknown) => void
}

/** How many TURNs a node behind NAT holds tunnels to at once. */
const TUNNELS = 2
const NO_FACTS: MachineFacts = { hostname: '', platform: '', cpu: '', ramMiB: 0, diskMiB: 0 }

export function createNode(ports: Ports, options: NodeOptions, extras: NodeExtras = {}): MoonwalkNode {
  const { clock, random, network, identity } = ports
  const { name, turns } = options
  const onBug = extras.onBug ?? throwBug
  const patienceMs = options.patienceMs ?? PATIENCE
  const offer = offerOf({ ...options, hasToken: (options.turnTokens?.() ?? []).length > 0 })

  // What is only kept.
  const startedAt = new Date(clock.wallMs()).toISOString()
  const desk = createNewsDesk(() => clock.wallMs())
  const { publish } = desk
  const watch = createStateWatch(publish)
  const health = createHealth()
  const ending = new AbortController()
  const keeper = createTableKeeper({ clock, self: identity.id, publish })
  const own = createOwnRecord(ports, { name, offersTurn: offer !== 'nobody', advertise: options.advertise })
  const rates = createTrafficRates(clock)
  const wish = createTurnWish(options.turnPreference ?? BY_LATENCY)
  const services = createServices({
    ...{ clock, network, publish, rates, inspect: watch.inspect, onBug },
    random: random.fork('services'),
    first: options.services,
  })

  // What a person changes.
  const controlAddress = extras.controlAddress ?? (() => null)
  const isControl = (local: string): boolean => isControlPort(local, controlAddress(), network.ownHosts())
  const operatorChanges = createOperatorChanges({ clock, store: ports.store, keeper, services, wish, isControl, health, publish, onBug })

  // Who is there.
  const membership = createMembership({
    ...{ ports, options, keeper, own, rates, health, inspect: watch.inspect, publish, onBug },
    seeds: () => [...options.seeds, ...operatorChanges.seeds()],
    ended: ending.signal,
  })
  const { file, gate, calls, reach, announcer, places, prober, gossip, speedAccount, joining } = membership

  // Who could be a TURN.
  const external = createExternalFrps({ clock, random: random.fork('external frps'), network, turns, publish })
  const everyCandidate = (keys?: readonly string[]) => candidates({ clock, keeper, turns, external }, keys, pinsOf(wish.preference()))

  // What comes in.
  const front = createFront({
    ...{ ports, options, membership, offer, keeper, own, services, rates, health, wish, operatorChanges, isControl },
    candidates: everyCandidate,
    ...{ facts: extras.facts ?? NO_FACTS, token: extras.token ?? null, inspect: watch.inspect, publish, onBug },
  })
  const { vhosts, turnServer, leases, drain, operator, connect, knocks, entrances } = front

  // The machine, and what its names mean.
  const direct = createDirectServices({
    ...{ clock, network, services, vhosts, ports: options.ports, bindHost: entrances.bindHost, onBug, patienceMs },
    publicAddress$: directAddress(own, keeper.changes$),
  })
  const implementations = nodeImplementations({
    ...{ clock, random, network, keeper, services, prober, announcer, external, turns, publish, membership: membership.actor, onBug },
    calls: { ...calls, whoAnswers: (address, timeoutMs, isAnew) => calls.whoAnswers(gate.atTurn(address), timeoutMs, isAnew) },
    self: own.id,
    servicePorts: createServicePorts(own.id),
    knocks,
    run: own.run,
    tunnels: options.tunnels ?? TUNNELS,
    wish,
    patienceMs,
    innerAddress: entrances.innerAddress,
    turnServer: turnServer.logic,
    directServices: direct.logic,
  })
  const actor = createActor(nodeMachine.provide(implementations), {
    clock: { setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout },
    inspect: watch.inspect,
    input: { mayTunnel: turns.length > 0, reach: reach.verdict().type },
  })

  // What is answered.
  const answers = answersOf({
    ...{ clock, own, options, keeper, file, services, turnServer, speedAccount, wish, external, health, announcer, joining, startedAt },
    place: places.own,
    notes: ports.store.notes,
    ownHosts: network.ownHosts,
    snapshot: () => actor.getSnapshot(),
    candidates: everyCandidate,
  })

  const checking = {
    ...{ clock, own, keeper, reach, joining, http: gate, networkKind: options.network, listens: options.listen !== null },
    ...{ ownHosts: network.ownHosts, status: answers.status, candidates: everyCandidate },
  }

  const history = createHistory({
    ...{ clock, store: ports.store, status: answers.status, peers: answers.peers, services, onEntry: desk.onEntry, health, onBug },
  })

  return {
    id: own.id,
    name,
    ...createLife({
      clock,
      ending,
      own,
      file,
      operatorChanges,
      leases,
      spending: membership.spending,
      history,
      entrances,
      gossip,
      drain,
      actor,
      rates,
      services,
      turnServer,
      external,
      connect,
      publish,
      onBug,
    }),
    ...answers,
    history: history.answer,
    netcheck: () => netcheck(checking),
    checkup: () => checkup(checking),
    onNews: desk.onEntry,
    recentNews: desk.recent,
    activeStates: watch.states,
    ...operator.methods,
    ...connect.methods,
    drain: drain.run,
  }
}

const throwBug = (error: unknown): never => {
  throw error
}
