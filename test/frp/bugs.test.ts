// What our own code throws where nobody waits for it: it is told, and nothing else stops.
import { expect, test } from 'vitest'
import type { FrpClientFact } from '../../src/frp/contract.ts'
import { settle } from './frp-clock.ts'
import { World } from './frp-world.ts'
import { UdpNet } from './udp-net.ts'

const bug = new Error('a bug')

test('behind the dial of a local service', async () => {
  const bugs: unknown[] = []
  const world = new World()
  world.localFails = true
  const tell = (fact: FrpClientFact): void => {
    if (fact.type === 'client.served') throw bug
  }
  await world.serving({}, { onBug: (error) => bugs.push(error), tell })
  world.user([...world.ports.keys()][0] ?? 0)
  await settle()
  expect(bugs).toEqual([bug])
})

test.each([true, false])('behind the dial of the TURN, with mux: %s', async (mux) => {
  const bugs: unknown[] = []
  const world = new World()
  const { client } = world.client({
    mux,
    onBug: (error) => bugs.push(error),
    dialServer: () => Promise.reject(bug),
  })
  client.start()
  await settle()
  expect(bugs).toEqual([bug])
})

test('in a proxy that is being opened: the next one is opened all the same', async () => {
  const bugs: unknown[] = []
  const world = new World({ onBug: (error) => bugs.push(error), openDatagrams: () => Promise.reject(bug) })
  const { client, told } = await world.serving({ name: 'dns', type: 'udp' }, { openDatagrams: new UdpNet().openDatagrams })
  client.openProxy({
    name: 'web',
    type: 'tcp',
    local: '127.0.0.1:80',
    remotePort: 0,
    customDomains: [],
    useEncryption: false,
    useCompression: false,
  })
  await settle()
  expect([bugs, told.at(-1)]).toEqual([
    [bug],
    { type: 'client.proxyStarted', proxy: 'web', remoteAddr: expect.stringMatching(/^:2\d{4}$/) },
  ])
})

test('in a group whose port is being opened', async () => {
  const bugs: unknown[] = []
  const world = new World({ onBug: (error) => bugs.push(error), listen: () => Promise.reject(bug) })
  await world.serving({ group: { name: 'g', key: 'k' } })
  expect(bugs).toEqual([bug])
})
