import { expect, test } from 'vitest'
import { lists, wholeEverywhere } from '../../bench/scale-run.ts'
import { leadNetwork } from '../sim/scale-world.ts'

const COUNT = 60
const MOST_S = 400
const LOSSY_MS = 60_000
const GONE_WITHIN_MS = 45_000

test(
  'sixty nodes that lose a third of all packets for a minute evict nobody, and then lose one that dies in silence within 45 seconds',
  () =>
    leadNetwork(COUNT, MOST_S, async ({ world, nodes, falseEvictions, vanish }, run) => {
      await run.until(() => wholeEverywhere(run), 60_000)
      await run.pass(10_000)
      world.network.lossEverywhere = 0.3
      await run.pass(LOSSY_MS)
      world.network.lossEverywhere = 0
      const evicted = falseEvictions()
      const wholeMs = await run.until(() => wholeEverywhere(run), 60_000)
      const { id } = world.identity('node4')
      vanish('node4')
      const took = await run.until(() => [...nodes.values()].every((node) => lists(node, id) === null), GONE_WITHIN_MS)
      expect([evicted, wholeMs !== null, took !== null, falseEvictions()]).toEqual([0, true, true, 0])
    }),
  (MOST_S + 30) * 1_000,
)
