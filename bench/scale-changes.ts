// How fast the network learns what has changed, and what it gets wrong meanwhile.
import type { MoonwalkNode } from '../src/answers.ts'
import { cutOneWay, heal } from '../test/sim/story.ts'
import { followText } from './scale-hops.ts'
import { addressOf } from './scale-network.ts'
import { kB, kbitOf, lists, type Run, seconds, shown, wholeEverywhere } from './scale-run.ts'

const MOST_MS = 180_000
const APART_MS = 60_000
const CUT_MS = 60_000
const CHURN_MS = 600_000
const CHURN_AN_HOUR = 0.3
const HOUR_MS = 3_600_000

/** As it stands in an envelope in a message, which is JSON in JSON in JSON: all others are TURNs. */
const NO_TURN = 'turn\\\\\\":false'

const timeText = (ms: number | null): string => (ms === null ? `not within ${MOST_MS / 1_000} s` : seconds(ms))

/** Somebody who has never been here joins. */
export const record = (loss: number) => async (run: Run) => {
  const { population } = run
  const { world, nodes } = population
  world.network.lossEverywhere = loss
  run.spent()
  const name = `newcomer${Math.round(loss * 100)}`
  const at = new Map([...nodes.keys()].map((one) => [addressOf(world, one), one]))
  const hops = followText(world, name, name, (address) => at.get(address))
  const others = new Set(nodes.values())
  population.start(name)
  const { id } = world.identity(name)
  const address = addressOf(world, name)
  const took = await run.until(() => all(others, (node) => lists(node, id) === address), MOST_MS)
  run.tell(`a new record everywhere, ${loss * 100} % loss`, `${timeText(took)}, passed on ${hops.most() ?? 0} times at the most`)
  hops.end()
  await run.until(() => wholeEverywhere(run), MOST_MS)
  run.tell('… gossip a node', kB(run.spent().gossip.bytes / nodes.size))
  world.network.lossEverywhere = 0
}

/** One of them says something new of itself, and all knew its word before: that it is a TURN no more. */
export const word = (loss: number) => async (run: Run) => {
  const { population } = run
  const { world, nodes } = population
  world.network.lossEverywhere = loss
  run.spent()
  const name = `node${8 + Math.round(loss * 10)}`
  const { id } = world.identity(name)
  const at = new Map([...nodes.keys()].map((one) => [addressOf(world, one), one]))
  const hops = followText(world, NO_TURN, name, (address) => at.get(address))
  const others = new Set([...nodes].filter(([one]) => one !== name).map(([, node]) => node))
  void nodes.get(name)?.drain(MOST_MS)
  const took = await run.until(() => all(others, (node) => node.peers('here', { limit: 1, search: id }).peers[0]?.turn === false), MOST_MS)
  run.tell(
    `a word of one that all know everywhere, ${loss * 100} % loss`,
    `${timeText(took)}, passed on ${hops.most() ?? 0} times at the most`,
  )
  hops.end()
  run.tell('… gossip a node', kB(run.spent().gossip.bytes / nodes.size))
  world.network.lossEverywhere = 0
}

/** A node gets another address, without a word of the network's. */
export async function moved(run: Run): Promise<void> {
  const { population } = run
  const { world, nodes } = population
  const loss = 0.3
  world.network.lossEverywhere = loss
  await run.pass(30_000)
  const evicted = population.falseEvictions()
  run.spent()
  const name = 'node5'
  const { id } = world.identity(name)
  world.network.move(name)
  const others = new Set([...nodes].filter(([one]) => one !== name).map(([, node]) => node))
  const startMs = world.clock.now()
  const took = await run.until(() => all(others, (node) => lists(node, id) === addressOf(world, name)), MOST_MS)
  run.tell(`a moved address everywhere, ${loss * 100} % loss`, timeText(took))
  await run.pass(30_000)
  const hours = ((world.clock.now() - startMs) / HOUR_MS) * nodes.size
  run.tell('… false evictions a node-hour', `${shown((population.falseEvictions() - evicted) / hours)} in ${shown(hours)} node-hours`)
  world.network.lossEverywhere = 0
  await run.until(() => wholeEverywhere(run), MOST_MS)
}

export async function death(run: Run): Promise<void> {
  const { population } = run
  const name = 'node4'
  const { id } = population.world.identity(name)
  population.vanish(name)
  const others = new Set(population.nodes.values())
  const took = await run.until(() => all(others, (node) => lists(node, id) === null), MOST_MS)
  run.tell('a silent death gone everywhere', timeText(took))
}

/** Nothing from the one gets to the other any more; all others reach both. */
export async function oneWay(run: Run): Promise<void> {
  const { world, nodes } = run.population
  const [a, b] = ['node6', 'node7']
  await run.pass(10_000)
  run.spent()
  await run.pass(CUT_MS)
  const before = run.spent().gossip.bytes
  cutOneWay(a, b)(world)
  await run.pass(CUT_MS)
  const during = run.spent().gossip.bytes
  const says = (from: string, to: string): string => {
    const node = nodes.get(from)
    return `${from} ${node && lists(node, world.identity(to).id) !== null ? 'lists' : 'lost'} ${to}`
  }
  const third = [...nodes].filter(([name]) => name !== a && name !== b)
  const both = third.filter(([, node]) => [a, b].every((one) => lists(node, world.identity(one).id) !== null)).length
  run.tell(
    `${a} → ${b} cut for ${CUT_MS / 1_000} s`,
    `${says(a, b)}, ${says(b, a)}, ${both} of ${third.length} others list both; gossip × ${shown(during / before)}`,
  )
  heal(a, b)(world)
  await run.until(() => wholeEverywhere(run), MOST_MS)
}

/** `hours`: of all nodes together. */
export async function evictions(run: Run, hours: number): Promise<void> {
  const { population } = run
  population.world.network.lossEverywhere = 0.01
  const before = population.falseEvictions()
  await run.pass((hours / population.nodes.size) * HOUR_MS)
  run.tell('false evictions at 1 % loss', `${population.falseEvictions() - before} in ${shown(hours)} node-hours`)
  population.world.network.lossEverywhere = 0
}

/** Half of those that go say so. For each a new one comes. */
export async function churn(run: Run): Promise<void> {
  const { population } = run
  const { nodes } = population
  const gapMs = HOUR_MS / (nodes.size * CHURN_AN_HOUR)
  run.spent()
  let behind = 0
  let looks = 0
  let turn = 0
  for (let ms = 0; ms < CHURN_MS; ms += 1_000) {
    if (ms >= (turn + 0.5) * gapMs) {
      const gone = [...nodes.keys()].filter((name) => !population.seeds.includes(name))[0]
      if (gone !== undefined) turn % 2 === 0 ? population.stop(gone) : population.vanish(gone)
      population.start(`later${++turn}`)
    }
    await run.pass(1_000)
    looks += nodes.size
    for (const node of nodes.values()) if (node.peers('here', { limit: 1 }).page?.here !== nodes.size) behind++
  }
  run.tell(
    `churn of ${CHURN_AN_HOUR * 100} % an hour for ${CHURN_MS / 60_000} min`,
    `${turn} went and came; tables not as they should be ${shown((100 * behind) / looks)} % of the time; a node ${kbitOf(run.spent(), nodes.size, CHURN_MS)} kbit/s`,
  )
}

/** Two halves that hear nothing of each other for a while. */
export async function partition(run: Run): Promise<void> {
  const { world, nodes } = run.population
  for (const [i, name] of [...nodes.keys()].entries()) world.host(name).side = i % 2
  await run.pass(APART_MS)
  const aside = [...nodes.values()].map((node) => node.peers('here', { limit: 1 }).page?.here ?? 0)
  run.spent()
  for (const name of nodes.keys()) world.host(name).side = 0
  const took = await run.until(() => wholeEverywhere(run), MOST_MS)
  run.tell(
    `${APART_MS / 1_000} s in two halves, then healed: whole everywhere`,
    `${timeText(took)}; while apart ${Math.max(...aside)} rows at the most`,
  )
  run.tell('… gossip a node until then', kB(run.spent().gossip.bytes / nodes.size))
}

/** Those who do are not asked again. */
function all(waiting: Set<MoonwalkNode>, holds: (node: MoonwalkNode) => boolean): boolean {
  for (const node of waiting) {
    if (!holds(node)) return false
    waiting.delete(node)
  }
  return true
}
