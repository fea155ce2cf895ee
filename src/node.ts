// The composition root: every part of a node, in the order they are made. A part is given earlier ones only.
import { createActor } from 'xstate'
import { createLeaseFile } from './actors/carrying/lease-file.ts'
import { createNodeVhosts } from './actors/carrying/node-vhosts.ts'
import { createTrafficRates } from './actors/carrying/traffic-rates.ts'
import { createTurnServer } from './actors/carrying/turn-server-actor.ts'
import { createConnect } from './actors/connect/connect.ts'
import { checkup } from './actors/front/checkup.ts'
import { createDrain } from './actors/front/drain.ts'
import { createEntrances } from './actors/front/entrances.ts'
import { createLife } from './actors/front/life.ts'
import { netcheck } from './actors/front/netcheck.ts'
import { answersOf } from './actors/front/node-answers.ts'
import { createOperatorCalls } from './actors/front/operator-calls.ts'
import { createOperatorChanges } from './actors/front/operator-changes.ts'
import { createPublicRoutes } from './actors/front/public-routes.ts'
import { lookAnswer, type MachineFacts, serverInfo } from './actors/front/server-info.ts'
import { createHealth } from './actors/health.ts'
import { createHistory } from './actors/history/history.ts'
import { createAnnouncer } from './actors/membership/announcer.ts'
import { createCompany } from './actors/membership/company.ts'
import { createContactGate } from './actors/membership/contact-gate.ts'
import { createFirstLooks } from './actors/membership/first-looks.ts'
import { createGossip } from './actors/membership/gossip.ts'
import { createJoining } from './actors/membership/joining.ts'
import { createLookers } from './actors/membership/lookers.ts'
import { createMembershipActor } from './actors/membership/membership-actor.ts'
import { createOwnRecord } from './actors/membership/own-record.ts'
import { createP2prcExchange } from './actors/membership/p2prc-exchange.ts'
import { createPathLoad } from './actors/membership/path-load.ts'
import { createPeerCalls, endable } from './actors/membership/peer-calls.ts'
import { createPlaces } from './actors/membership/places.ts'
import { createProber } from './actors/membership/prober.ts'
import { createReach } from './actors/membership/reach.ts'
import { createSpeed } from './actors/membership/speed.ts'
import { createSpeedAccount } from './actors/membership/speed-account.ts'
import { speedTests } from './actors/membership/speed-tests.ts'
import { createStanding } from './actors/membership/standing.ts'
import { createSuspicion } from './actors/membership/suspicion.ts'
import { createTableFile } from './actors/membership/table-file.ts'
import { createTableKeeper } from './actors/membership/table-keeper.ts'
import { createTwinWatch } from './actors/membership/twin-watch.ts'
import { createVouching } from './actors/membership/vouching.ts'
import { directAddress } from './actors/services/direct-address.ts'
import { createDirectServices } from './actors/services/direct-services.ts'
import { createServicePorts } from './actors/services/service-ports.ts'
import { createServices } from './actors/services/services.ts'
import { candidates } from './actors/turn/candidates.ts'
import { createExternalFrps } from './actors/turn/external-frps.ts'
import { createKnocks } from './actors/turn/knocks.ts'
import { createTurnWish } from './actors/turn/turn-wish.ts'
import type { MoonwalkNode, NodeOptions } from './answers.ts'
import { isControlPort } from './domain/control-port.ts'
import { offerOf } from './domain/offer.ts'
import { PATIENCE, SPEED_BUSY_BYTES_PER_SECOND } from './domain/timings.ts'
import { BY_LATENCY } from './domain/turn-choice.ts'
import { createStateWatch } from './feed/inspection.ts'
import { createNewsDesk } from './feed/news-desk.ts'
import { nodeMachine } from './machines/node-machine.ts'
import { nodeImplementations } from './node-implementations.ts'
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
  const { clock, random, network, http, identity } = ports
  const { name, turns, addresses: policy } = options
  const isPrivate = options.network.type === 'private'
  const onBug = extras.onBug ?? throwBug
  const offer = offerOf({ ...options, hasToken: (options.turnTokens?.() ?? []).length > 0 })

  // State only.
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

  // Membership: who is there, how near, and how this node is reached.
  const file = createTableFile({ ...ports, keeper, own, policy, health, publish, onBug })
  const controlAddress = extras.controlAddress ?? (() => null)
  const isControl = (local: string): boolean => isControlPort(local, controlAddress(), network.ownHosts())
  const operatorChanges = createOperatorChanges({ clock, store: ports.store, keeper, services, wish, isControl, health, publish, onBug })
  const gate = createContactGate({
    ...{ clock, policy, networkKind: options.network.type, http: endable(http, ending.signal) },
    standing: createStanding({ keeper, own, named: () => [...options.seeds, ...operatorChanges.seeds()] }),
  })
  const calls = createPeerCalls({ random, identity, http: gate })
  const load = createPathLoad(clock)
  const reach = createReach({ ...ports, calls, keeper, own, policy, listens: options.listen !== null, inspect: watch.inspect, onBug })
  const announcer = createAnnouncer({ own, keeper, reach, publish })
  const places = createPlaces({ clock, random, own, say: () => announcer.outrun(own.seq()) })
  const company = createCompany({ clock, keeper, self: own.id })
  const prober = createProber({ clock, random, calls, networkKind: options.network, keeper, own, places, health, load, company })
  const vouching = createVouching({ clock, identity, keeper, own, networkKind: options.network, prober })
  const firstLooks = createFirstLooks({ clock, random, keeper, prober, place: places.own })
  const lookers = createLookers({ clock, random, identity, calls, keeper, own, prober })
  const gossip = createGossip({
    ...{ clock, random, identity, calls, keeper, own, policy, networkKind: options.network },
    ipOf: gate.ipOf,
    ownHosts: network.ownHosts,
  })
  const suspicion = createSuspicion({ clock, identity, keeper, own, prober, gossip, lookers, company, announcer })
  const speedAccount = createSpeedAccount({
    clock,
    budgetBytes: options.speedtestBudgetBytes,
    isBusy: () => rates.bytesPerSecond() > SPEED_BUSY_BYTES_PER_SECOND,
  })
  const speed = createSpeed({
    ...{ clock, random, isPrivate },
    http: load.watching(gate),
    ownAddresses: () => [own.address(), own.localAddress()],
    closedBy: speedAccount.closedBy,
    spend: speedAccount.spend,
  })
  const p2prc = createP2prcExchange({
    clock,
    random,
    calls,
    keeper,
    own,
    policy,
    reach,
    prober,
    ownHosts: network.ownHosts,
    ipOf: gate.ipOf,
  })
  const joining = createJoining({
    ...{ clock, random, calls, gossip, keeper, own, reach, p2prc, prober, policy, networkKind: options.network, publish, onBug },
    ownHosts: network.ownHosts,
    ipOf: gate.ipOf,
    firstSeeds: () => [...options.seeds, ...operatorChanges.seeds()],
    restore: file.restore,
  })
  const speedTests$ = speedTests({
    ...{ clock, random, speed, keeper, own, publish },
    account: speedAccount,
    paceMs: options.speedtestPaceMs,
    ownHosts: network.ownHosts,
    needsTurn: () => turns.length > 0 && reach.verdict().type !== 'proven',
    byThroughput: options.turnPreference?.mode === 'throughput',
  })
  const twins = createTwinWatch({ clock, calls, own, announcer, reach, health, onBug })

  // What comes in: peers, users of services, clients of this node's TURN.
  const { vhosts, ownNames } = createNodeVhosts({
    ...{ own, hostname: extras.facts?.hostname ?? '' },
    ...{ subdomainHost: options.subdomainHost ?? null, grantedDomains: options.allowDomains ?? [] },
  })
  const turnServer = createTurnServer({
    ...{ clock, network, options, offer, health, rates, vhosts, publish, onBug, inspect: watch.inspect },
    random: random.fork('turn server'),
  })
  const leases = createLeaseFile({ clock, store: ports.store, turnServer, health, onBug })
  const drain = createDrain({ clock, own, announcer, gossip, keeper, turnServer, publish, onBug })
  const operator = createOperatorCalls({
    ...{ clock, prober, speed, gate, keeper, joining, services, policy, own, operatorChanges, isControl, wish },
    candidates: (keys) => candidates({ clock, keeper, turns, external }, keys),
  })
  const connect = createConnect({
    ...{ clock, network, options, own, keeper, services, announcer, health, vhosts, turnServer, http: gate, find: operator.find, onBug },
  })
  const info = serverInfo(extras.facts ?? NO_FACTS, { id: own.id, name, version: options.version, run: own.run }, places.own)
  const routes = createPublicRoutes({
    ...{ clock, identity, own, calls, gossip, lookers, policy, p2prc, joining, twins, reach, operator },
    speed: { answer: load.serving(speed.answer) },
    serverInfo: info,
    look: lookAnswer(own.run, places.own),
    servicesFor: connect.servicesFor,
    isPrivate,
    offer,
    // In an open network anybody could make a name this node's own.
    reachedBy: isPrivate ? ownNames.heard : () => {},
    token: extras.token ?? null,
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

  // The machine, and what its names mean.
  const external = createExternalFrps({ clock, random: random.fork('external frps'), network, turns, publish })
  const direct = createDirectServices({
    ...{ clock, network, services, vhosts, ports: options.ports, bindHost: entrances.bindHost, onBug },
    publicAddress$: directAddress(own, keeper.changes$),
  })
  const membership = createMembershipActor({
    keeper,
    own,
    prober,
    vouching,
    firstLooks,
    gossip,
    suspicion,
    p2prc,
    speedTests$,
    reach,
    joining,
    announcer,
    twins,
    onBug,
  })
  const implementations = nodeImplementations({
    ...{ clock, random, network, keeper, services, prober, announcer, external, turns, publish, membership, onBug },
    calls: { ...calls, whoAnswers: (address, timeoutMs, isAnew) => calls.whoAnswers(gate.atTurn(address), timeoutMs, isAnew) },
    self: own.id,
    servicePorts: createServicePorts(own.id),
    knocks,
    run: own.run,
    tunnels: options.tunnels ?? TUNNELS,
    wish,
    patienceMs: options.patienceMs ?? PATIENCE,
    innerAddress: entrances.innerAddress,
    turnServer: turnServer.logic,
    directServices: direct.logic,
  })
  const actor = createActor(nodeMachine.provide(implementations), {
    clock: { setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout },
    inspect: watch.inspect,
    input: { mayTunnel: turns.length > 0, reach: reach.verdict().type },
  })
  const answers = answersOf({
    ...{
      clock,
      own,
      options,
      keeper,
      file,
      services,
      turnServer,
      speedAccount,
      wish,
      place: places.own,
      startedAt,
      external,
      health,
      announcer,
      joining,
    },
    notes: ports.store.notes,
    ownHosts: network.ownHosts,
    snapshot: () => actor.getSnapshot(),
    candidates: () => candidates({ clock, keeper, turns, external }),
  })

  const checking = {
    ...{ clock, own, keeper, reach, joining, http: gate, networkKind: options.network, listens: options.listen !== null },
    ...{ ownHosts: network.ownHosts, status: answers.status, candidates: () => candidates({ clock, keeper, turns, external }) },
  }

  const history = createHistory({
    ...{ clock, store: ports.store, status: answers.status, peers: answers.peers, onEntry: desk.onEntry, health, onBug },
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
