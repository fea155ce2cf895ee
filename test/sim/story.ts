// What befalls a world, as data.
import type { Entry } from '../../src/feed/news.ts'
import { createWorld, type World } from './world.ts'

export type Fault = (world: World) => void
export type Script = readonly (readonly [atMs: number, fault: Fault])[]

const bothWays = (world: World, a: string, b: string) => [world.network.route(a, b), world.network.route(b, a)]

/** Ends what stands between the two; new connects are told that there is no way. */
export const cut =
  (a: string, b: string): Fault =>
  (world) => {
    for (const route of bothWays(world, a, b)) route.state = 'unreachable'
    world.network.resetBetween(a, b)
  }

/** What a sends to b vanishes from now on; nobody is told. */
export const cutOneWay =
  (a: string, b: string): Fault =>
  (world) => {
    world.network.route(a, b).state = 'silent'
  }

/** What either sends to the other vanishes. */
export const sever =
  (a: string, b: string): Fault =>
  (world) => {
    for (const route of bothWays(world, a, b)) route.state = 'silent'
  }

export const heal =
  (a: string, b: string): Fault =>
  (world) => {
    for (const route of bothWays(world, a, b)) route.state = 'up'
  }

/** One way each way. */
export const slow =
  (a: string, b: string, latencyMs: number): Fault =>
  (world) => {
    for (const route of bothWays(world, a, b)) route.latencyMs = latencyMs
  }

/** `loss` from 0 to 1. */
export const lossy =
  (a: string, b: string, loss: number): Fault =>
  (world) => {
    for (const route of bothWays(world, a, b)) route.loss = loss
  }

export const narrow =
  (a: string, b: string, bytesPerMs: number): Fault =>
  (world) => {
    for (const route of bothWays(world, a, b)) route.widen(bytesPerMs, world.clock.now())
  }

/** Connections between the two are reset; new ones go through. */
export const reset =
  (a: string, b: string): Fault =>
  (world) =>
    world.network.resetBetween(a, b)

/** Every packet to and from it vanishes; what runs on it runs on. */
export const blackHole =
  (host: string): Fault =>
  (world) => {
    world.host(host).blackHole = true
  }
export const unBlackHole =
  (host: string): Fault =>
  (world) => {
    world.host(host).blackHole = false
  }

/** Every packet to it vanishes, and what it says gets out; or the other way round. */
export const deafen =
  (host: string, deaf = true): Fault =>
  (world) => {
    world.host(host).deaf = deaf
  }
export const mute =
  (host: string, isMute = true): Fault =>
  (world) => {
    world.host(host).mute = isMute
  }

/** `share` of packets is lost on every route, from 0 to 1. */
export const lossyEverywhere =
  (share: number): Fault =>
  (world) => {
    world.network.lossEverywhere = share
  }

/** New connects to it are refused, whatever listens. */
export const refuse =
  (host: string): Fault =>
  (world) => {
    world.host(host).refusing = true
  }
export const unRefuse =
  (host: string): Fault =>
  (world) => {
    world.host(host).refusing = false
  }

export const kill =
  (host: string): Fault =>
  (world) =>
    world.kill(host)

/** A new life (after a kill, or with one), begun by what the story gave `world.onRestart`. */
export const restart =
  (host: string): Fault =>
  (world) =>
    world.restart(host)

/** Another address while it runs: connections that stand are not told, and nothing passes on them any more. */
export const move =
  (host: string): Fault =>
  (world) =>
    world.network.move(host)

/** Its process stands still (SIGSTOP) while its machine goes on, until `thaw`. */
export const freeze =
  (host: string): Fault =>
  (world) =>
    world.network.freeze(host)

/** Its machine is suspended, until `thaw`: nothing gets there, and its monotonic clock stands. */
export const sleep =
  (host: string): Fault =>
  (world) =>
    world.network.sleep(host)
export const thaw =
  (host: string): Fault =>
  (world) =>
    world.network.thaw(host)

/** Its wall clock is set by so much, forward or back. */
export const setWallClock =
  (host: string, byMs: number): Fault =>
  (world) =>
    world.network.setWallClock(host, byMs)

/** Nothing can be written on its disk, until `freeDisk`. */
export const fillDisk =
  (host: string): Fault =>
  (world) => {
    world.store(host).failure = { type: 'failed', text: 'the disk is full', fix: 'Make room on it.' }
  }
export const freeDisk =
  (host: string): Fault =>
  (world) => {
    world.store(host).failure = null
  }

/** Cuts and heals in turn: each lasts half the period. */
export const flap =
  (a: string, b: string, periodMs: number, times: number): Fault =>
  (world) => {
    for (let time = 0; time < times; time++) {
      world.clock.setTimeout(() => cut(a, b)(world), time * periodMs)
      world.clock.setTimeout(() => heal(a, b)(world), (time + 0.5) * periodMs)
    }
  }

/** Nobody in one group reaches anybody in the other. */
export const partition = (one: readonly string[], other: readonly string[]): Fault => all(pairs(one, other).map(([a, b]) => cut(a, b)))
export const heals = (one: readonly string[], other: readonly string[]): Fault => all(pairs(one, other).map(([a, b]) => heal(a, b)))

/** Several at one instant. */
export const all =
  (faults: readonly Fault[]): Fault =>
  (world) => {
    for (const fault of faults) fault(world)
  }

const pairs = (one: readonly string[], other: readonly string[]) => one.flatMap((a) => other.map((b) => [a, b] as const))

/** A host that answers whatever it is told with random bytes, `bytes` a time. Listens at once on all its addresses. */
export function garbagePeer(world: World, name: string, port: number, bytes = 512): void {
  const { network, random } = world.ports(name)
  void network.listen(`0.0.0.0:${port}`, (accepted) => {
    const { link } = accepted.open(null)
    link.on('error', () => {})
    link.on('data', () => {
      // 0xff at the start is the beginning of nothing we speak.
      link.write(Buffer.concat([Buffer.of(0xff), random.bytes(bytes)]))
    })
    link.on('end', () => link.end())
  })
}

/** A host that accepts, reads and never says a word. */
export function silentPeer(world: World, name: string, port: number): void {
  void world.ports(name).network.listen(`0.0.0.0:${port}`, (accepted) => {
    const { link } = accepted.open(null)
    link.on('error', () => {})
    link.on('data', () => {})
  })
}

/**
 * Lives a world through a script. `begin` builds what lives in it (hosts, nodes, traces) once its time has begun and answers
 * what to read at the end; the whole runs under the world's own time and chance.
 */
export async function play<T>(
  script: Script,
  options: { readonly seed?: number; readonly forMs: number; readonly begin: (world: World) => () => T },
): Promise<T> {
  const world = createWorld({ seed: options.seed ?? 1 })
  const leave = world.enter()
  try {
    const tell = options.begin(world)
    for (const [atMs, fault] of script) world.clock.setTimeout(() => fault(world), atMs)
    await world.clock.advance(options.forMs)
    return tell()
  } finally {
    leave()
  }
}

/** What of a node is told: all of its news, and its name for stories of several. */
export interface Teller {
  readonly name: string
  onNews(listener: (entry: Entry) => void): unknown
}

/**
 * Collects a node's news as it comes, one line each: `12040 turn.chosen elm 10.0.0.3:7000 fastest`. Virtual ms first; figures
 * rounded, ids by their host's name, the empty instance left out. `only` picks types.
 */
export function tell(world: World, node: Teller, { only, into = [], named = false }: TellOptions = {}): string[] {
  node.onNews((entry) => {
    if (only && !only.includes(entry.type)) return
    const { seq: _, at: __, type, ...facts } = entry
    const told = Object.entries(facts).filter(([key, fact]) => key !== 'instance' || fact !== '')
    const words = told.map(([, fact]) => (typeof fact === 'number' ? String(Math.round(fact * 100) / 100) : String(fact)))
    const line = [Math.round(world.clock.now() * 100) / 100, ...(named ? [node.name] : []), type, ...words].join(' ')
    into.push(world.readable(line))
  })
  return into
}

export interface TellOptions {
  readonly only?: readonly Entry['type'][]
  /** Several nodes into one story. */
  readonly into?: string[]
  /** The node's name after the time. */
  readonly named?: boolean
}
