// The composition root: the one place where machines meet actors and actors meet the ports.
import { type Actor, createActor } from 'xstate'
import { createNodeVhosts } from './actors/carrying/node-vhosts.ts'
import { createTrafficRates } from './actors/carrying/traffic-rates.ts'
import { createTurnServer } from './actors/carrying/turn-server-actor.ts'
import { answersOf } from './actors/front/node-answers.ts'
import { createPersonalCalls } from './actors/front/personal-calls.ts'
import { createPublicRoutes, type Entrance } from './actors/front/public-routes.ts'
import { type MachineFacts, serverInfo } from './actors/front/server-info.ts'
import { createGossip } from './actors/membership/gossip.ts'
import { createMembership } from './actors/membership/membership-actor.ts'
import { createOwnRecord } from './actors/membership/own-record.ts'
import { createP2prcExchange } from './actors/membership/p2prc-exchange.ts'
import { createPeerCalls } from './actors/membership/peer-calls.ts'
import { createReach, type Reach, type Verdict } from './actors/membership/reach.ts'
import { restore } from './actors/membership/restore.ts'
import { createSpeed } from './actors/membership/speed.ts'
import { createTableKeeper } from './actors/membership/table-keeper.ts'
import { directAddress } from './actors/services/direct-address.ts'
import { createDirectServices } from './actors/services/direct-services.ts'
import { createServices } from './actors/services/services.ts'
import { createAskPortActor } from './actors/turn/ask-port-actor.ts'
import { candidates, createFindTurnActor } from './actors/turn/find-turn-actor.ts'
import { createLinkActor } from './actors/turn/link-actor.ts'
import { createStockTurns } from './actors/turn/stock-turns.ts'
import { createTurnReview } from './actors/turn/turn-review.ts'
import type { MoonwalkNode, NodeOptions } from './answers.ts'
import { addressOf, parseAddress } from './domain/address.ts'
import { putOwn, removeRow } from './domain/ip-table.ts'
import { createStateWatch } from './feed/inspection.ts'
import { createNewsDesk } from './feed/news-desk.ts'
import { newsOfChange } from './feed/table-news.ts'
import { nodeMachine } from './machines/node-machine.ts'
import { tunnelMachine } from './machines/tunnel-machine.ts'
import { isFailure, type Listening, type Ports } from './ports.ts'

/** What a node is given besides ports and options; all of it may be left out. */
export interface NodeExtras {
  /** For `/server_info`. */
  readonly facts?: MachineFacts
  /** Grants `/MAPPort` to callers that are not this machine. */
  readonly token?: string
  /** Hears of bugs: the node is in an unknown state after one. Default: thrown. */
  readonly onBug?: (error: unknown) => void
}

const NO_FACTS: MachineFacts = { hostname: '', platform: '', cpu: '', ramMiB: 0, diskMiB: 0 }

export function createNode(ports: Ports, options: NodeOptions, extras: NodeExtras = {}): MoonwalkNode {
  const { clock, random, network, http, identity } = ports
  const startedAt = new Date(clock.wallMs()).toISOString()
  const desk = createNewsDesk(() => clock.wallMs())
  const { publish } = desk
  const keeper = createTableKeeper(ports)
  const own = createOwnRecord(ports, { name: options.name, offersTurn: options.offerTurn })
  const calls = createPeerCalls(ports)
  const rates = createTrafficRates(clock)
  const watch = createStateWatch(publish)
  const services = createServices({ clock, random, network, first: options.services, publish, rates, inspect: watch.inspect })
  const policy = options.addresses
  let outer: Listening | null = null
  let inner: Listening | null = null

  const innerAddress = (): string => `127.0.0.1:${inner?.port ?? 0}`
  const ownPingAddress = (): string | null =>
    own.via() !== null || !outer ? null : addressOf(isAnyHost(outer.host) ? '127.0.0.1' : outer.host, outer.port)
  const speed = createSpeed({ clock, http, ownAddresses: () => [own.address(), ownPingAddress()] })
  const gossip = createGossip({ clock, random, identity, calls, keeper, own, policy })

  // -------------------------------------------------------------------------- how this node is reached, and its own row
  let reach: Reach | null = null
  const getReach = (): Reach => {
    reach ??= createReach({ listenPort: () => outer?.port ?? null, advertise: advertised(), tell: reachTold })
    return reach
  }
  const advertised = (): string | null => {
    if (options.advertise === null) return null
    return parseAddress(options.advertise) ? options.advertise : addressOf(options.advertise, outer?.port ?? 0)
  }
  const announce = (address: string | null, via: string | null, by: string | null): void => {
    if (!own.announce(address, via)) return
    const record = own.record()
    publish({ type: 'node.reachability', verdict: address === null ? 'unknown' : via === null ? 'public' : 'tunnelled', address, by })
    keeper.apply((table, wallMs) => (record ? putOwn(table, record, wallMs) : removeRow(table, own.id, 'no address', wallMs)))
  }
  const reachTold = (verdict: Verdict): void => {
    if (verdict.type === 'proven') announce(verdict.address, null, verdict.by)
    else if (own.via() === null) announce(null, null, null)
    if (verdict.type === 'proven') actor.send({ type: 'reach.proven', address: verdict.address })
    if (verdict.type === 'failed') actor.send({ type: 'reach.failed' })
  }

  // ------------------------------------------------------------------------------------------------------------- parts
  const p2prc = createP2prcExchange({
    clock,
    random,
    calls,
    keeper,
    own,
    policy,
    reach: getReach,
    ownHosts: () => network.ownHosts(),
    proveAll: (keys) => membership.proveAll(keys),
  })
  const stored: Parameters<typeof createMembership>[0]['stored'][number][] = []
  const membership = createMembership({
    clock,
    random,
    calls,
    gossip,
    keeper,
    own,
    reach: getReach,
    speed,
    p2prc,
    policy,
    seeds: options.seeds,
    stored,
    speedtestPaceMs: options.speedtestPaceMs,
    ownPingAddress,
    publish,
  })
  const vhosts = createNodeVhosts({
    addresses: () => [own.via() === null ? own.address() : null, advertised()],
    listenPort: () => outer?.port ?? null,
    hostname: extras.facts?.hostname ?? '',
    subdomainHost: options.subdomainHost ?? null,
  })
  const turnServer = createTurnServer({
    clock,
    random,
    network,
    options,
    bindHost: parseAddress(options.listen ?? '')?.host ?? '127.0.0.1',
    rates,
    vhosts,
    publish,
    inspect: watch.inspect,
  })
  const personal = createPersonalCalls({ clock, calls, speed, keeper, membership, services, policy, ownPingAddress, selfId: own.id })
  const routes = createPublicRoutes({
    identity,
    random,
    own,
    calls,
    gossip,
    speed,
    policy,
    serverInfo: serverInfo(extras.facts ?? NO_FACTS, { id: own.id, name: options.name, version: options.version }),
    frpPort: () => (options.offerTurn && own.via() === null ? (outer?.port ?? null) : null),
    exchangeTable: (text, selfAddress) => p2prc.answer(text, selfAddress),
    mapPort: (port) => personal.mapPort(port),
    token: extras.token ?? null,
    greeted: (record, reachedUsAt) => membership.greeted(record, reachedUsAt),
  })

  // ----------------------------------------------------------------------------------------------------------- machine
  const { turns } = options
  const stock = createStockTurns({ clock, random, network, turns, publish })
  const review = createTurnReview({ clock, random, keeper, stock, turns, self: own.id })
  const machine = nodeMachine.provide({
    actors: {
      membership: membership.logic,
      turnServer: turnServer.logic,
      findTurn: createFindTurnActor({ clock, random, keeper, stock, self: own.id, turns }),
      tunnel: tunnelMachine.provide({
        actors: {
          askPort: createAskPortActor({ calls }),
          link: createLinkActor({ clock, random, network, calls, services, stock, self: own.id, innerAddress, turns }),
        },
      }),
    },
    actions: {
      announceTunnel: (_, { turn, address }) => {
        announce(address, turn?.id ?? turn?.key ?? null, turn?.id ?? null)
        if (turn) {
          turnSince = { since: new Date(clock.wallMs()).toISOString(), provenAt: new Date(clock.wallMs()).toISOString() }
          review.watch(turn.key, (reason) => actor.send({ type: 'turn.better', reason }))
        }
      },
      withdrawTunnel: () => {
        review.stop()
        turnSince = null
        if (own.via() !== null) announce(null, null, null)
      },
      tellBreak: (_, { turn, why }) => {
        if (turn) publish({ type: 'turn.broke', peer: turn.key, name: turn.name, why })
      },
      doubtTurn: (_, { turn, why }) => {
        if (!turn) return
        stock.doubt(turn.key)
        publish({ type: 'turn.lost', peer: turn.key, name: turn.name, why })
        membership.doubt(turn.key)
      },
    },
  })
  let turnSince: { readonly since: string; readonly provenAt: string } | null = null
  const actor = createActor(machine, {
    clock: { setTimeout: (run, ms) => clock.setTimeout(run, ms), clearTimeout: (timer) => clock.clearTimeout(timer) },
    inspect: watch.inspect,
    input: { mayTunnel: options.turns.length > 0, reach: options.listen === null ? 'none' : 'unknown' },
  })
  const direct = createDirectServices({
    clock,
    network,
    services,
    ports: options.ports,
    vhosts,
    bindHost: () => outer?.host ?? '127.0.0.1',
    publicAddress$: directAddress(own, keeper.changes$),
  })
  let directServices: Actor<typeof direct.logic> | null = null
  actor.subscribe({
    next: (snapshot) => {
      if (!snapshot.matches('serving')) {
        directServices?.stop()
        directServices = null
      } else directServices ??= createActor(direct.logic, { clock }).start()
      const { choice } = snapshot.context
      if (choice && choice !== lastChoice) {
        const { turn, reason } = choice
        publish({ type: 'turn.chosen', peer: turn.key, name: turn.name, address: turn.address, reason })
      }
      lastChoice = choice
    },
    error: (error) => {
      if (!extras.onBug) throw error
      extras.onBug(error)
    },
  })
  let lastChoice: ReturnType<typeof actor.getSnapshot>['context']['choice'] = null
  keeper.changes$.subscribe((change) => {
    const news = change.row.key === own.id && change.type !== 'measured' ? null : newsOfChange(change)
    if (news) publish(news)
  })

  const answers = answersOf({
    own,
    options,
    keeper,
    services,
    turnServer,
    startedAt,
    snapshot: () => {
      const { value, context } = actor.getSnapshot()
      return { value, choice: context.choice, turnSince }
    },
    reach: () => (own.address() === null ? 'unknown' : own.via() === null ? 'public' : 'tunnelled'),
    stock,
    candidates: () => candidates({ keeper, turns, stock }),
  })

  return {
    id: own.id,
    name: options.name,
    start: async () => {
      const onRequest = (entrance: Entrance) => (request: Parameters<typeof routes>[0]) => routes(request, entrance)
      if (options.listen !== null) {
        const opened = await http.serve({
          address: options.listen,
          onRequest: onRequest('public'),
          onFrp: (accepted) => turnServer.accept(accepted),
          vhosts,
        })
        if (isFailure(opened)) return { type: 'refused', text: `can't listen on ${options.listen}: ${opened.text}` }
        outer = opened
      }
      const opened = await http.serve({ address: '127.0.0.1:0', onRequest: onRequest('tunnel') })
      if (isFailure(opened)) return { type: 'refused', text: `can't listen on this machine itself: ${opened.text}` }
      inner = opened
      const { table, note } = await ports.store.read()
      if (note !== null)
        publish({
          type: 'warned',
          text: note,
          fix: 'Look at that file if something is missing from the table; the node goes on without it.',
        })
      stored.push(...restore(table, identity, own.id))
      const listen = outer ? addressOf(outer.host, outer.port) : null
      publish({ type: 'node.listening', address: listen })
      actor.start()
      services.start()
      rates.start(() => [...services.meters(), ...turnServer.meters()])
      return { type: 'started', listen }
    },
    stop: async () => {
      if (own.address() !== null) await within(clock, 500, gossip.spread({ records: [own.farewell()] }, 8))
      actor.send({ type: 'node.stop' })
      actor.stop()
      stock.stop()
      directServices?.stop()
      services.stop()
      rates.stop()
      await within(clock, 2_500, Promise.all([outer?.close(), inner?.close(), turnServer.close(), keeper.close()]))
      publish({ type: 'node.stopped' })
    },
    ...answers,
    onNews: (listener) => desk.onEntry(listener),
    recentNews: (count) => desk.recent(count),
    activeStates: () => watch.states(),
    ...personal.methods,
  }
}

const isAnyHost = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** Waits for the work, but not longer. */
function within(clock: Ports['clock'], ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, ms)
    void work.then(() => {
      clock.clearTimeout(timer)
      resolve()
    })
  })
}
