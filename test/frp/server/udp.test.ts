import { describe, expect, test } from 'vitest'
import { ProxyMeter } from '../../../src/frp/meters/proxy-meter.ts'
import { encodeMessage } from '../../../src/frp/wire/codec.ts'
import type { Message } from '../../../src/frp/wire/messages.ts'
import { settle } from '../frp-clock.ts'
import { World } from '../frp-world.ts'
import { rawClient, rawUdpClient } from '../raw-client.ts'
import type { RawStream } from '../raw-end.ts'
import { atRawTurn } from '../raw-turn.ts'
import { UdpNet } from '../udp-net.ts'
import { socketOf, udpUser, udpWorld } from '../udp-world.ts'

describe.each([
  ['mux', { client: { mux: true } }],
  ['no mux', { client: { mux: false } }],
  ['wire v2', { client: { wire: 2 } }],
  ['wire v2 without mux', { client: { mux: false, wire: 2 } }],
  ['wire v2, encryption and compression', { client: { wire: 2 }, spec: { useEncryption: true, useCompression: true } }],
  ['encryption and compression', { spec: { useEncryption: true, useCompression: true } }],
] as const)('with %s', (_, options) => {
  test('datagrams go to the service and back, each to its user', async () => {
    const { world, client, user, net, told, port } = await udpWorld(options)
    const [ash, elm] = [await user(), await user()]
    ash.ask('a1')
    elm.ask('e1')
    await settle()
    ash.ask('a2')
    await settle()
    expect([ash.heard, elm.heard]).toEqual([['>a1', '>a2'], ['>e1']])
    expect(told.at(-1)).toEqual({ type: 'client.proxyStarted', proxy: 'dns', remoteAddr: `:${port}` })
    client.end('done')
    await settle()
    expect([net.open.size, world.openLinks, world.clock.timerCount]).toEqual([3, 0, 0]) // the service and two users
  })

  test('a datagram of any size that UDP has passes whole, both ways', async () => {
    const { user, meter } = await udpWorld(options)
    const ash = await user()
    const sizes = [0, 1_500, 7_488, 7_489, 49_152, 65_506]
    for (const size of sizes) ash.ask('x'.repeat(size))
    await settle()
    expect([ash.heard.map((text) => text.length), meter()?.errorsEver]).toEqual([sizes.map((size) => size + 1), 0])
  })
})

test("a user's socket is closed after 30 s without traffic, and opened again", async () => {
  const { world, user, net } = await udpWorld()
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
  const { world, user, meter } = await udpWorld()
  const ash = await user()
  await world.clock.advance(600_000)
  ash.ask('still there')
  await settle()
  expect(ash.heard).toEqual(['>still there'])
  expect(meter()).toEqual({
    connectionsNow: 1,
    connectionsEver: 1,
    bytesIn: 11,
    bytesOut: 12,
    errorsEver: 0,
    lastError: null,
  })
})

describe('with a stock end, whose messages are limited, a larger datagram is lost and counted', () => {
  const LOST = 'a datagram of 7489 bytes was lost: the other end of the tunnel takes 7488 at most'

  test('towards a client', async () => {
    const net = new UdpNet()
    const world = new World({ openDatagrams: net.openDatagrams })
    const { work } = await rawUdpClient(world)
    const ash = await udpUser(net, 6000)
    ash.ask('x'.repeat(7_488))
    ash.ask('x'.repeat(7_489))
    await settle()
    const meter = world.server.figures().sessions[0]?.proxies[0]?.meter
    expect([packetsOf(work).map(({ length }) => length), meter?.figures(0)]).toEqual([
      [7_488],
      {
        connectionsNow: 1,
        connectionsEver: 1,
        bytesIn: 7_488,
        bytesOut: 0,
        errorsEver: 1,
        lastError: { text: LOST, atMs: world.clock.wallMs() },
      },
    ])
  })

  test('towards a TURN', async () => {
    const net = new UdpNet()
    const meter = new ProxyMeter()
    const service = socketOf(await net.openDatagrams('127.0.0.1:53', (bytes, from) => service.send(Buffer.alloc(Number(bytes)), from)))
    const options = { openDatagrams: net.openDatagrams, meterOf: () => meter }
    const { admit, ...turn } = await atRawTurn(options, [{ type: 'udp', local: '127.0.0.1:53' }])
    await admit()
    const work = await turn.work()
    for (const size of ['7488', '7489'])
      work.say({ type: 'udpPacket', content: Buffer.from(size).toString('base64'), remote: { host: '203.0.113.9', port: 4 } })
    await settle()
    const { errorsEver, lastError } = meter.figures(0)
    expect([packetsOf(work).map(({ length }) => length), errorsEver, lastError?.text]).toEqual([[7_488], 1, LOST])
  })
})

test('a datagram as long as a stock frps cuts them at goes on to the service, and is told', async () => {
  const net = new UdpNet()
  const meter = new ProxyMeter()
  const heard: number[] = []
  socketOf(await net.openDatagrams('127.0.0.1:53', ({ length }) => heard.push(length)))
  const options = { openDatagrams: net.openDatagrams, meterOf: () => meter }
  const { admit, ...turn } = await atRawTurn(options, [{ type: 'udp', local: '127.0.0.1:53' }])
  await admit()
  const work = await turn.work()
  for (const size of [1_499, 1_500, 1_501])
    work.say({ type: 'udpPacket', content: Buffer.alloc(size).toString('base64'), remote: { host: '203.0.113.9', port: 4 } })
  await settle()
  const { errorsEver, lastError } = meter.figures(0)
  expect([heard, errorsEver, lastError?.text]).toEqual([
    [1_499, 1_500, 1_501],
    1,
    'a datagram of 1500 bytes came: a stock frps cuts longer ones there, unless its udpPacketSize is larger',
  ])
})

describe('a message beyond what was agreed on', () => {
  test.each([
    ['from a client that agreed on nothing', {}, 10_240 - 28],
    ['from one of ours', { moonwalk: '1', moonwalk_datagrams: '65507' }, 87_600 - 28],
    ['from one that claims to take more than UDP has', { moonwalk: '1', moonwalk_datagrams: '999999999' }, 87_600 - 28],
  ])('ends the work connection %s, and no other', async (_, metas, most) => {
    const world = new World({ openDatagrams: new UdpNet().openDatagrams })
    const { work, bring } = await rawUdpClient(world, { metas })
    const say = (stream: RawStream, length: number): void =>
      stream.say({ type: 'udpPacket', content: 'A'.repeat(length), remote: { host: '1.2.3.4', port: 5 } })
    const whole = encodeMessage({ type: 'udpPacket', content: 'A', remote: { host: '1.2.3.4', port: 5 } }).length - 9 - 1
    say(work, most + 28 - whole)
    await settle()
    expect(work.gone).toEqual(false)
    say(work, most + 28 - whole + 1)
    await settle()
    expect([work.gone, world.server.sessionCount, await bring().then(({ gone }) => gone)]).toEqual([true, 1, false])
  })
})

test('datagrams that come while the work connection is away are lost and counted', async () => {
  const net = new UdpNet()
  const world = new World({ openDatagrams: net.openDatagrams })
  const { work } = await rawUdpClient(world)
  work.stream.reset()
  await settle()
  const ash = await udpUser(net, 6000)
  ash.ask('1')
  await settle()
  const { errorsEver, lastError } = world.server.figures().sessions[0]?.proxies[0]?.meter.figures(0) ?? {}
  expect([errorsEver, lastError?.text]).toEqual([1, 'a datagram was lost: there was no work connection for it'])
})

const packetsOf = (work: RawStream): readonly Buffer[] =>
  work.heard.flatMap((message: Message) => (message.type === 'udpPacket' ? [Buffer.from(message.content, 'base64')] : []))

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
  const { end, control, open, bring } = await rawClient(world)
  await open({ proxyName: 'dns', proxyType: 'udp' })
  const asked = () => control.heard.filter((message) => message.type === 'reqWorkConn').length
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
  expect(world.clock.timerCount).toEqual(0)
})

test('garbage on a udp work connection ends that connection only', async () => {
  const world = new World({ openDatagrams: new UdpNet().openDatagrams })
  const { work } = await rawUdpClient(world)
  work.stream.write(Buffer.from('!!!'))
  await settle()
  expect([work.gone, world.server.sessionCount]).toEqual([true, 1])
})
