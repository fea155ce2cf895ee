// This node as a TURN: an frp server on the public port, with one machine per client session.

import type { InspectionEvent } from 'xstate'
import { createActor, type EventObject, fromCallback } from 'xstate'
import type { NodeOptions } from '../answers.ts'
import { TUNNEL_KEEPALIVE, TUNNEL_SILENCE } from '../domain/timings.ts'
import type { News } from '../feed/news.ts'
import type { FrpServer, FrpServerFact } from '../frp/contract.ts'
import type { AcceptedLink } from '../frp/link.ts'
import { createFrpServer } from '../frp/server.ts'
import type { Vhosts } from '../frp/vhosts.ts'
import { turnSessionMachine } from '../machines/turn-session-machine.ts'
import { isFailure, type Ports } from '../ports.ts'

export interface TurnServer {
  accept(accepted: AcceptedLink): void
  readonly logic: ReturnType<typeof fromCallback<EventObject, undefined>>
  sessions(): readonly string[]
  close(): Promise<void>
}

interface TurnServerNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly options: Pick<NodeOptions, 'ports' | 'allowPorts' | 'offerTurn'>
  readonly bindHost: string
  readonly vhosts: Vhosts
  readonly publish: (news: News) => void
  readonly inspect: (event: InspectionEvent) => void
}

const MAX_CLIENTS = 1_024
const MAX_PORTS_PER_CLIENT = 64
/** As many new users at once as find a work connection waiting; stock frps grants 5. */
const MAX_POOL = 10

export function createTurnServer({ clock, random, network, options, bindHost, vhosts, publish, inspect }: TurnServerNeeds): TurnServer {
  const machine = turnSessionMachine.provide({
    actions: { endSession: (_, { session, why }) => server?.endSession(session, why) },
  })
  const startSession = (session: number) => createActor(machine, { clock, inspect, input: { session } }).start()
  const sessions = new Map<number, { readonly actor: ReturnType<typeof startSession>; name: string; remote: string }>()

  const hear = (fact: FrpServerFact): void => {
    if (fact.type === 'session.opened') {
      sessions.set(fact.session, { actor: startSession(fact.session), name: `session ${fact.session}`, remote: fact.remote })
      return
    }
    const session = sessions.get(fact.session)
    if (!session) return
    switch (fact.type) {
      case 'session.loggedIn':
        session.name = fact.runId
        session.actor.send({ type: 'session.loggedIn' })
        return publish({ type: 'client.arrived', client: fact.runId, remote: session.remote, version: fact.version })
      case 'session.refused':
        return publish({ type: 'client.refused', remote: session.remote, why: fact.why })
      case 'session.closed':
        sessions.delete(fact.session)
        session.actor.send({ type: 'session.closed', why: fact.why })
        return publish({ type: 'client.left', client: session.name, why: fact.why })
      case 'proxy.opened':
        session.actor.send({ type: 'proxy.opened' })
        return publish({ type: 'proxy.opened', client: session.name, proxy: fact.proxy, port: fact.port })
      case 'proxy.refused':
        return publish({ type: 'proxy.refused', client: session.name, proxy: fact.proxy, why: fact.why })
      case 'proxy.closed':
        session.actor.send({ type: 'proxy.closed' })
        return publish({ type: 'proxy.closed', client: session.name, proxy: fact.proxy, port: fact.port })
    }
  }

  const server: FrpServer | null = options.offerTurn
    ? createFrpServer({
        clock,
        randomBytes: (count) => random.bytes(count),
        listen: async (address, onLink) => {
          const listening = await network.listen(address, onLink)
          return isFailure(listening) ? listening : { type: 'listening', port: listening.port, close: () => listening.close() }
        },
        bindHost,
        openDatagrams: (address, onDatagram) => network.openDatagrams(address, onDatagram),
        vhosts,
        token: '',
        ports: options.ports,
        allowPorts: options.allowPorts,
        maxPortsPerClient: MAX_PORTS_PER_CLIENT,
        maxPoolCount: MAX_POOL,
        maxClients: MAX_CLIENTS,
        keepaliveMs: TUNNEL_KEEPALIVE * 5,
        silenceMs: TUNNEL_SILENCE * 4,
        tell: hear,
      })
    : null

  return {
    accept: (accepted) => (server ? server.accept(accepted) : accepted.refuse()),
    sessions: () => [...sessions.values()].flatMap(({ actor }) => [String(actor.getSnapshot().value)]),
    // The server lives as long as the node's machine does: the actor ends it.
    logic: fromCallback(() => () => void server?.close('this node stops')),
    close: async () => server?.close('this node stops'),
  }
}
