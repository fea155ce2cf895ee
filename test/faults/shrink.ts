// The shortest scenario that still fails in the same way: fewer faults, then fewer nodes, then less of each.
import { type Fault, hostsOf } from './fault.ts'
import { FRPS_HOST, P2PRC_HOST } from './hosts.ts'
import type { NodeSpec, Scenario } from './scenario.ts'

/** How long a network is left alone before its last fault ends: nothing follows that would need more. */
const LEAST_END_MS = 10_000

/** `fails` says whether a scenario still does; `more` whether there is time for another try. */
export async function shrink(scenario: Scenario, fails: (scenario: Scenario) => Promise<boolean>, more: () => boolean): Promise<Scenario> {
  let best = scenario
  /** Goes through the ways to make it smaller, each once; what worked stays. */
  const pass = async (smaller: (scenario: Scenario) => readonly Scenario[]): Promise<boolean> => {
    let hasWorked = false
    for (let at = 0; more(); ) {
      const candidate = smaller(best)[at]
      if (candidate === undefined) return hasWorked
      if (!(await fails(candidate))) at++
      else {
        best = candidate
        hasWorked = true
      }
    }
    return hasWorked
  }
  for (let isSmaller = true; isSmaller && more(); ) {
    isSmaller = false
    for (const smaller of [fewerFaults, fewerNodes, fewerParts, shorter]) if (await pass(smaller)) isSmaller = true
  }
  return best
}

/** Halves first, then single ones. */
export function fewerFaults(scenario: Scenario): readonly Scenario[] {
  const { faults } = scenario
  const half = Math.ceil(faults.length / 2)
  const halves = faults.length > 2 ? [faults.slice(0, half), faults.slice(half)] : []
  return [...halves, ...faults.map((_, i) => faults.toSpliced(i, 1))].map((fewer) => ({ ...scenario, faults: fewer }))
}

function fewerNodes(scenario: Scenario): readonly Scenario[] {
  // The first is whom all start from.
  const names = scenario.nodes.slice(1).map(({ name }) => name)
  const half = Math.ceil(names.length / 2)
  const groups = [...(names.length > 3 ? [names.slice(half), names.slice(0, half)] : []), ...names.map((name) => [name]).reverse()]
  return [...withoutOthers(scenario), ...groups.map((group) => group.reduce(without, scenario))]
}

/** Without what is no node of ours. */
function withoutOthers(scenario: Scenario): readonly Scenario[] {
  const isWanted = scenario.nodes.some(({ turns }) => turns.includes('frps'))
  return [
    ...(scenario.frps && !isWanted ? [{ ...without(scenario, FRPS_HOST), frps: false }] : []),
    ...(scenario.p2prc ? [{ ...without(scenario, P2PRC_HOST), p2prc: null }] : []),
  ]
}

function without(scenario: Scenario, host: string): Scenario {
  const faults = scenario.faults.flatMap((fault): readonly Fault[] => {
    if (fault.type !== 'partition') return hostsOf(fault).includes(host) ? [] : [fault]
    const hosts = fault.hosts.filter((one) => one !== host)
    return hosts.length > 0 ? [{ ...fault, hosts }] : []
  })
  const nodes = scenario.nodes
    .filter(({ name }) => name !== host)
    .map((spec): NodeSpec => ({ ...spec, seeds: spec.seeds.filter((seed) => seed !== host) }))
  return { ...scenario, nodes, faults }
}

function fewerParts(scenario: Scenario): readonly Scenario[] {
  const { nodes } = scenario
  const withNode = (i: number, spec: Partial<NodeSpec>): Scenario => ({
    ...scenario,
    nodes: nodes.map((one, at) => (at === i ? { ...one, ...spec } : one)),
  })
  return [
    ...withoutOthers(scenario),
    ...nodes.flatMap((spec, i) => [
      ...spec.services.map((_, at) => withNode(i, { services: spec.services.toSpliced(at, 1) })),
      ...(spec.turns.length > 1 || spec.turns[0] === 'frps' ? [withNode(i, { turns: ['moonwalk'] })] : []),
      ...(spec.seeds.length > 1 ? [withNode(i, { seeds: spec.seeds.slice(0, 1) })] : []),
      ...(spec.startMs > 0 ? [withNode(i, { startMs: 0 })] : []),
    ]),
  ]
}

function shorter(scenario: Scenario): readonly Scenario[] {
  const { faults, endMs } = scenario
  const lastMs = Math.max(LEAST_END_MS, ...faults.map((fault) => fault.atMs + ('forMs' in fault ? fault.forMs : 0)))
  return [
    ...(lastMs < endMs ? [{ ...scenario, endMs: lastMs }] : []),
    ...faults.flatMap((fault, i) =>
      'forMs' in fault && fault.forMs > 1_000
        ? [{ ...scenario, faults: faults.with(i, { ...fault, forMs: Math.round(fault.forMs / 2) }) }]
        : [],
    ),
    ...faults.flatMap((fault, i) =>
      fault.type === 'partition' && fault.hosts.length > 1
        ? fault.hosts.map((_, at) => ({ ...scenario, faults: faults.with(i, { ...fault, hosts: fault.hosts.toSpliced(at, 1) }) }))
        : [],
    ),
  ]
}
