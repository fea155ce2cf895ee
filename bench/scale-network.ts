// A network of whole nodes in one virtual world, and what their requests cost.
import type { MoonwalkNode, NodeOptions } from '../src/answers.ts'
import type { Entry } from '../src/feed/news.ts'
import { SeededRandom, seedFor } from '../test/sim/chance.ts'
import { liveNode, NODE_PORT } from '../test/sim/live-node.ts'
import { createWorld, type World } from '../test/sim/world.ts'
import { rowOfOld, stand } from './scale-crowd.ts'

/** What requests of one sort cost all nodes together. */
export interface Cost {
  readonly requests: number
  /** Of these, those that had a connection made for them. */
  readonly connections: number
  /** Heads and bodies, there and back. What TLS and TCP add is not in it. */
  readonly bytes: number
}

export const SORTS = ['pings', 'gossip', 'other'] as const
export type Sort = (typeof SORTS)[number]
export type Costs = Readonly<Record<Sort, Cost>>

const SORT_OF: Readonly<Record<string, Sort>> = { '/server_info': 'pings', '/v2/gossip': 'gossip' }
const NOTHING: Cost = { requests: 0, connections: 0, bytes: 0 }
const SEEDS = 3
/** Hosts lie in a square; the way between two is so long in ms, from one corner to the other. */
const LONGEST_MS = 60
const SHORTEST_MS = 1
const JITTER_MS = 1

export interface Population {
  readonly world: World
  /** Those that run now, by name. */
  readonly nodes: ReadonlyMap<string, MoonwalkNode>
  readonly seeds: readonly string[]
  /** Starts a node; those that are no seeds start from all three. */
  start(name: string, options?: Partial<NodeOptions>): void
  /** Stops one as a person does. */
  stop(name: string): void
  /** Everything since the beginning. */
  costs(): Costs
  /** Rows that were removed although their node ran and could be reached, since the beginning. */
  falseEvictions(): number
  /** The machine and what runs on it vanish without a word. */
  vanish(name: string): void
}

/** How many nodes are whole, and how many more only answer. */
export interface Size {
  readonly crowd: number
  readonly whole: number
}

/** What the whole nodes are called: the seeds, then all others. */
export const nameOf = (i: number): string => (i < SEEDS ? `seed${i}` : `node${i}`)

export const addressOf = (world: World, name: string): string => `${world.host(name).outerIp}:${NODE_PORT}`

/**
 * The seeds are there, and run. `crowd`: so many more only answer. They stand in the file of each that starts, as do the whole nodes, of which there
 * will be `whole` then: who only answers passes no word on.
 */
export function populate(seed: number, { crowd, whole }: Size = { crowd: 0, whole: 0 }): Population {
  const world = createWorld({ seed })
  world.network.defaults.jitterMs = JITTER_MS
  world.network.latencyBetween = (from, to) => wayMs(placeOf(seed, from), placeOf(seed, to))
  const costs: Record<Sort, Cost> = { pings: NOTHING, gossip: NOTHING, other: NOTHING }
  const names = Array.from({ length: crowd }, (_, i) => `crowd${i}`)
  for (const one of names) world.host(one)
  const wholes = crowd === 0 ? [] : Array.from({ length: whole }, (_, i) => nameOf(i))
  for (const one of wholes) world.host(one)
  const standing = [...names.map((one) => stand(world, one)), ...wholes.map((one) => rowOfOld(world, one))]
  world.onExchange = (_, { path, sentBytes, receivedBytes, isFirst }) => {
    const sort = SORT_OF[path] ?? 'other'
    const { requests, connections, bytes } = costs[sort]
    costs[sort] = { requests: requests + 1, connections: connections + (isFirst ? 1 : 0), bytes: bytes + sentBytes + receivedBytes }
  }
  const nodes = new Map<string, MoonwalkNode>()
  const seeds = Array.from({ length: SEEDS }, (_, i) => nameOf(i))
  const running = new Set<string>()
  let falseEvictions = 0
  const heard = (entry: Entry): void => {
    if (entry.type === 'peer.removed' && running.has(entry.peer)) falseEvictions++
  }
  const start = (name: string, options: Partial<NodeOptions> = {}): void => {
    const { id } = world.identity(name)
    if (standing.length > 0) world.store(name).table = { rows: standing.filter((row) => row.id !== id) }
    const known = seeds.filter((one) => one !== name).map((one) => addressOf(world, one))
    liveNode(world, name, { seeds: known, speedtestBudgetBytes: 0, ...options }, (node) => {
      nodes.set(name, node)
      running.add(node.id)
      node.onNews(heard)
    })
  }
  const end = (name: string): MoonwalkNode | undefined => {
    const node = nodes.get(name)
    nodes.delete(name)
    running.delete(node?.id ?? '')
    return node
  }
  for (const one of seeds) world.host(one)
  for (const one of seeds) start(one)
  return {
    ...{ world, nodes, seeds, start },
    stop: (name) =>
      void end(name)
        ?.stop()
        .then(() => world.kill(name)),
    costs: () => ({ ...costs }),
    falseEvictions: () => falseEvictions,
    vanish: (name) => {
      world.host(name).blackHole = true
      end(name)
      world.kill(name)
    },
  }
}

export const since = (now: Costs, before: Costs): Costs => {
  const of = (sort: Sort): Cost => ({
    requests: now[sort].requests - before[sort].requests,
    connections: now[sort].connections - before[sort].connections,
    bytes: now[sort].bytes - before[sort].bytes,
  })
  return { pings: of('pings'), gossip: of('gossip'), other: of('other') }
}

interface Place {
  readonly x: number
  readonly y: number
}

const places = new Map<string, Place>()
function placeOf(seed: number, name: string): Place {
  const key = `${seed} ${name}`
  const known = places.get(key)
  if (known) return known
  const random = new SeededRandom(seedFor(seed, `place of ${name}`))
  const place = { x: random.fraction(), y: random.fraction() }
  places.set(key, place)
  return place
}

const wayMs = (a: Place, b: Place): number => SHORTEST_MS + (LONGEST_MS - SHORTEST_MS) * (Math.hypot(a.x - b.x, a.y - b.y) / Math.SQRT2)
