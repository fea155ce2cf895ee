// What udp proxies keep to: whom a TURN sends to, what stays at the client's end, how many users there are.
import { expect, test } from 'vitest'
import type { DatagramPort, FrpClientOptions } from '../../../src/frp/contract.ts'
import { UdpUsers } from '../../../src/frp/server/udp-users.ts'
import { FakeClock, settle } from '../fake-clock.ts'
import { World } from '../frp-world.ts'
import { login, RawEnd } from '../raw-end.ts'
import { UdpNet } from '../udp-net.ts'

/** A TURN, and a client with a udp service that answers everything with `>`. */
async function playing(options: Partial<FrpClientOptions> = {}) {
  const net = new UdpNet()
  const { openDatagrams } = net
  const world = new World({ openDatagrams })
  const service = port(await openDatagrams('127.0.0.1:53', (bytes, from) => service.send(Buffer.from(`>${bytes.toString()}`), from)))
  const serving = await world.serving({ name: 'dns', type: 'udp', local: '127.0.0.1:53' }, { openDatagrams, ...options })
  await world.clock.advance(0)
  const user = async () => {
    const heard: string[] = []
    const socket = port(await openDatagrams('127.0.0.1:0', (bytes) => heard.push(bytes.toString())))
    return { heard, ask: (text: string) => socket.send(Buffer.from(text), { host: '127.0.0.1', port: serving.port }) }
  }
  return { net, world, user }
}

function port(opened: DatagramPort | { readonly type: 'failed' }): DatagramPort {
  if (opened.type === 'failed') throw new Error('no socket')
  return opened
}
test('a client may answer those who came to its port, and send to nobody else', async () => {
  const net = new UdpNet()
  const world = new World({ openDatagrams: net.openDatagrams })
  const end = new RawEnd(world.toTurn(), world.clock, true)
  const control = end.open()
  control.say(login({ runId: 'r', poolCount: 1 }))
  await settle()
  control.secure(world.clock)
  control.say({ type: 'newProxy', proxyName: 'dns', proxyType: 'udp', remotePort: 6000 })
  const work = end.open()
  work.say({ type: 'newWorkConn', runId: 'r' })
  await world.clock.advance(500)
  const heard: string[] = []
  const ash = port(await net.openDatagrams('127.0.0.1:0', (bytes) => heard.push(bytes.toString())))
  const remote = { host: '127.0.0.1', port: ash.port }
  work.say({ type: 'udpPacket', content: Buffer.from('never asked for').toString('base64'), remote })
  await settle()
  expect(heard).toEqual([])
  ash.send(Buffer.from('?'), { host: '127.0.0.1', port: 6000 })
  await settle()
  work.say({ type: 'udpPacket', content: Buffer.from('answer').toString('base64'), remote })
  await settle()
  expect(heard).toEqual(['answer'])
})

test('what the client intercepts never reaches its service, and opens no socket', async () => {
  const seen: string[] = []
  const { user, net } = await playing({
    interceptDatagram: (proxy, bytes) => {
      seen.push(`${proxy} ${bytes.toString()}`)
      return bytes.toString() === 'mine'
    },
  })
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
  const service = port(await openDatagrams('127.0.0.1:53', (bytes, from) => service.send(bytes, from)))
  const answered: number[] = []
  const clock = new FakeClock()
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
  expect([open.size, clock.pending]).toEqual([1, 0])
})
