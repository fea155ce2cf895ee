// What udp proxies keep to: whom a TURN sends to, what stays at the client's end, how many users there are.
import { expect, test } from 'vitest'
import { UdpUsers } from '../../../src/frp/server/udp-users.ts'
import { frpClock, settle } from '../frp-clock.ts'
import { World } from '../frp-world.ts'
import { rawUdpClient } from '../raw-client.ts'
import { UdpNet } from '../udp-net.ts'
import { socketOf, udpUser, udpWorld } from '../udp-world.ts'

test('a client may answer those who came to its port, and send to nobody else', async () => {
  const net = new UdpNet()
  const world = new World({ openDatagrams: net.openDatagrams })
  const { work } = await rawUdpClient(world)
  const ash = await udpUser(net, 6000)
  const remote = { host: '127.0.0.1', port: ash.port }
  work.say({ type: 'udpPacket', content: Buffer.from('never asked for').toString('base64'), remote })
  await settle()
  expect(ash.heard).toEqual([])
  ash.ask('?')
  await settle()
  work.say({ type: 'udpPacket', content: Buffer.from('answer').toString('base64'), remote })
  await settle()
  expect(ash.heard).toEqual(['answer'])
})

test('what the client intercepts never reaches its service, and opens no socket', async () => {
  const seen: string[] = []
  const interceptDatagram = (proxy: string, bytes: Buffer): boolean => {
    seen.push(`${proxy} ${bytes.toString()}`)
    return bytes.toString() === 'mine'
  }
  const { user, net } = await udpWorld({ client: { interceptDatagram } })
  const ash = await user()
  ash.ask('mine')
  await settle()
  expect([ash.heard, seen, net.open.size]).toEqual([[], ['dns mine'], 3])
  ash.ask('yours')
  await settle()
  expect([ash.heard, seen, net.open.size]).toEqual([['>yours'], ['dns mine', 'dns yours'], 4])
})

test('more than 1,024 users at once are not served, until others have been quiet for 30 s', async () => {
  const { openDatagrams, open } = new UdpNet()
  const service = socketOf(await openDatagrams('127.0.0.1:53', (bytes, from) => service.send(bytes, from)))
  const answered: number[] = []
  const clock = frpClock()
  const toUser = (_: Buffer, user: { readonly port: number }): void => void answered.push(user.port)
  const failures: string[] = []
  const onFail = (why: string): void => void failures.push(why)
  const users = new UdpUsers({ clock, openDatagrams, local: '127.0.0.1:53', toUser, onFail })
  const ask = (user: number): void => users.toService(Buffer.from('?'), { host: '127.0.0.1', port: user })
  for (let user = 1; user <= 1_025; user++) ask(user)
  await settle()
  expect([open.size, answered.length, answered.at(-1), failures]).toEqual([1 + 1_024, 1_024, 1_024, ['more than 1024 users at once']])
  await clock.advance(30_000)
  ask(1_025)
  await settle()
  expect([open.size, answered.at(-1)]).toEqual([1 + 1, 1_025])
  users.close()
  await settle()
  expect([open.size, clock.timerCount]).toEqual([1, 0])
})
