// This node as a TURN: an frp server on the public port, with one machine per client session.
import { type Observable, Subject } from 'rxjs'
import type { InspectionEvent } from 'xstate'
import { type ActorRefFrom, createActor, type EventObject, fromCallback } from 'xstate'
import type { CarriedAnswer, ClientAnswer, NodeOptions } from '../../answers.ts'
import { parseAddress } from '../../domain/address.ts'
import { DEFAULT_RATIONS, type Offer } from '../../domain/offer.ts'
import { strangersArriveAt } from '../../domain/stranger-reach.ts'
import { TUNNEL_KEEPALIVE, TUNNEL_SILENCE } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import {
  type AcceptedLink,
  type CarriedProxy,
  createFrpServer,
  type FrpServerFact,
  type KeptLease,
  type ProxyMeter,
  type Vhosts,
} from '../../frp/index.ts'
import { turnSessionMachine } from '../../machines/turn-session-machine.ts'
import { isFailure, type Ports } from '../../ports.ts'
import type { Health } from '../health.ts'
import { createMetLimits } from './met-limits.ts'
import type { TrafficRates } from './traffic-rates.ts'

export interface TurnServer {
  accept(accepted: AcceptedLink): void
  readonly logic: ReturnType<typeof fromCallback<EventObject, undefined>>
  sessions(): readonly string[]
  /** The clients that are moonwalk too, and the ports that each has here. */
  members(): readonly { readonly id: string; readonly ports: readonly number[] }[]
  /** No client is taken from now on; who is here stays. */
  stopTaking(): void
  /** A client has gone. */
  readonly departures$: Observable<void>
  /**
   * Who is carried, those here longest first, with at most 1,000 proxies in all. `nameOf`: who is known to have that id, or to be
   * reached through that port.
   */
  clients(nameOf: (by: { readonly member: string | null; readonly ports: readonly number[] }) => string | null): readonly ClientAnswer[]
  /** All that is carried, and was. */
  carried(): CarriedAnswer
  meters(): readonly ProxyMeter[]
  /** What is kept for clients over a restart; `leases$` says that it has changed. */
  readonly leases$: Observable<void>
  /** Who has exactly that domain here, or had it within a day: `member ID`, or somebody else; null: nobody. */
  domainOwner(domain: string): string | null
  keptLeases(): readonly KeptLease[]
  /** Before the first client. */
  restoreLeases(kept: readonly KeptLease[]): void
  close(): Promise<void>
}

interface TurnServerNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly network: Pick<Ports['network'], 'listen' | 'openDatagrams' | 'ownHosts'>
  readonly options: Pick<
    NodeOptions,
    'listen' | 'ports' | 'allowPorts' | 'strangerPorts' | 'maxPortsPerClient' | 'network' | 'turnTokens' | 'rations'
  >
  readonly offer: Offer
  readonly health: Pick<Health, 'set'>
  readonly rates: Pick<TrafficRates, 'answer'>
  readonly vhosts: Vhosts
  readonly publish: (news: News) => void
  readonly inspect: (event: InspectionEvent) => void
  readonly onBug: (error: unknown) => void
}

const MAX_CLIENTS = 1_024
/** As many new users at once as find a work connection waiting; stock frps grants 5. */
const MAX_POOL = 10
/** Proxies that are listed: strangers decide how many there are. */
const MAX_LISTED = 1_000
/** Of a version, which is whatever the client says. */
const MAX_VERSION_CHARS = 64

interface Session {
  readonly actor: ActorRefFrom<typeof turnSessionMachine>
  readonly remote: string
  name: string
  version: string
  /** When it logged in; null until then. */
  since: string | null
}

export function createTurnServer(needs: TurnServerNeeds): TurnServer {
  const { clock, random, network, options, offer, vhosts, rates, publish, inspect, onBug } = needs
  const limits = createMetLimits({ clock, health: needs.health, rations: options.rations ?? DEFAULT_RATIONS })
  const machine = turnSessionMachine.provide({
    actions: { endSession: (_, { session, why }) => server?.endSession(session, why) },
  })
  const startSession = (session: number, remote: string) => createActor(machine, { id: remote, clock, inspect, input: { session } }).start()
  const sessions = new Map<number, Session>()
  const leases = new Subject<void>()
  const departures = new Subject<void>()

  const hear = (fact: FrpServerFact): void => {
    if (fact.type === 'session.opened') {
      const { session: id, remote } = fact
      sessions.set(id, { actor: startSession(id, remote), remote, name: `session ${id}`, version: '', since: null })
      return
    }
    if (fact.type === 'ration.met') return limits.met(fact.ration)
    const session = sessions.get(fact.session)
    if (!session) return
    switch (fact.type) {
      case 'session.loggedIn':
        session.name = fact.runId
        session.version = fact.version.slice(0, MAX_VERSION_CHARS)
        session.since = new Date(clock.wallMs()).toISOString()
        session.actor.send({ type: 'session.loggedIn' })
        return publish({
          ...{ type: 'client.arrived', client: fact.runId, remote: session.remote },
          ...{ version: fact.version, member: fact.member },
        })
      case 'session.refused':
        return publish({ type: 'client.refused', remote: session.remote, why: fact.why })
      case 'session.closed':
        sessions.delete(fact.session)
        session.actor.send({ type: 'session.closed', why: fact.why })
        departures.next()
        // Nobody has left who was refused, or went before the login.
        if (session.since === null) return
        return publish({ type: 'client.left', client: session.name, remote: session.remote, why: fact.why })
      case 'proxy.opened':
        session.actor.send({ type: 'proxy.opened' })
        return publish({ type: 'proxy.opened', client: session.name, remote: session.remote, proxy: fact.proxy, port: fact.port })
      case 'proxy.refused':
        return publish({ type: 'proxy.refused', client: session.name, remote: session.remote, proxy: fact.proxy, why: fact.why })
      case 'proxy.closed':
        session.actor.send({ type: 'proxy.closed' })
        return publish({ type: 'proxy.closed', client: session.name, remote: session.remote, proxy: fact.proxy, port: fact.port })
    }
  }

  const server =
    offer !== 'nobody'
      ? createFrpServer({
          clock,
          onBug,
          randomBytes: (count) => random.bytes(count),
          listen: async (address, onLink) => {
            const listening = await network.listen(address, onLink)
            return isFailure(listening) ? listening : { type: 'listening', port: listening.port, close: () => listening.close() }
          },
          bindHost: parseAddress(options.listen ?? '')?.host ?? '127.0.0.1',
          openDatagrams: (address, onDatagram) => network.openDatagrams(address, onDatagram),
          vhosts,
          tokens: () => options.turnTokens?.() ?? [],
          membersAreTrusted: options.network.type === 'private',
          servesStrangers: offer === 'everybody',
          rations: options.rations ?? DEFAULT_RATIONS,
          strangersArriveAt: (host) => strangersArriveAt(host, parseAddress(options.listen ?? '')?.host ?? '127.0.0.1', network.ownHosts),
          ports: options.ports,
          allowPorts: options.allowPorts,
          ...(options.strangerPorts ? { strangerPorts: options.strangerPorts } : {}),
          maxPortsPerClient: options.maxPortsPerClient,
          maxPoolCount: MAX_POOL,
          maxClients: MAX_CLIENTS,
          // Who is stock may be old and slow: its own limit for an answer is 10 s, and it is given as much.
          keepaliveMs: TUNNEL_KEEPALIVE * 5,
          silenceMs: TUNNEL_SILENCE * 4,
          // A little later than their own: it asks only who has not.
          ours: { keepaliveMs: TUNNEL_KEEPALIVE * 1.125, silenceMs: TUNNEL_SILENCE },
          tell: hear,
          onLeases: () => leases.next(),
        })
      : null

  const open = (): readonly CarriedProxy[] => server?.figures().sessions.flatMap(({ proxies }) => proxies) ?? []

  return {
    clients: (nameOf) => {
      let left = MAX_LISTED
      return (server?.figures().sessions ?? []).flatMap(({ session: id, member, peerIsOurs, proxies }): ClientAnswer[] => {
        const session = sessions.get(id)
        if (!session || session.since === null || left === 0) return []
        const { name, remote, version, since } = session
        const listed = proxies.slice(0, left)
        left -= listed.length
        return [
          {
            id: name,
            name: nameOf({ member, ports: proxies.map(({ port }) => port) }),
            member,
            address: remote,
            version,
            dialect: peerIsOurs ? 'moonwalk' : 'frp',
            since,
            proxies: listed.map(({ name: proxy, kind, port, meter }) => ({ name: proxy, kind, port, ...rates.answer(meter) })),
          },
        ]
      })
    },
    carried: () => {
      const figures = open().map(({ meter }) => meter.figures(clock.now()))
      const ended = server?.figures().ended ?? { connectionsEver: 0, bytesIn: 0, bytesOut: 0, errorsEver: 0 }
      const sum = (of: keyof typeof ended): number => figures.reduce((total, one) => total + one[of], ended[of])
      return {
        clients: server?.sessionCount ?? 0,
        proxies: figures.length,
        connectionsNow: figures.reduce((total, one) => total + one.connectionsNow, 0),
        connectionsEver: sum('connectionsEver'),
        bytesIn: sum('bytesIn'),
        bytesOut: sum('bytesOut'),
        errorsEver: sum('errorsEver'),
      }
    },
    members: () =>
      (server?.figures().sessions ?? []).flatMap(({ member, peerIsOurs, proxies }) =>
        peerIsOurs && member !== null ? [{ id: member, ports: proxies.map(({ port }) => port) }] : [],
      ),
    stopTaking: () => server?.stopTaking(),
    departures$: departures.asObservable(),
    leases$: leases.asObservable(),
    domainOwner: (domain) => server?.domainOwner(domain) ?? null,
    keptLeases: () => server?.keptLeases() ?? [],
    restoreLeases: (kept) => server?.restoreLeases(kept),
    meters: () => open().map(({ meter }) => meter),
    accept: (accepted) => (server ? server.accept(accepted) : accepted.refuse()),
    sessions: () => [...sessions.values()].flatMap(({ actor }) => [String(actor.getSnapshot().value)]),
    // The server lives as long as the node's machine does: the actor ends it.
    logic: fromCallback(() => () => void server?.close('this node stops')),
    close: async () => {
      limits.stop()
      await server?.close('this node stops')
    },
  }
}
