// What is measured of a network, in this order: a network that has joined is at rest, and so on.
import { nameOf, SORTS } from './scale-network.ts'
import { kB, kbitOf, type Run, seconds, shown, wholeEverywhere } from './scale-run.ts'

/** With a table of 10,000 in its file a node looks at all of them first, 32 a second. */
const JOIN_WITHIN_MS = 600_000
/** Before this every node's coordinate is told once (`PLACE_FIRST`, a minute), which is no rest. */
const SETTLED_MS = 100_000
const REST_MS = 60_000

/** All at once through three seeds. */
export async function join(run: Run): Promise<void> {
  const { population, count } = run
  await run.pass(2_000)
  run.spent()
  for (let i = population.seeds.length; i < count; i++) population.start(nameOf(i))
  const tookMs = await run.until(() => wholeEverywhere(run), JOIN_WITHIN_MS)
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
  const perS = (value: number): string => shown(value / count / (REST_MS / 1_000))
  for (const sort of SORTS) {
    const { bytes, requests, connections } = spent[sort]
    run.tell(`at rest: ${sort}`, `${perS(bytes)} B/s, ${perS(requests)} requests/s, ${perS(connections)} connections/s`)
  }
  run.tell('at rest: a node sends, and receives', `${kbitOf(spent, count, REST_MS)} kbit/s`)
  run.tell('at rest: false evictions', `${population.falseEvictions() - evicted}`)
}
