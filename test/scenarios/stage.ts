// The stage for stories: nodes by name in a simulated world, and what of their news a story compares.
import type { NodeOptions } from '../../src/answers.ts'
import { type LiveNode, liveNode, NODE_PORT } from '../sim/live-node.ts'
import { play, type Script, tell } from '../sim/story.ts'
import type { World } from '../sim/world.ts'

export interface Actor {
  readonly name: string
  /** Names of the nodes it starts from. */
  readonly seeds?: readonly string[]
  readonly behindNat?: boolean
  /** Of its time, 0 to 1, what runs on its machine waits for a processor. */
  readonly waitedShare?: number
  readonly options?: Partial<NodeOptions>
}

export interface Ending {
  /** `ash: birch cedar`, sorted: whom each node's table holds, itself too. */
  readonly tables: readonly string[]
  /** When each table held all `complete` names for the first time, in ms; null: never. */
  readonly completeAtMs: Readonly<Record<string, number | null>>
  readonly states: readonly string[]
  /** The news asked for, of the nodes asked for. */
  readonly told: readonly string[]
}

interface Stage {
  readonly cast: readonly Actor[]
  readonly script?: Script
  readonly seed?: number
  readonly forMs: number
  /** Whose news are told; none: everybody's. */
  readonly of?: readonly string[]
  readonly only?: Parameters<typeof tell>[2] extends infer O
    ? O extends { readonly only?: infer T }
      ? Exclude<T, undefined>
      : never
    : never
  readonly prepare?: (world: World) => void
}

export function perform({ cast, script = [], seed = 1, forMs, of = cast.map(({ name }) => name), only, prepare }: Stage): Promise<Ending> {
  const end = (): Ending => {
    const names = cast.map(({ name }) => name).sort()
    return {
      tables: nodes.map(({ name, current }) => `${name}: ${tableOf(current).join(' ')}`),
      completeAtMs: Object.fromEntries(names.map((name) => [name, completeAt.get(name) ?? null])),
      states: nodes.map(({ name, current }) => `${name}: ${current.status().node.state}`),
      told,
    }
  }
  let nodes: readonly LiveNode[] = []
  const told: string[] = []
  const completeAt = new Map<string, number>()
  const tableOf = (node: LiveNode['current']): readonly string[] =>
    node
      .peers()
      .peers.map((peer) => peer.name)
      .sort()
  return play(script, {
    seed,
    forMs,
    begin: (world) => {
      for (const { name, behindNat = false, waitedShare = 0 } of cast) world.host(name, { behindNat, waitedShare })
      prepare?.(world)
      nodes = cast.map(({ name, seeds = [], options = {} }) =>
        liveNode(world, name, { seeds: seeds.map((seed) => `${world.host(seed).ip}:${NODE_PORT}`), ...options }, (node) => {
          node.onNews(() => {
            if (!completeAt.has(name) && tableOf(node).length >= cast.length) completeAt.set(name, Math.round(world.clock.now()))
          })
          if (of.includes(name)) tell(world, node, { into: told, named: true, ...(only ? { only } : {}) })
        }),
      )
      return end
    },
  })
}
