// From whom a word is asked for that several offer.
import { expect, test } from 'vitest'
import { createKnownWords } from '../../../src/actors/membership/known-words.ts'
import { GOSSIP_LATE, GOSSIP_TIMEOUT } from '../../../src/domain/timings.ts'
import { stateParts } from '../state-parts.ts'

test.each<[string, number, number]>([
  ['after a little while', 0, GOSSIP_LATE],
  ['much later where this process waits for a processor itself', 0.3, GOSSIP_TIMEOUT],
])('a word that was asked for and does not come is asked for from the next who offers it, %s', async (_, waitedShare, ms) => {
  const { time, clock, keeper, own } = stateParts()
  const words = createKnownWords({
    clock: { ...time, waitedShare: () => waitedShare },
    ...{ keeper, own, networkKind: { type: 'open' } },
  })
  const oak = { key: 'a'.repeat(32), seq: 1 }
  words.asked([oak])
  const first = words.judge(oak)
  await clock.advance(ms - 1)
  const before = words.judge(oak)
  await clock.advance(1)
  expect([first, before, words.judge(oak)]).toEqual(['held', 'held', 'new'])
})
