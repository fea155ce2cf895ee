import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { TimedAgent } from '../../../src/io/network/stopwatch.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test('a connection that waits for its next request is asked by the system no sooner than any other, after 30 s', async () => {
  const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const asked = vi.spyOn(Socket.prototype, 'setKeepAlive')
  const agent = new TimedAgent({ keepAlive: true })
  const sent = request({ agent, host: '127.0.0.1', port: (server.address() as AddressInfo).port }).end()
  const freed = once(agent, 'free')
  const [answer] = await once(sent, 'response')
  answer.resume()
  await freed
  agent.destroy()
  server.close()
  expect(asked.mock.calls).toEqual([[true, 30_000]])
})
