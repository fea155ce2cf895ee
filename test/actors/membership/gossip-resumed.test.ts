// How often a peer is asked again that has more than there was room for.
import { expect, test } from 'vitest'
import { createGossip } from '../../../src/actors/membership/gossip.ts'
import { OPEN } from '../../../src/domain/network-kind.ts'
import { seal } from '../../../src/v2/envelope.ts'
import type { GossipMessage } from '../../../src/v2/messages.ts'
import { signedBy } from '../../records.ts'
import { newIdentity } from '../../v2/identities.ts'
import { stateParts } from '../state-parts.ts'

const EMPTY: GossipMessage = {
  ...{ seq: 1, knows: null, from: null, digest: null },
  ...{ ranges: [], lists: [], offers: [], wants: [], records: [], unsigned: [], doubts: [], deaths: [] },
}
const RTT_MS = 5

test('one that tells something new each time, and always has more, is asked again soon for a while, and then every half second', async () => {
  const parts = stateParts()
  const { clock, prove } = parts
  const told = newIdentity()
  const beganMs: number[] = []
  let seq = 1
  const gossip = createGossip({
    ...{ ...parts, policy: 'any', ipOf: () => '198.51.100.1', ownHosts: () => [], networkKind: OPEN },
    calls: {
      isWarm: () => true,
      gossip: async (_, { digest }) => {
        if (digest !== null) beganMs.push(clock.now())
        await new Promise<void>((resolve) => clock.setTimeout(resolve, RTT_MS))
        const said = { name: 'told', address: '198.51.100.2:8088', seq: ++seq, via: null, offersTurn: true, left: false }
        const offers = Array.from({ length: 256 }, (_, i) => ({ key: `${seq} ${i}`, seq: 1 }))
        return { type: 'gossip', by: 'elm', message: { ...EMPTY, records: [seal(told, said)], offers } }
      },
    },
  })
  prove(signedBy('elm', '198.51.100.1:8088'))
  const running = gossip.runs$.subscribe({ error: parts.onBug })
  await clock.advance(20_000)
  running.unsubscribe()
  const inSecond = (second: number): number => beganMs.filter((ms) => Math.floor(ms / 1_000) === second).length
  expect(inSecond(1)).toBeGreaterThan(5)
  // Two of them, and a comparison of its own that may fall into it.
  expect(Math.max(...Array.from({ length: 10 }, (_, i) => inSecond(10 + i)))).toBeLessThanOrEqual(3)
})
