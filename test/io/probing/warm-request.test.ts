// A request on a connection that stands: what comes of it, and whether the connection may be used again.
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { LoopWatch } from '../../../src/io/probing/loop-watch.ts'
import { askWarm } from '../../../src/io/probing/warm-request.ts'

const ends: (() => unknown)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** A connection whose other end does so with what it is sent. */
async function standing(onText: (socket: Socket, text: string) => void): Promise<Socket> {
  const server = createServer((socket) => {
    ends.push(() => socket.destroy())
    socket.on('error', () => {}).on('data', (piece) => onText(socket, piece.toString()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  const at = server.address()
  const socket = connect(typeof at === 'object' && at !== null ? at.port : 0, '127.0.0.1')
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  ends.push(() => socket.destroy())
  socket.resume()
  return socket
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const to = { host: '192.0.2.1', port: 8_088 }
const asking = (socket: Socket, more: object = {}, signal = new AbortController().signal) => {
  const request = { path: '/x', headers: { a: 'b' }, timeoutMs: 5_000, timed: { samples: 1, primer: 'cold' as const }, ...more }
  return askWarm({ socket, to, request, signal, watch: new LoopWatch() })
}
const COUNTED = ['data', 'error', 'close', 'end'] as const
const listeners = (socket: Socket): readonly number[] => COUNTED.map((event) => socket.listenerCount(event))

test('it is sent as HTTP/1.1 has it, answered, and the connection is as it was', async () => {
  const texts: string[] = []
  const socket = await standing((other, text) => {
    texts.push(text)
    other.write(OK.slice(0, 30))
    setImmediate(() => other.write(OK.slice(30)))
  })
  const before = listeners(socket)
  const outcome = await asking(socket)
  expect([texts, socket.destroyed, listeners(socket)]).toEqual([['GET /x HTTP/1.1\r\nhost: 192.0.2.1:8088\r\na: b\r\n\r\n'], false, before])
  expect(outcome).toEqual({
    type: 'asked',
    isLate: true, // nobody has watched the loop
    answer: {
      ...{ type: 'answer', by: null, status: 200, headers: { 'content-length': '2' }, body: Buffer.from('ok') },
      timing: { connectMs: null, answerMs: expect.any(Number) },
    },
  })
})

test.each<[string, (socket: Socket) => void, object, string]>([
  ['is closed at that moment', (socket) => socket.end(), {}, 'stale'],
  ['is reset at that moment', (socket) => socket.resetAndDestroy(), {}, 'stale'],
  ['is answered in a way for another reader', (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n'), {}, 'stale'],
  ['is closed within the answer', (socket) => socket.end(OK.slice(0, -1)), {}, 'reset'],
  ['is silent', () => {}, { timeoutMs: 20 }, 'timeout'],
  ['is answered at length', (socket) => socket.write(OK), { maxBytes: 20 }, 'protocol'],
  ['is another node', (socket) => socket.write(OK), { expect: 'ash' }, 'protocol'],
  ['is answered for the last time', (socket) => socket.write(OK.replace('content', 'connection: close\r\ncontent')), {}, 'asked'],
])('a connection that %s is used no more', async (_, onText, more, expected) => {
  const socket = await standing(onText)
  const outcome = await asking(socket, more)
  expect([outcome.type === 'failed' ? outcome.reason : outcome.type, socket.destroyed]).toEqual([expected, true])
})

test('what is called off ends the connection', async () => {
  const socket = await standing(() => {})
  const ending = new AbortController()
  const asked = asking(socket, {}, ending.signal)
  ending.abort()
  expect([await asked, socket.destroyed]).toEqual([{ type: 'failed', reason: 'aborted', text: 'it was called off' }, true])
})
