import type { MoonwalkNode, NodeOptions } from '../../src/answers.ts'
import { OPEN } from '../../src/domain/network-kind.ts'
import { createNode, type NodeExtras } from '../../src/node.ts'
import type { World } from './world.ts'

/** Where a node of a world listens unless told otherwise. */
export const NODE_PORT = 8_088

const DEFAULTS: Omit<NodeOptions, 'name'> = {
  version: '0.0.0-world',
  listen: `0.0.0.0:${NODE_PORT}`,
  advertise: null,
  addresses: 'any',
  network: OPEN,
  seeds: [],
  turns: [{ type: 'moonwalk' }],
  ports: { first: 20_000, last: 20_099 },
  allowPorts: { first: 1_024, last: 65_535 },
  maxPortsPerClient: 64,
  services: [],
  speedtestBudgetBytes: 500_000_000,
  speedtestPaceMs: 60_000,
}

/** A node that lives on the host of its name: started, and again after each restart. `current` is the one of this life. */
export class LiveNode {
  readonly name: string
  #current: MoonwalkNode
  /** What `start` refused with, if it did. */
  refusal: string | null = null

  constructor(world: World, name: string, options: Partial<NodeOptions>, onLife: (node: MoonwalkNode) => void, extras: NodeExtras) {
    this.name = name
    if (options.network) world.setNetwork(name, options.network)
    const live = (): MoonwalkNode => {
      const onBug = (error: unknown): void => world.clock.crash(error)
      const node = createNode(world.ports(name), { ...DEFAULTS, name, ...options }, { onBug, ...extras })
      onLife(node)
      node.start().then((started) => {
        if (started.type === 'refused') this.refusal = started.text
      }, onBug)
      return node
    }
    this.#current = live()
    world.onRestart(name, () => {
      this.#current = live()
    })
  }

  get current(): MoonwalkNode {
    return this.#current
  }
}

/**
 * Starts a node on the host of that name. `seeds` and such may name hosts (`ash:8088`) or addresses. `onLife` is given the node
 * of each life before it starts, which is the place for `tell`.
 */
export const liveNode = (
  world: World,
  name: string,
  options: Partial<NodeOptions> = {},
  onLife: (node: MoonwalkNode) => void = () => {},
  extras: NodeExtras = {},
): LiveNode => new LiveNode(world, name, options, onLife, extras)
