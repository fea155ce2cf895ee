import { expect, test } from 'vitest'
import { wholeEverywhere } from '../../bench/scale-run.ts'
import { leadNetwork } from '../sim/scale-world.ts'

/** More by hand, or where there is time: `MOONWALK_SCALE_NODES=1000`. */
const COUNT = Number(process.env.MOONWALK_SCALE_NODES ?? 30)
/** Of this machine's time: many join in one process. */
const MOST_S = 60 + COUNT

test(
  `${COUNT} nodes that join at once through three seeds all list each other within five seconds, and lose nobody`,
  () =>
    leadNetwork(COUNT, MOST_S, async ({ falseEvictions }, run) => {
      const tookMs = await run.until(() => wholeEverywhere(run), 5_000)
      await run.pass(5_000)
      expect([tookMs === null, wholeEverywhere(run), falseEvictions()]).toEqual([false, true, 0])
    }),
  (MOST_S + 30) * 1_000,
)
