import { describe, expect, test } from 'vitest'
import type { DatagramPort, ProxySpec } from '../../../src/frp/contract.ts'
import { settle } from '../fake-clock.ts'
import { World } from '../frp-world.ts'
import { login, RawEnd } from '../raw-end.ts'
import { UdpNet } from '../udp-net.ts'

/** A TURN and a client with a udp service that answers everything with `>`, and users who ask. */
async function playing(options: { readonly mux?: boolean; readonly wire?: 1 | 2; readonly spec?: Partial<ProxySpec> } = {}) {
  const net = new UdpNet()
  const { openDatagrams } = net
  const world = new World({ openDatagrams })
  const service = await openDatagrams('127.0.0.1:53', (bytes, from) => port(service).send(Buffer.from(`>${bytes.toString()}`), from))
  const {
    client,
    told,
    port: publicPort,
  } = await world.serving(
    { name: 'dns', type: 'udp', local: '127.0.0.1:53', ...options.spec },
    { mux: options.mux ?? true, wire: options.wire ?? 1, openDatagrams },
  )
  await world.clock.advance(0)
  const user = async () => {
    const heard: string[] = []
    const socket = port(await openDatagrams('127.0.0.1:0', (bytes) => heard.push(bytes.toString())))
    const ask = (text: string) => socket.send(Buffer.from(text), { host: '127.0.0.1', port: publicPort })
    return { heard, ask }
  }
  return { net, world, client, told, publicPort, user }
}

function port(opened: DatagramPort | { readonly type: 'failed' }): DatagramPort {
  if (opened.type === 'failed') throw new Error('no socket')
  return opened
}

describe.each([
  ['mux', { mux: true }],
  ['no mux', { mux: false }],
  ['wire v2', { wire: 2 }],
  ['wire v2 without mux', { mux: false, wire: 2 }],
  ['wire v2, encryption and compression', { wire: 2, spec: { useEncryption: true, useCompression: true } }],
  ['encryption and compression', { spec: { useEncryption: true, useCompression: true } }],
] as const)('with %s', (_, options) => {
  test('datagrams go to the service and back, each to its user', async () => {
    const { world, client, user, net, told, publicPort } = await playing(options)
    const [ash, elm] = [await user(), await user()]
    ash.ask('a1')
    elm.ask('e1')
    await settle()
    ash.ask('a2')
    await settle()
    expect([ash.heard, elm.heard]).toEqual([['>a1', '>a2'], ['>e1']])
    expect(told.at(-1)).toEqual({ type: 'client.proxyStarted', proxy: 'dns', remoteAddr: `:${publicPort}` })
    client.end('done')
    await settle()
    expect([net.open.size, world.openLinks, world.clock.pending]).toEqual([3, 0, 0]) // the service and two users
  })
})

test("a user's socket is closed after 30 s without traffic, and opened again", async () => {
  const { world, user, net } = await playing()
  const ash = await user()
  ash.ask('1')
  await settle()
  expect(net.open.size).toEqual(4)
  await world.clock.advance(29_999)
  expect(net.open.size).toEqual(4)
  await world.clock.advance(1)
  expect(net.open.size).toEqual(3)
  ash.ask('2')
  await settle()
  expect([ash.heard, net.open.size]).toEqual([['>1', '>2'], 4])
})

test('a quiet work connection lives on pings', async () => {
  const { world, user } = await playing()
  const ash = await user()
  await world.clock.advance(600_000)
  ash.ask('still there')
  await settle()
  expect(ash.heard).toEqual(['>still there'])
  const meter = world.server.figures().sessions[0]?.proxies[0]?.meter
  expect(meter?.figures(world.clock.now())).toEqual({
    connectionsNow: 1,
    connectionsEver: 1,
    bytesIn: 11,
    bytesOut: 12,
    errorsEver: 0,
    lastError: null,
  })
})

test('a datagram too large for a message is lost, and nothing else', async () => {
  const { user } = await playing()
  const ash = await user()
  ash.ask('x'.repeat(7_489))
  ash.ask('y'.repeat(7_000))
  await settle()
  expect(ash.heard.map((text) => text.length)).toEqual([7_001])
})

test('a udp port has the texts of frp, and is another than the tcp port of its number', async () => {
  const net = new UdpNet()
  const { openDatagrams } = net
  const world = new World({ openDatagrams })
  const tcp = await world.serving({ name: 'a', remotePort: 6000 })
  const udp = await world.serving({ name: 'b', type: 'udp', remotePort: 6000 }, { openDatagrams })
  const taken = await world.serving({ name: 'c', type: 'udp', remotePort: 6000 }, { openDatagrams })
  expect([tcp.port, udp.port, taken.told.at(-1)]).toEqual([
    6000,
    6000,
    { type: 'client.proxyRefused', proxy: 'c', error: 'acquire port 6000 error: port already used' },
  ])
})

test('a work connection is fetched 500 ms after the answer, and again 1 s after it is lost or silent for 60 s', async () => {
  const world = new World({ openDatagrams: new UdpNet().openDatagrams })
  const end = new RawEnd(world.toTurn(), world.clock, true)
  const control = end.open()
  control.say(login({ runId: 'r' }))
  await settle()
  control.secure(world.clock)
  control.say({ type: 'newProxy', proxyName: 'dns', proxyType: 'udp', remotePort: 6000 })
  await settle()
  const asked = () => control.heard.filter((message) => message.type === 'reqWorkConn').length
  const bring = async () => {
    const work = end.open()
    work.say({ type: 'newWorkConn', runId: 'r' })
    await settle()
    return work
  }
  await world.clock.advance(499)
  expect(asked()).toEqual(0)
  await world.clock.advance(1)
  expect(asked()).toEqual(1)
  const first = await bring()
  expect(first.heard).toEqual([{ type: 'startWorkConn', proxyName: 'dns', srcAddr: '', dstAddr: '', srcPort: 0, dstPort: 0, error: '' }])
  const spare = [await bring()] // asked for when the first was taken
  first.stream.reset()
  await world.clock.advance(1_000)
  expect(spare[0]?.heard.length).toEqual(1)
  await world.clock.advance(59_999)
  expect(spare[0]?.gone).toEqual(false)
  await world.clock.advance(1)
  expect(spare[0]?.gone).toEqual(true)
  end.mux.close('')
  await settle()
  expect(world.clock.pending).toEqual(0)
})

test('garbage on a udp work connection ends that connection only', async () => {
  const world = new World({ openDatagrams: new UdpNet().openDatagrams })
  const end = new RawEnd(world.toTurn(), world.clock, true)
  const control = end.open()
  control.say(login({ runId: 'r', poolCount: 1 }))
  await settle()
  control.secure(world.clock)
  control.say({ type: 'newProxy', proxyName: 'dns', proxyType: 'udp', remotePort: 6000 })
  const work = end.open()
  work.say({ type: 'newWorkConn', runId: 'r' })
  await world.clock.advance(500)
  work.stream.write(Buffer.from('!!!'))
  await settle()
  expect([work.gone, world.server.sessionCount]).toEqual([true, 1])
})
