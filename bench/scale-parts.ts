// What is measured of a network, in this order: a network that has joined is at rest, and so on.

import { SORTS, type Sort } from './scale-network.ts'
import type { Run } from './scale-run.ts'

const JOIN_WITHIN_MS = 120_000
/** Before this every node's coordinate is told once (`PLACE_FIRST`, a minute), which is no rest. */
const SETTLED_MS = 100_000
const REST_MS = 60_000

/** All at once through three seeds. */
export async function join(run: Run): Promise<void> {
  const { population, count } = run
  await run.pass(2_000)
  run.spent()
  for (let i = population.seeds.length; i < count; i++) population.start(`node${i}`)
  const waiting = new Set(population.nodes.values())
  const tookMs = await run.until(() => {
    for (const node of waiting) {
      const page = node.peers('here', { limit: 1 }).page
      if (page !== undefined && page.here >= count && page.alive >= count) waiting.delete(node)
      else return false
    }
    return true
  }, JOIN_WITHIN_MS)
  run.tell('join of all at once: every table complete after', tookMs === null ? `not in ${JOIN_WITHIN_MS / 1_000} s` : seconds(tookMs))
  const spent = run.spent()
  for (const sort of SORTS)
    run.tell(
      `… ${sort} a node until then`,
      `${kB(spent[sort].bytes / count)}, ${shown(spent[sort].requests / count)} requests, ${shown(spent[sort].connections / count)} connections`,
    )
}

export async function rest(run: Run): Promise<void> {
  const { population, count } = run
  await run.pass(SETTLED_MS)
  run.tell('settled', seconds(population.world.clock.now()))
  run.spent()
  const evicted = population.falseEvictions()
  await run.pass(REST_MS)
  const spent = run.spent()
  const perS = (value: number): number => value / count / (REST_MS / 1_000)
  const of = (sorts: readonly Sort[], fact: 'bytes' | 'requests' | 'connections'): number =>
    sorts.reduce((sum, sort) => sum + perS(spent[sort][fact]), 0)
  for (const sort of SORTS)
    run.tell(
      `at rest: ${sort}, out, and as much in`,
      `${shown(of([sort], 'bytes'))} B/s, ${shown(of([sort], 'requests'))} requests/s, ${shown(of([sort], 'connections'))} connections/s`,
    )
  run.tell('at rest: a node, out, and as much in', `${shown((of(SORTS, 'bytes') * 8) / 1_000)} kbit/s`)
  run.tell('at rest: false evictions', `${population.falseEvictions() - evicted}`)
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`
const kB = (bytes: number): string => `${shown(bytes / 1_000)} kB`
const shown = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)
