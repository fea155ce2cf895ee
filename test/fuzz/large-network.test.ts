import { expect, test } from 'vitest'
import { populate } from '../../bench/scale-network.ts'
import { createRun, wholeEverywhere } from '../../bench/scale-run.ts'

const COUNT = 100
/** Of this machine's time. */
const MOST_S = 400
/** It took 3.3 s when this was written. */
const WHOLE_WITHIN_MS = 6_000

test(
  'a hundred nodes that start at once from three seeds list one another within six seconds, and evict nobody',
  async () => {
    const population = populate(1)
    const leave = population.world.enter()
    try {
      const run = createRun(population, { count: COUNT, crowd: 0 }, MOST_S, () => {})
      await run.pass(2_000)
      for (let i = population.seeds.length; i < COUNT; i++) population.start(`node${i}`)
      const wholeMs = await run.until(() => wholeEverywhere(run), WHOLE_WITHIN_MS)
      expect([wholeMs !== null, population.nodes.size, population.falseEvictions()]).toEqual([true, COUNT, 0])
    } finally {
      leave()
    }
  },
  (MOST_S + 30) * 1_000,
)
