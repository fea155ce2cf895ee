import { expect, test } from 'vitest'
import { createPathLoad } from '../../../src/actors/membership/path-load.ts'
import type { PeerAnswer, PeerRequest, Reply } from '../../../src/ports.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { inbound } from '../inbound.ts'

const AT = '192.0.2.1:8088'
const ANSWER: PeerAnswer = {
  ...{ type: 'answer', by: null, status: 200, headers: {}, body: Buffer.alloc(0) },
  timing: { connectMs: null, answerMs: 1 },
}
const GET = { method: 'GET', path: '/', timeoutMs: 1_000 } as const

function start() {
  const clock = new VirtualClock()
  const load = createPathLoad(clock)
  const isLoaded = (name: string): boolean => load.wasLoaded([name], clock.now())
  return { clock, load, isLoaded }
}

test.each<[string, Partial<PeerRequest>, boolean]>([
  ['a download that is counted loads', { onBytes: () => true }, true],
  ['an upload of filler loads', { method: 'POST', body: { type: 'filler', bytes: 1_000_000 } }, true],
  ['a small post does not load', { method: 'POST', body: Buffer.from('{}') }, false],
  ['a question does not load', {}, false],
])('%s the path to its address, and for 250 ms after', async (_, request, loads) => {
  const { clock, load, isLoaded } = start()
  const http = load.watching({
    request: async () => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 100))
      return ANSWER
    },
  })
  const asked = http.request(AT, { ...GET, ...request })
  await clock.advance(50)
  const meanwhile = [isLoaded(AT), isLoaded('192.0.2.2:8088')]
  expect(await clock.until(asked)).toEqual(ANSWER)
  await clock.advance(249)
  const justAfter = isLoaded(AT)
  await clock.advance(1)
  expect([meanwhile, justAfter, isLoaded(AT)]).toEqual([[loads, false], loads, false])
})

test('what began before a speed test, or while its queues ran empty, was loaded too', async () => {
  const { clock, load } = start()
  const http = load.watching({ request: async () => ANSWER })
  await clock.advance(1_000)
  const beganMs = clock.now()
  await clock.advance(10)
  await http.request(AT, { ...GET, onBytes: () => true })
  await clock.advance(400)
  expect([beganMs, clock.now() - 200, clock.now() - 100].map((sinceMs) => load.wasLoaded([AT], sinceMs))).toEqual([true, true, false])
})

test('a speed test that is served loads the path to who asked until it has gone out', async () => {
  const { clock, load, isLoaded } = start()
  let done = 0
  const replies: Reply[] = [
    { status: 200, body: { type: 'filler', bytes: 1_000_000 }, onDone: () => done++ },
    { status: 429, body: '{}' },
  ]
  const answer = load.serving(async () => replies.shift() ?? null)
  const served = await answer(inbound({ path: '/v2/speed/down', by: 'ash' }))
  await clock.advance(1_000)
  const meanwhile = isLoaded('ash')
  served?.onDone?.(0)
  await clock.advance(250)
  expect([meanwhile, done, isLoaded('ash')]).toEqual([true, 1, false])
  const refused = await answer(inbound({ path: '/50' }))
  await clock.advance(250)
  expect([refused?.status, isLoaded('192.0.2.50')]).toEqual([429, false])
})

test('nothing else that is asked of this node loads a path', async () => {
  const { load, isLoaded } = start()
  const answer = load.serving(async () => null)
  expect([await answer(inbound({ path: '/other', by: 'ash' })), isLoaded('ash')]).toEqual([null, false])
})
