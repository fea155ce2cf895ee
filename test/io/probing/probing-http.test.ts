import { expect, test } from 'vitest'
import type { NodeHttp } from '../../../src/io/network/peer-http.ts'
import { withProbingThread } from '../../../src/io/probing/probing-http.ts'
import type { ProbingThread } from '../../../src/io/probing/probing-thread.ts'
import type { Failure, PeerAnswer, PeerRequest } from '../../../src/ports.ts'

const answer = (by: string): PeerAnswer => ({
  ...{ type: 'answer', by, status: 200, headers: {}, body: Buffer.alloc(0) },
  timing: { connectMs: null, answerMs: 1 },
})
const GET = { method: 'GET', path: '/server_info', timeoutMs: 2_000 } as const
const timed = { samples: 3, primer: 'always' } as const

/** `there`: whether the thread is. */
function start(there: boolean) {
  const done: string[] = []
  const http: NodeHttp = {
    request: async () => answer('loop'),
    serve: async () => ({ type: 'failed', reason: 'denied', text: 'no' }),
    loaded: async () => {},
    dropWarm: () => void done.push('loop drops'),
    onClosed: (tell) => {
      tell('192.0.2.1:8088')
      return () => void done.push('loop tells no more')
    },
    close: () => void done.push('loop closes'),
  }
  const thread: ProbingThread = {
    ask: async () => (there ? answer('thread') : null),
    dropWarm: () => void done.push('thread drops'),
    onClosed: (tell) => {
      tell('192.0.2.2:8088')
      return () => void done.push('thread tells no more')
    },
    note: () => null,
    close: async () => void done.push('thread closes'),
  }
  const both = withProbingThread(http, thread)
  const by = async (request: PeerRequest): Promise<string | null | Failure> => {
    const one = await both.request('192.0.2.1:8088', request)
    return one.type === 'failed' ? one : one.by
  }
  return { both, by, done }
}

test('timed requests are made by the thread, and all else by the loop', async () => {
  const { by } = start(true)
  const all: readonly PeerRequest[] = [{ ...GET, timed }, GET, { ...GET, timed, onBytes: () => true }, { ...GET, method: 'POST', timed }]
  expect(await Promise.all(all.map(by))).toEqual(['thread', 'loop', 'loop', 'loop'])
})

test('while the thread is not there the loop makes them, until all is closed', async () => {
  const { both, by } = start(false)
  expect(await by({ ...GET, timed })).toEqual('loop')
  await both.close()
  expect(await by({ ...GET, timed })).toEqual({ type: 'failed', reason: 'aborted', text: 'it was called off' })
})

test('both drop what is warm, and both are closed', async () => {
  const { both, done } = start(true)
  both.dropWarm()
  await both.close()
  expect(done).toEqual(['loop drops', 'thread drops', 'loop closes', 'thread closes'])
})

test('both tell of connections that their peers close, until nobody wants to know', () => {
  const { both, done } = start(true)
  both.onClosed((address) => void done.push(`${address} closed`))()
  expect(done).toEqual(['192.0.2.1:8088 closed', '192.0.2.2:8088 closed', 'loop tells no more', 'thread tells no more'])
})
