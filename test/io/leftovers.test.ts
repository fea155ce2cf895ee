import { expect, test } from 'vitest'
import type { Link } from '../../src/frp/links/link.ts'
import { createNodeNetwork } from '../../src/io/network/node-network.ts'
import { createNodeHttp } from '../../src/io/network/peer-http.ts'
import { isFailure } from '../../src/ports.ts'
import { connected, frpDoor, hashingReader, secured } from './loopback.ts'

/** How many of a kind keep this process alive. */
const held = (kind: string): number => process.getActiveResourcesInfo().filter((one) => one === kind).length

// Alone in its file, and so in its process: what other tests leave to end in its own time would be counted here.
test('what was opened and closed leaves nothing that keeps the process alive', async () => {
  const timersBefore = held('Timeout')
  const [http, network, frp] = [createNodeHttp(), createNodeNetwork(), frpDoor()]
  const served = await http.serve({ address: '127.0.0.1:0', onRequest: async () => ({ status: 200, body: 'ok' }), onFrp: frp.onFrp })
  const listening = await network.listen('127.0.0.1:0', (accepted) => accepted.open(hashingReader(1).reader))
  if (isFailure(served) || isFailure(listening)) throw new Error('no port')
  const request = { method: 'GET', path: '/', timeoutMs: 5_000 } as const
  const answer = await http.request(`127.0.0.1:${served.port}`, request)
  expect(answer.type).toEqual('answer')
  const sockets = [await connected(served.port), await connected(served.port), await secured(served.port), await connected(listening.port)]
  for (const socket of sockets.slice(1, 3)) socket.write('o')
  const links = [(await frp.next()).open(hashingReader(1).reader), (await frp.next()).open(null)].map(({ link }) => link)
  const dial = await network.dial(`127.0.0.1:${listening.port}`, { timeoutMs: 5_000, reader: hashingReader(1).reader })
  if ('type' in dial) throw new Error(dial.text)
  const all: readonly Link[] = [...sockets, ...links, dial.link]
  const closed = all.map((link) => new Promise<void>((resolve) => link.on('close', () => resolve())))
  for (const socket of [...sockets, dial.link]) socket.end()
  http.close()
  await Promise.all([served.close(), listening.close(), ...closed])
  await new Promise<void>((resolve) => setImmediate(resolve))
  expect([held('TCPServerWrap'), held('TCPSocketWrap'), held('TLSWrap')]).toEqual([0, 0, 0])
  // The runner has timers of its own, which come and go.
  expect(held('Timeout')).toBeLessThanOrEqual(timersBefore)
})
