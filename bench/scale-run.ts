// One run of a network: its parts in turn, each in virtual time that is told, and in wall time that is bounded.
import type { MoonwalkNode } from '../src/answers.ts'
import { type Costs, type Population, SORTS, since } from './scale-network.ts'

/** What a part found: a line each. */
export interface Line {
  readonly what: string
  readonly value: string
  /** What it took this process since the last line, seconds: of its processor, and by the clock on the wall. */
  readonly cpuS: number
  readonly wallS: number
}

export interface Run {
  readonly population: Population
  /** How many whole nodes there are. */
  readonly count: number
  /** How many more there are that only answer. */
  readonly crowd: number
  /** Lets so much virtual time pass. */
  pass(ms: number): Promise<void>
  /** Until it holds: how many virtual ms that took, to within `LOOK_MS`; null where it did not within `mostMs`. */
  until(holds: () => boolean, mostMs: number): Promise<number | null>
  /** What requests cost since the last time this was asked. */
  spent(): Costs
  tell(what: string, value: string): void
}

/** How often it is looked whether something holds. */
const LOOK_MS = 20

export class OutOfTime extends Error {}

/** `mostS`: what a run may take of this machine's time, all in all. */
export function createRun(
  population: Population,
  { count, crowd }: Pick<Run, 'count' | 'crowd'>,
  mostS: number,
  onLine: (line: Line) => void,
): Run {
  const { clock } = population.world
  const beganMs = performance.now()
  let last = { wallMs: beganMs, cpuS: cpuS() }
  let before = population.costs()
  const step = async (ms: number): Promise<void> => {
    await clock.advance(ms)
    const tookS = (performance.now() - beganMs) / 1_000
    if (tookS > mostS) throw new OutOfTime(`given up after ${Math.round(tookS)} s`)
  }
  return {
    ...{ population, count, crowd },
    pass: async (ms) => {
      for (let left = ms; left > 0; left -= LOOK_MS) await step(Math.min(left, LOOK_MS))
    },
    until: async (holds, mostMs) => {
      const startMs = clock.now()
      while (!holds()) {
        if (clock.now() - startMs >= mostMs) return null
        await step(LOOK_MS)
      }
      return clock.now() - startMs
    },
    spent: () => {
      const now = population.costs()
      const spent = since(now, before)
      before = now
      return spent
    },
    tell: (what, value) => {
      const now = { wallMs: performance.now(), cpuS: cpuS() }
      onLine({ what, value, cpuS: now.cpuS - last.cpuS, wallS: (now.wallMs - last.wallMs) / 1_000 })
      last = now
    },
  }
}

function cpuS(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Where a node lists that one; null: it does not. */
export function lists(node: MoonwalkNode, id: string): string | null {
  return node.peers('here', { limit: 1, search: id }).peers[0]?.address ?? null
}

/** Every node that runs lists all that run, as alive. */
export function wholeEverywhere({ population: { nodes }, crowd }: Run): boolean {
  const all = nodes.size + crowd
  for (const node of nodes.values()) {
    const page = node.peers('here', { limit: 1 }).page
    if (page === undefined || page.here !== all || page.alive !== all) return false
  }
  return true
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`
export const shown = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)
export const kB = (bytes: number): string => `${shown(bytes / 1_000)} kB`
/** What each node sends on average, which is what each receives. */
export const kbitOf = (costs: Costs, nodes: number, ms: number): string =>
  shown((SORTS.reduce((sum, sort) => sum + costs[sort].bytes, 0) * 8) / nodes / ms)
