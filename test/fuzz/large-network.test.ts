// As many whole nodes as a few minutes of one core hold; bench/scale.ts takes any number.
import { expect, test } from 'vitest'
import { SORTS } from '../../bench/scale-network.ts'
import { wholeEverywhere } from '../../bench/scale-run.ts'
import { leadNetwork } from '../sim/scale-world.ts'

const COUNT = 300
const MOST_S = 560
const WITHIN_MS = 10_000

test(
  'three hundred nodes, as many as a busy machine of two cores has time for, join through three seeds and list each other once, with few requests and bytes a node',
  () =>
    leadNetwork(COUNT, MOST_S, async ({ nodes, falseEvictions }, run) => {
      const tookMs = await run.until(() => wholeEverywhere(run), WITHIN_MS)
      const spent = run.spent()
      const ids = [...nodes.values()].map(({ id }) => id).toSorted()
      const isWhole = [...nodes.values()].map((node) => {
        const listed = node.peers('here').peers.map(({ id }) => id)
        return listed.length === COUNT && listed.toSorted().every((id, i) => id === ids[i])
      })
      const [pings, gossip, other] = SORTS.map((sort) => ({
        requests: spent[sort].requests / COUNT,
        kB: spent[sort].bytes / COUNT / 1_000,
      }))
      expect([tookMs !== null, isWhole.filter(Boolean).length, falseEvictions()]).toEqual([true, COUNT, 0])
      // About a third more than it was: every record once is some 300 kB.
      expect(gossip?.requests).toBeLessThan(110)
      expect(gossip?.kB).toBeLessThan(600)
      expect(pings?.requests).toBeLessThan(100)
      expect(other?.requests).toBeLessThan(13)
    }),
  (MOST_S + 30) * 1_000,
)
