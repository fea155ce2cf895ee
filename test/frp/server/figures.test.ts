// What both ends count of the same users.
import { describe, expect, test } from 'vitest'
import type { FrpClientOptions, ProxySpec } from '../../../src/frp/contract.ts'
import type { Link } from '../../../src/frp/links/link.ts'
import { ProxyMeter } from '../../../src/frp/meters/proxy-meter.ts'
import { settle } from '../frp-clock.ts'
import { World } from '../frp-world.ts'
import { rawClient } from '../raw-client.ts'
import { atRawTurn } from '../raw-turn.ts'
import { UdpNet } from '../udp-net.ts'
import { socketOf } from '../udp-world.ts'

const NOTHING = { connectionsNow: 0, connectionsEver: 0, bytesIn: 0, bytesOut: 0, errorsEver: 0, lastError: null }

async function metered(spec: Partial<ProxySpec> = {}, options: Partial<FrpClientOptions> = {}, udp?: UdpNet) {
  const world = new World(udp ? { openDatagrams: udp.openDatagrams } : {})
  const meter = new ProxyMeter()
  const datagrams = udp ? { openDatagrams: udp.openDatagrams } : {}
  const served = await world.serving(spec, { meterOf: () => meter, ...datagrams, ...options })
  const now = () => world.clock.now()
  return {
    ...served,
    world,
    meter,
    service: () => meter.figures(now()),
    turn: () => world.server.figures().sessions[0]?.proxies[0]?.meter.figures(now()),
  }
}

describe.each<[string, Partial<ProxySpec>, Partial<FrpClientOptions>]>([
  ['plain', {}, {}],
  ['encrypted', { useEncryption: true }, {}],
  ['compressed', { useCompression: true }, {}],
  ['encrypted and compressed', { useEncryption: true, useCompression: true }, {}],
  ['plain without mux', {}, { mux: false }],
  ['encrypted without mux', { useEncryption: true }, { mux: false }],
  ['plain on wire v2', {}, { wire: 2 }],
])('%s', (_, spec, options) => {
  test('both ends count what users sent and got, while they are there and when they are gone', async () => {
    const { world, port, service, turn } = await metered(spec, options)
    world.service = (link) => {
      link.on('data', () => link.write(Buffer.alloc(5_000, 'z')))
      link.on('end', () => link.end())
      link.on('error', () => {})
    }
    const users = [world.user(port), world.user(port)]
    for (const user of users) user?.link.write(Buffer.alloc(300, 'a'))
    await settle()
    const during = { ...NOTHING, connectionsNow: 2, connectionsEver: 2, bytesIn: 600, bytesOut: 10_000 }
    expect([service(), turn(), users.map((user) => user?.received.length)]).toEqual([during, during, [5_000, 5_000]])
    users[0]?.link.end()
    users[1]?.link.destroy()
    await settle()
    expect([service(), turn()]).toEqual([
      { ...during, connectionsNow: 0 },
      { ...during, connectionsNow: 0 },
    ])
  })
})

describe.each<[string, Partial<ProxySpec>]>([
  ['plain', {}],
  ['encrypted and compressed', { useEncryption: true, useCompression: true }],
])('udp, %s', (_, spec) => {
  test('both ends count users and the bytes of their datagrams', async () => {
    const net = new UdpNet()
    const local = socketOf(await net.openDatagrams('127.0.0.1:53', (_bytes, from) => local.send(Buffer.alloc(100), from)))
    const { world, service, turn, ...served } = await metered({ type: 'udp', local: '127.0.0.1:53', ...spec }, {}, net)
    await world.clock.advance(0)
    for (const bytes of [10, 20]) {
      const user = socketOf(await net.openDatagrams('127.0.0.1:0', () => {}))
      user.send(Buffer.alloc(bytes), { host: '127.0.0.1', port: served.port })
    }
    await settle()
    const during = { ...NOTHING, connectionsNow: 2, connectionsEver: 2, bytesIn: 30, bytesOut: 200 }
    expect([service(), turn()]).toEqual([during, during])
    await world.clock.advance(30_000)
    expect([service(), turn()]).toEqual([
      { ...during, connectionsNow: 0 },
      { ...during, connectionsNow: 0 },
    ])
  })
})

test("a service that does not answer is its own end's error, with the time", async () => {
  const { world, port: publicPort, service, turn } = await metered()
  world.localFails = true
  await world.clock.advance(7_000)
  world.user(publicPort)
  await settle()
  expect([service(), turn()]).toEqual([
    {
      ...NOTHING,
      errorsEver: 1,
      lastError: { text: 'nothing answers at 127.0.0.1:80: connection refused', atMs: world.clock.wallMs() },
    },
    { ...NOTHING, connectionsEver: 1 },
  ])
})

test("a service that breaks a connection off is its own end's error, and a user who leaves is nobody's", async () => {
  const { world, port: publicPort, service, turn } = await metered()
  const links: Link[] = []
  world.service = (link) => {
    link.on('error', () => {})
    links.push(link)
  }
  const users = [world.user(publicPort), world.user(publicPort)]
  await settle()
  users[0]?.link.destroy(new Error('gone'))
  await settle()
  const none = { ...NOTHING, connectionsNow: 1, connectionsEver: 2 }
  expect([service(), turn()]).toEqual([none, none])
  links[1]?.destroy(new Error('reset'))
  await settle()
  const over = { ...none, connectionsNow: 0 }
  expect([service(), turn(), users[1]?.closed]).toEqual([
    { ...over, errorsEver: 1, lastError: { text: '127.0.0.1:80 broke a connection off', atMs: world.clock.wallMs() } },
    over,
    true,
  ])
})

test("a user for whom no work connection comes is the TURN's error", async () => {
  const { world, port: publicPort, service, turn } = await metered({}, { poolCount: 0 })
  // what the client opens from now on never gets through
  const link = world.turnLinks[0]
  link?.pause()
  const user = world.user(publicPort)
  await world.clock.advance(9_999)
  expect([user?.closed, turn()]).toEqual([false, NOTHING])
  await world.clock.advance(1)
  expect([user?.ended, service(), turn()]).toEqual([
    true,
    NOTHING,
    {
      ...NOTHING,
      errorsEver: 1,
      lastError: { text: 'the client opened no work connection in 10 s', atMs: world.clock.wallMs() },
    },
  ])
})

describe('bytes that make no sense behind an encoded proxy', () => {
  const GARBAGE = Buffer.from('this is not how snappy begins')
  const SPEC = { useCompression: true } as const

  test("from a client are the TURN's error", async () => {
    const world = new World()
    const { open, bring } = await rawClient(world, { poolCount: 1 })
    await open({ proxyName: 'web', proxyType: 'tcp', ...SPEC })
    const work = await bring()
    const user = world.user(6000)
    await settle()
    work.stream.write(GARBAGE)
    await settle()
    const [proxy] = world.server.figures().sessions[0]?.proxies ?? []
    expect([user?.closed, proxy?.meter.figures(0)]).toEqual([
      true,
      {
        ...NOTHING,
        connectionsEver: 1,
        errorsEver: 1,
        lastError: { text: 'undecodable bytes from the client', atMs: world.clock.wallMs() },
      },
    ])
  })

  test("from a TURN are the service's error", async () => {
    const meter = new ProxyMeter()
    const { world, admit, ...turn } = await atRawTurn({ meterOf: () => meter }, [SPEC])
    await admit()
    const work = await turn.work({ srcAddr: '203.0.113.9', srcPort: 4 })
    expect(meter.figures(0)).toEqual({ ...NOTHING, connectionsNow: 1, connectionsEver: 1 })
    work.stream.write(GARBAGE)
    await settle()
    expect([work.gone, meter.figures(0)]).toEqual([
      true,
      {
        ...NOTHING,
        connectionsEver: 1,
        errorsEver: 1,
        lastError: { text: 'undecodable bytes from the TURN', atMs: world.clock.wallMs() },
      },
    ])
  })
})

test('a service goes on counting when it moves to another TURN, and the first keeps what it carried', async () => {
  const { world, client, port: publicPort, meter, service } = await metered()
  const user = world.user(publicPort)
  user?.link.write(Buffer.from('hello'))
  await settle()
  client.end('moved on')
  await settle()
  const next = new World()
  const moved = await next.serving({}, { meterOf: () => meter })
  const again = next.user(moved.port)
  again?.link.write(Buffer.from('again, hello'))
  await settle()
  expect(service()).toEqual({ ...NOTHING, connectionsNow: 1, connectionsEver: 2, bytesIn: 17, bytesOut: 17 })
  expect(world.server.figures()).toEqual({
    pendingLogins: 0,
    portsTaken: 0,
    sessions: [],
    ended: { connectionsEver: 1, bytesIn: 5, bytesOut: 5, errorsEver: 0 },
  })
})
