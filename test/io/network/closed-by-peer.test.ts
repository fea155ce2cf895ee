// What is told of warm connections that end, on real sockets.
import { once } from 'node:events'
import { Agent, type AgentOptions, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { closeHere, freeIn, watchWarm } from '../../../src/io/network/closed-by-peer.ts'

let ends: (() => unknown)[] = []
afterEach(() => {
  for (const end of ends.reverse()) end()
  ends = []
})

async function warmConnection(times: number, options: AgentOptions = {}) {
  const sockets = new Set<Socket>()
  const server = createServer((_, response) => response.end('yes')).on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...options })
  ends.push(
    () => server.close(),
    () => agent.destroy(),
  )
  const told: string[] = []
  watchWarm(agent, (address) => told.push(address))
  const { port } = server.address() as AddressInfo
  for (let i = 0; i < times; i++) {
    const [answer] = (await once(get({ agent, host: '127.0.0.1', port }), 'response')) as [IncomingMessage]
    const free = once(agent, 'free')
    answer.resume()
    await free
  }
  const [near] = freeIn(agent)
  const [far] = sockets
  if (near === undefined || far === undefined || sockets.size !== 1) throw new Error('there is not one warm connection')
  const gone = new Promise<void>((resolve) => near.once('close', () => resolve()))
  return { near, far, told, gone, address: `127.0.0.1:${port}` }
}

test.each([
  [1, 'end'],
  [2, 'end'],
  [1, 'resetAndDestroy'],
  [2, 'resetAndDestroy'],
] as const)('a connection that answered %i times and on which the other end then calls %s is told of once', async (times, ending) => {
  const { far, told, gone, address } = await warmConnection(times)
  far[ending]()
  await gone
  expect(told).toEqual([address])
})

test('one that this end closes is not told of', async () => {
  const { near, told, gone } = await warmConnection(1)
  closeHere(near)
  await gone
  expect(told).toEqual([])
})

test("one that is idle for the agent's whole timeout is not told of", async () => {
  const { told, gone } = await warmConnection(1, { timeout: 50 })
  await gone
  expect(told).toEqual([])
})
