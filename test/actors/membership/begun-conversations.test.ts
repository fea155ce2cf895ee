// Whom this node speaks to, and who waits for that.
import { expect, test } from 'vitest'
import { createBegunConversations } from '../../../src/actors/membership/begun-conversations.ts'
import { type Heard, NOTHING } from '../../../src/actors/membership/conversations.ts'
import { GOSSIP_LATE } from '../../../src/domain/timings.ts'
import { signedBy } from '../../records.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { stateParts } from '../state-parts.ts'

const ASH = '192.0.2.1:8088'
const ELM = '192.0.2.2:8088'
const { keeper, hear } = stateParts()
for (const [name, address] of [
  ['ash', ASH],
  ['elm', ELM],
] as const)
  hear(signedBy(name, address))

/** `takesMs`: of each conversation, in the order in which they begin. */
function start(...takesMs: readonly number[]) {
  const clock = new VirtualClock()
  const begun: string[] = []
  const conversations = createBegunConversations(clock, async (address, _, { digest }): Promise<Heard> => {
    begun.push(`${clock.now()} ${address === ASH ? 'ash' : 'elm'}${digest === null ? '' : ` ${digest.count}`}`)
    const ms = takesMs[begun.length - 1] ?? 0
    await new Promise<void>((resolve) => clock.setTimeout(resolve, ms))
    if (ms === 13) throw new Error('a bug')
    return 'answered'
  })
  const alone = (address: string, count = 0): Promise<Heard> =>
    conversations.beginAlone(address, null, () => ({ ...NOTHING, digest: { count, sum: clock.now() } }), false)
  const spokenTo = (): readonly string[] => [...keeper.current().rows.values()].filter(conversations.isSpokenTo).map(({ key }) => key)
  return { clock, begun, ...conversations, alone, spokenTo }
}

test('who waits for a conversation begins when it is over, one after another, and says what is true then', async () => {
  const { clock, begun, alone, spokenTo } = start(50, 30, 20)
  const all = [1, 2, 3].map((count) => alone(ASH, count))
  await clock.advance(0)
  const meanwhile = spokenTo()
  await clock.until(Promise.all(all))
  expect([begun, meanwhile, spokenTo()]).toEqual([['0 ash 1', '50 ash 2', '80 ash 3'], ['ash'], []])
})

test('nobody waits for a conversation with another, nor for one that takes longer than a late answer', async () => {
  const { clock, begun, alone } = start(10 * GOSSIP_LATE)
  alone(ASH, 1)
  await clock.advance(GOSSIP_LATE - 100)
  for (const address of [ELM, ASH]) alone(address, 1)
  await clock.advance(200)
  alone(ASH, 2)
  await clock.advance(0)
  expect(begun).toEqual(['0 ash 1', '300 elm 1', `${GOSSIP_LATE} ash 1`, '500 ash 2'])
})

test('a short conversation with one hides no longer one that began before it', async () => {
  const { clock, begun, begin, alone } = start(300, 10)
  alone(ASH, 1)
  begin(ASH, null, NOTHING, false)
  await clock.advance(50)
  alone(ASH, 2)
  await clock.advance(500)
  expect(begun).toEqual(['0 ash 1', '0 ash', '300 ash 2'])
})

test('what must not wait is said beside another, and is waited for in its turn', async () => {
  const { clock, begun, begin, alone } = start(100, 300)
  alone(ASH, 1)
  await clock.advance(10)
  begin(ASH, null, NOTHING, false)
  alone(ASH, 2)
  await clock.advance(1_000)
  expect(begun).toEqual(['0 ash 1', '10 ash', '310 ash 2'])
})

test('who waited for one that fails begins all the same', async () => {
  const { clock, begun, alone } = start(13)
  const failed = alone(ASH, 1).catch((error: unknown) => error)
  alone(ASH, 2)
  await clock.advance(100)
  expect([begun, await failed]).toEqual([['0 ash 1', '13 ash 2'], new Error('a bug')])
})
