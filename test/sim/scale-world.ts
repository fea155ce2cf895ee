// A network of whole nodes that join through three seeds, in virtual time.
import { nameOf, type Population, populate } from '../../bench/scale-network.ts'
import { createRun, type Run } from '../../bench/scale-run.ts'

/** What happens from the moment on at which the nodes that are no seeds have been started. */
export type Course = (network: Population, run: Run) => Promise<void>

/**
 * Starts a network of `count` nodes, the seeds 2 s before all others, and leads it through that course. The costs of a run are counted from
 * when the others start. `mostS`: what it may take of this machine's time, all in all; then it throws `OutOfTime`.
 */
export async function leadNetwork(count: number, mostS: number, course: Course): Promise<void> {
  const network = populate(1)
  const leave = network.world.enter()
  try {
    const run = createRun(network, { count, crowd: 0 }, mostS, () => {})
    await run.pass(2_000)
    run.spent()
    for (let i = network.seeds.length; i < count; i++) network.start(nameOf(i))
    await course(network, run)
  } finally {
    leave()
  }
}
