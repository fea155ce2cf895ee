// What is told of warm connections that end, on real sockets.
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { watchWarm } from '../../../src/io/network/closed-by-peer.ts'

let ends: (() => unknown)[] = []
afterEach(() => {
  for (const end of ends.reverse()) end()
  ends = []
})

test.each([
  [1, 'end'],
  [2, 'end'],
  [1, 'resetAndDestroy'],
  [2, 'resetAndDestroy'],
] as const)('a connection that answered %i times and on which the other end then calls %s is told of', async (times, ending) => {
  const sockets = new Set<Socket>()
  const server = createServer((_, response) => response.end('yes')).on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  ends.push(
    () => server.close(),
    () => agent.destroy(),
  )
  const closed: string[] = []
  watchWarm(agent, (address) => closed.push(address))
  const { port } = server.address() as AddressInfo
  for (let i = 0; i < times; i++) {
    const [answer] = (await once(get({ agent, host: '127.0.0.1', port }), 'response')) as [IncomingMessage]
    const free = once(agent, 'free')
    answer.resume()
    await free
  }
  const [warm] = Object.values(agent.freeSockets).flatMap((some) => some ?? [])
  const gone = warm === undefined ? null : once(warm, 'close').catch(() => {})
  for (const socket of sockets) socket[ending]()
  await gone
  expect([sockets.size, closed]).toEqual([1, [`127.0.0.1:${port}`]])
})
