import { expect, test } from 'vitest'
import { populate } from '../../bench/scale-network.ts'
import { createRun, lists, wholeEverywhere } from '../../bench/scale-run.ts'

const COUNT = 60
const MOST_S = 400
const LOSSY_MS = 60_000
const GONE_WITHIN_MS = 45_000

test(
  'sixty nodes that lose a third of all packets for a minute evict nobody, and then lose one that dies in silence within 45 seconds',
  async () => {
    const population = populate(1)
    const { world, nodes } = population
    const leave = world.enter()
    try {
      const run = createRun(population, { count: COUNT, crowd: 0 }, MOST_S, () => {})
      await run.pass(2_000)
      for (let i = population.seeds.length; i < COUNT; i++) population.start(`node${i}`)
      await run.until(() => wholeEverywhere(run), 60_000)
      await run.pass(10_000)
      world.network.lossEverywhere = 0.3
      await run.pass(LOSSY_MS)
      world.network.lossEverywhere = 0
      const evicted = population.falseEvictions()
      const wholeMs = await run.until(() => wholeEverywhere(run), 60_000)
      const { id } = world.identity('node4')
      population.vanish('node4')
      const took = await run.until(() => [...nodes.values()].every((node) => lists(node, id) === null), GONE_WITHIN_MS)
      expect([evicted, wholeMs !== null, took !== null, population.falseEvictions()]).toEqual([0, true, true, 0])
    } finally {
      leave()
    }
  },
  (MOST_S + 30) * 1_000,
)
