import { expect, test } from 'vitest'
import { populate } from '../../bench/scale-network.ts'
import { createRun, wholeEverywhere } from '../../bench/scale-run.ts'

/** More by hand, or where there is time: `MOONWALK_SCALE_NODES=1000`. */
const COUNT = Number(process.env.MOONWALK_SCALE_NODES ?? 30)
/** Of this machine's time: many join in one process. */
const MOST_S = 60 + COUNT

test(
  `${COUNT} nodes that join at once through three seeds all list each other within five seconds, and lose nobody`,
  async () => {
    const population = populate(1)
    const leave = population.world.enter()
    try {
      const run = createRun(population, { count: COUNT, crowd: 0 }, MOST_S, () => {})
      await run.pass(2_000)
      for (let i = population.seeds.length; i < COUNT; i++) population.start(`node${i}`)
      const tookMs = await run.until(() => wholeEverywhere(run), 5_000)
      await run.pass(5_000)
      expect([tookMs === null, wholeEverywhere(run), population.falseEvictions()]).toEqual([false, true, 0])
    } finally {
      leave()
    }
  },
  (MOST_S + 30) * 1_000,
)
