// The scenario as a world: its hosts, the nodes that live on them, and what their services say.
import type { ServiceSpec } from '../../src/answers.ts'
import type { Entry } from '../../src/feed/news.ts'
import { isFailure } from '../../src/ports.ts'
import { SeededRandom, seedFor } from '../sim/chance.ts'
import { FRPS_PORT, frps } from '../sim/frps.ts'
import { type LiveNode, liveNode, NODE_PORT } from '../sim/live-node.ts'
import { type P2prcPeer, p2prcPeer } from '../sim/p2prc-peer.ts'
import { slow } from '../sim/story.ts'
import type { World } from '../sim/world.ts'
import { FRPS_HOST, P2PRC_HOST, USER_HOST } from './hosts.ts'
import type { NodeSpec, Scenario } from './scenario.ts'

const TOKEN = 'moon'
const SERVICE_PORTS = { tcp: 3_000, udp: 3_001, http: 3_002 } as const
/** Ways are so long, one way. */
const SHORTEST_MS = 1
const LONGEST_MS = 60

export interface Stage {
  readonly world: World
  readonly scenario: Scenario
  /** Those that have started. */
  readonly nodes: ReadonlyMap<string, LiveNode>
  /** The P2PRC peer, where there is one. */
  readonly peer: P2prcPeer | null
  /** Hosts that are gone for good. */
  readonly gone: Set<string>
}

/** `onNews` is given the news of every life of every node. */
export function setStage(world: World, scenario: Scenario, onNews: (node: string, entry: Entry) => void): Stage {
  const { nodes: specs, p2prc } = scenario
  const nodes = new Map<string, LiveNode>()
  // In an order that does not depend on who is left out.
  world.host(USER_HOST)
  for (const { name, nat } of specs) world.host(name, { behindNat: nat === 'refuses' ? 'refuses' : nat === 'drops' })
  const hosts = [...specs.map(({ name }) => name), ...(scenario.frps ? [FRPS_HOST] : []), ...(p2prc ? [P2PRC_HOST] : [])]
  setWays(world, scenario.seed, [...hosts, USER_HOST])
  if (scenario.frps) frps(world, FRPS_HOST, TOKEN)
  const seeds = p2prc?.seeds.map((seed) => addressOf(world, seed)) ?? []
  const peer = p2prc ? p2prcPeer(world, P2PRC_HOST, NODE_PORT, seeds) : null
  for (const spec of specs) {
    const begin = (): void => {
      const options = optionsOf(world, spec)
      const live = liveNode(world, spec.name, options, (node) => {
        serveAll(world, spec)
        node.onNews((entry) => onNews(spec.name, entry))
      })
      nodes.set(spec.name, live)
    }
    if (spec.startMs === 0) begin()
    else world.clock.setTimeout(begin, spec.startMs)
  }
  return { world, scenario, nodes, peer, gone: new Set() }
}

/** What a service answers with to whoever connects. */
export const wordOf = (node: string, kind: string): string => `${kind} of ${node}`

export const domainOf = (node: string): string => `${node}.example.org`

export const addressOf = (world: World, name: string): string => `${world.host(name).outerIp}:${NODE_PORT}`

function optionsOf(world: World, { listens, offersTurn, seeds, services, turns, name }: NodeSpec): Parameters<typeof liveNode>[2] {
  return {
    ...(listens ? {} : { listen: null }),
    offer: offersTurn ? 'everybody' : 'nobody',
    allowDomains: ['*.example.org'],
    seeds: seeds.map((seed) => addressOf(world, seed)),
    services: services.map(
      (kind): ServiceSpec => ({
        name: kind,
        kind,
        local: `127.0.0.1:${SERVICE_PORTS[kind]}`,
        domain: kind === 'http' ? domainOf(name) : null,
      }),
    ),
    turns: turns.map((kind) =>
      kind === 'moonwalk'
        ? { type: 'moonwalk' }
        : { type: 'frp', address: `${world.host(FRPS_HOST).ip}:${FRPS_PORT}`, token: TOKEN, tls: null, wire: 1 },
    ),
  }
}

/** The node's local services, which live in its process. */
function serveAll(world: World, { name, services }: NodeSpec): void {
  const { network, http } = world.ports(name)
  for (const kind of services) {
    const address = `127.0.0.1:${SERVICE_PORTS[kind]}`
    const word = wordOf(name, kind)
    if (kind === 'http') void http.serve({ address, onRequest: async () => ({ status: 200, body: word }) })
    if (kind === 'tcp')
      void network.listen(address, (accepted) => {
        const { link } = accepted.open(null)
        link.on('error', () => {})
        link.write(Buffer.from(word))
        link.end()
      })
    if (kind === 'udp') {
      const opening = network.openDatagrams(address, (bytes, from) => {
        void opening.then((opened) => {
          if (!isFailure(opened)) opened.send(Buffer.concat([Buffer.from(`${word} `), bytes]), from)
        })
      })
    }
  }
}

function setWays(world: World, seed: number, hosts: readonly string[]): void {
  for (const [i, a] of hosts.entries())
    for (const b of hosts.slice(i + 1)) {
      const random = new SeededRandom(seedFor(seed, `way ${[a, b].sort().join(' ')}`))
      slow(a, b, wayMs(random.fraction()))(world)
      for (const route of [world.network.route(a, b), world.network.route(b, a)]) {
        route.jitterMs = random.fraction() * 2
        route.widen(BYTES_PER_MS, world.clock.now())
      }
    }
}

/** 100 Mbit/s. */
const BYTES_PER_MS = 12_500
/** More short ways than long ones. */
const wayMs = (fraction: number): number => Math.round((SHORTEST_MS + (LONGEST_MS - SHORTEST_MS) * fraction ** 2) * 10) / 10

/** Whether the way between two is as it was at first is for the faults to see to. */
export function resetWay(world: World, seed: number, a: string, b: string): void {
  setWays(world, seed, [a, b])
  for (const route of [world.network.route(a, b), world.network.route(b, a)]) {
    route.state = 'up'
    route.loss = 0
  }
}
