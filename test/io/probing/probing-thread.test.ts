import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { createDescriptors } from '../../../src/io/network/descriptors.ts'
import { createProbingThread } from '../../../src/io/probing/probing-thread.ts'
import type { ThreadHandle } from '../../../src/io/probing/start-thread.ts'
import type { FromThread, ToThread } from '../../../src/io/probing/thread-words.ts'
import type { Failure, PeerAnswer } from '../../../src/ports.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const AT = '192.0.2.1:8088'
const REQUEST = { path: '/server_info', timeoutMs: 2_000, timed: { samples: 3, primer: 'always' } } as const
const DENIED: Failure = { type: 'failed', reason: 'withheld', text: 'not there' }
const ANSWER: PeerAnswer = {
  ...{ type: 'answer', by: null, status: 200, headers: {}, body: Buffer.from('hi') },
  ...{ timing: { connectMs: 1, answerMs: 2 }, timed: { samplesMs: [2], discarded: 1, roughMs: null } },
}

/** A thread that does what the test says. */
class FakeThread extends EventEmitter implements ThreadHandle {
  readonly heard: ToThread[] = []
  isHeld = true
  postMessage(word: ToThread): void {
    this.heard.push(word)
  }
  unref(): void {
    this.isHeld = false
  }
  async terminate(): Promise<void> {
    this.emit('exit', 1)
  }
  says(word: FromThread): void {
    this.emit('message', word)
  }
}

/** Files that may be open for connections with peers, the base counted off. */
function start({ files = 1_000 } = {}) {
  const clock = new VirtualClock()
  const threads: FakeThread[] = []
  const descriptors = createDescriptors(files)
  const probing = createProbingThread({
    ...{ descriptors, clock },
    start: () => {
      const thread = new FakeThread()
      threads.push(thread)
      return thread
    },
  })
  const begun = async (): Promise<FakeThread> => {
    await probing.ask(AT, REQUEST)
    await clock.advance(2_000)
    const thread = threads.at(-1)
    if (thread === undefined) throw new Error('no thread')
    thread.says({ type: 'ready' })
    return thread
  }
  return { clock, threads, descriptors, probing, begun }
}

/** How many more connections with peers there is room for. */
function room(descriptors: ReturnType<typeof createDescriptors>): number {
  let count = 0
  while (descriptors.take('own')) count++
  for (let i = 0; i < count; i++) descriptors.give()
  return count
}

test('it is started two seconds after it is first asked, and holds up nobody until it is ready; it keeps no process alive', async () => {
  const { clock, threads, probing } = start()
  await clock.advance(1_000)
  expect([await probing.ask(AT, REQUEST), await probing.ask(AT, REQUEST)]).toEqual([null, null])
  await clock.advance(1_999)
  expect(threads.length).toEqual(0)
  await clock.advance(1)
  expect([await probing.ask(AT, REQUEST), threads.length, threads[0]?.isHeld, threads[0]?.heard]).toEqual([null, 1, false, []])
})

test('one that was closed before it was to be started never is', async () => {
  const { clock, threads, probing } = start()
  await probing.ask(AT, REQUEST)
  await probing.close()
  await clock.advance(10_000)
  expect([threads.length, clock.timerCount]).toEqual([0, 0])
})

test('a question goes over with the network as it is, and its answer comes back with a buffer', async () => {
  const { probing, begun } = start()
  const thread = await begun()
  const answer = probing.ask(AT, REQUEST)
  expect(thread.heard).toEqual([{ type: 'ask', number: 1, address: AT, request: REQUEST, network: { type: 'open' } }])
  thread.says({ type: 'answered', number: 1, answer: { ...ANSWER, body: Buffer.from(ANSWER.body) } })
  expect(await answer).toEqual(ANSWER)
})

test('each connection is allowed by who asked, and counts until it is over', async () => {
  const { probing, begun, descriptors } = start()
  const thread = await begun()
  const before = room(descriptors)
  const asked: string[] = []
  const admit = async (ip: string): Promise<Failure | null> => {
    asked.push(ip)
    return ip === '192.0.2.1' ? null : DENIED
  }
  void probing.ask(AT, { ...REQUEST, admit })
  thread.says({ type: 'dial.asked', number: 1, dial: 1, ip: '192.0.2.1' })
  thread.says({ type: 'dial.asked', number: 1, dial: 2, ip: '10.0.0.1' })
  await new Promise((resolve) => setImmediate(resolve))
  expect([asked, thread.heard.slice(1), before - room(descriptors)]).toEqual([
    ['192.0.2.1', '10.0.0.1'],
    [
      { type: 'dial.decided', dial: 1, refusal: null },
      { type: 'dial.decided', dial: 2, refusal: DENIED },
    ],
    1,
  ])
  thread.says({ type: 'dial.over' })
  expect(room(descriptors)).toEqual(before)
})

test('where no descriptors are left it may not connect', async () => {
  const { probing, begun, descriptors } = start({ files: 40 })
  const thread = await begun()
  while (descriptors.take('own'));
  void probing.ask(AT, REQUEST)
  thread.says({ type: 'dial.asked', number: 1, dial: 1, ip: '192.0.2.1' })
  await new Promise((resolve) => setImmediate(resolve))
  expect(thread.heard.at(-1)).toMatchObject({ type: 'dial.decided', refusal: { type: 'failed', reason: 'unreachable' } })
})

test('who gives up is told over there; who has given up before is asked nothing', async () => {
  const { probing, begun } = start()
  const thread = await begun()
  const ending = new AbortController()
  void probing.ask(AT, { ...REQUEST, signal: ending.signal })
  ending.abort()
  const later = await probing.ask(AT, { ...REQUEST, signal: ending.signal })
  expect([thread.heard.slice(1), later]).toEqual([
    [{ type: 'abort', number: 1 }],
    { type: 'failed', reason: 'aborted', text: 'it was called off' },
  ])
})

test('when it dies what it was asked comes back, what it held is free, and another is started, later each time', async () => {
  const { clock, probing, begun, threads, descriptors } = start()
  const before = room(descriptors)
  const thread = await begun()
  const answer = probing.ask(AT, REQUEST)
  thread.says({ type: 'dial.asked', number: 1, dial: 1, ip: '192.0.2.1' })
  await new Promise((resolve) => setImmediate(resolve))
  expect([before - room(descriptors), probing.note()]).toEqual([1, null])
  thread.emit('error', new Error('it reached its memory limit'))
  thread.emit('exit', 1)
  expect([await answer, room(descriptors), probing.note()?.text]).toEqual([
    null,
    before,
    "latency is measured beside this node's other work: the thread for it ended (it reached its memory limit)",
  ])
  const waits: number[] = []
  for (let death = 0; death < 9; death++) {
    const diedMs = clock.now()
    const count = threads.length
    while (threads.length === count) {
      await probing.ask(AT, REQUEST)
      if (threads.length === count) await clock.advance(50)
    }
    waits.push(clock.now() - diedMs)
    threads.at(-1)?.emit('exit', 1)
  }
  expect([(waits[0] ?? 0) <= 1_050, (waits[8] ?? 0) > 14_000, Math.max(...waits) <= 60_050]).toEqual([true, true, true])
})

test('one that is ready again is no trouble any more', async () => {
  const { clock, probing, begun } = start()
  const thread = await begun()
  thread.emit('exit', 1)
  await clock.advance(1_000)
  await begun()
  expect(probing.note()).toEqual(null)
})

test('one that hangs is ended, five seconds after the time of what it was asked', async () => {
  const { clock, probing, begun } = start()
  await begun()
  const answer = probing.ask(AT, REQUEST)
  await clock.advance(6_999)
  expect(probing.note()).toEqual(null)
  await clock.advance(1)
  expect([await answer, probing.note()?.text]).toEqual([
    null,
    "latency is measured beside this node's other work: the thread for it ended (it ended with 1)",
  ])
  expect(clock.timerCount).toEqual(0)
})

test('once it is closed it is started no more, and its end is no trouble', async () => {
  const { probing, begun, threads } = start()
  await begun()
  const answer = probing.ask(AT, REQUEST)
  await probing.close()
  expect([await answer, await probing.ask(AT, REQUEST), threads.length, probing.note()]).toEqual([null, null, 1, null])
})

test('it tells of a connection that a peer closed', async () => {
  const { probing, begun } = start()
  const thread = await begun()
  const closed: string[] = []
  const stop = probing.onClosed((address) => closed.push(address))
  thread.says({ type: 'closed', address: AT })
  stop()
  thread.says({ type: 'closed', address: AT })
  expect(closed).toEqual([AT])
})
