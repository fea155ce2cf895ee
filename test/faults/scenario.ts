// A network and what befalls it, as data: JSON goes in and comes out, so that a failing one can be kept and cut down.
import { SeededRandom, seedFor } from '../sim/chance.ts'
import { type Draw, drawFrom } from './draw.ts'
import { drawFaults, drawFurther } from './draw-faults.ts'
import { type Fault, hostsOf } from './fault.ts'
import { FRPS_HOST, P2PRC_HOST } from './hosts.ts'

export interface NodeSpec {
  readonly name: string
  /** How its NAT meets connects from outside; `none`: it has none. */
  readonly nat: 'none' | 'drops' | 'refuses'
  /** False: it opens no public port. */
  readonly listens: boolean
  readonly offersTurn: boolean
  /** Names of the hosts it starts from. */
  readonly seeds: readonly string[]
  readonly services: readonly ('tcp' | 'udp' | 'http')[]
  /** Where its TURN may be found. */
  readonly turns: readonly ('moonwalk' | 'frps')[]
  readonly startMs: number
}

export interface Scenario {
  /** Of all chance in the world: latencies, losses, and every node's own draws. */
  readonly seed: number
  readonly nodes: readonly NodeSpec[]
  /** A host that is an frps and nothing else. */
  readonly frps: boolean
  /** A P2PRC peer, and whom it starts from. */
  readonly p2prc: { readonly seeds: readonly string[] } | null
  readonly faults: readonly Fault[]
  /** When every fault is over, and the network may begin to heal. */
  readonly endMs: number
}

/** Names of nodes, in their order. */
const NAMES = ['ash', 'birch', 'cedar', 'dogwood', 'elm', 'fir', 'gorse', 'hazel', 'ivy', 'juniper', 'larch', 'maple']
const FEWEST = 5
/** What happens before this meets a network that is still joining. */
const FIRST_FAULT_MS = 5_000
const FAULTS_MS = 45_000
const MOST_FAULTS = 10

export function scenarioOf(seed: number): Scenario {
  const draw = drawFrom(new SeededRandom(seedFor(seed, 'scenario')))
  const names = NAMES.slice(0, draw.between(FEWEST, NAMES.length))
  const frps = draw.chance(0.35)
  const together = draw.chance(0.3)
  const nodes = drawNodes(draw, names, { frps, together })
  // Everybody else may leave: somebody whom all start from has to be there at the end.
  const [anchor = ''] = names
  const p2prc = draw.chance(0.25) ? { seeds: [anchor] } : null
  const window = { fromMs: together && draw.chance(0.5) ? 0 : FIRST_FAULT_MS, toMs: FIRST_FAULT_MS + FAULTS_MS }
  const faults = drawFaults(draw, { nodes, anchor, frps, p2prc: p2prc !== null, window, count: draw.between(1, MOST_FAULTS) })
  const further = drawFurther(drawFrom(new SeededRandom(seedFor(seed, 'further faults'))), names, window)
  const all = [...faults, ...further].sort((one, other) => one.atMs - other.atMs)
  return { seed, nodes, frps, p2prc, faults: all, endMs: window.toMs }
}

/** Parts of a scenario that can be left out of a search: types of faults, `p2prc`, `frps`, `services`. */
export function withoutParts(scenario: Scenario, parts: readonly string[]): Scenario {
  const has = (part: string): boolean => !parts.includes(part)
  const frps = scenario.frps && has('frps')
  const isThere = (host: string): boolean => (host !== FRPS_HOST || frps) && (host !== P2PRC_HOST || has('p2prc'))
  return {
    ...scenario,
    frps,
    p2prc: has('p2prc') ? scenario.p2prc : null,
    nodes: scenario.nodes.map((spec) => ({
      ...spec,
      services: has('services') ? spec.services : [],
      turns: frps ? spec.turns : ['moonwalk'],
    })),
    faults: scenario.faults.filter((fault) => has(fault.type) && hostsOf(fault).every(isThere)),
  }
}

function drawNodes(
  draw: Draw,
  names: readonly string[],
  { frps, together }: { readonly frps: boolean; readonly together: boolean },
): NodeSpec[] {
  const hidden = new Set(names.slice(1).filter(() => draw.chance(0.35)))
  return names.map((name, i): NodeSpec => {
    const isHidden = hidden.has(name)
    const [anchor = ''] = names
    const earlier = names.slice(0, i).filter((one) => !hidden.has(one))
    const seeds = i === 0 ? [] : [...new Set([anchor, ...(earlier.length > 0 && draw.chance(0.5) ? [draw.one(earlier)] : [])])]
    const kinds = (['tcp', 'udp', 'http'] as const).filter(() => draw.chance(isHidden ? 0.6 : 0.15))
    return {
      name,
      nat: isHidden ? (draw.chance(0.25) ? 'refuses' : 'drops') : 'none',
      listens: !isHidden || draw.chance(0.5),
      offersTurn: i === 0 || draw.chance(0.85),
      seeds,
      services: kinds,
      turns: frps ? draw.one([['moonwalk'], ['moonwalk', 'frps'], ['frps']] as const) : ['moonwalk'],
      startMs: i === 0 || together ? 0 : draw.between(0, 4_000),
    }
  })
}
