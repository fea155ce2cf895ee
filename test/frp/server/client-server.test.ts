import { describe, expect, test } from 'vitest'
import type { Link } from '../../../src/frp/links/link.ts'
import { settle } from '../frp-clock.ts'
import { PROXY, World } from '../frp-world.ts'

describe.each([
  ['mux', { mux: true, wire: 1 }],
  ['no mux', { mux: false, wire: 1 }],
  ['wire v2 over mux', { mux: true, wire: 2 }],
  ['wire v2 without mux', { mux: false, wire: 2 }],
] as const)('with %s', (_, ends) => {
  test('a client logs in, its proxy opens, and a user talks with the service behind it', async () => {
    const world = new World()
    const { told, port } = await world.serving({}, ends)
    const user = world.user(port)
    user?.link.write(Buffer.from('hello'))
    await settle()
    expect(user?.text).toEqual('hello')
    user?.link.end()
    await settle()
    const runId = told[0]?.type === 'client.loggedIn' ? told[0].runId : ''
    expect(told).toEqual([
      { type: 'client.loggedIn', runId, serverVersion: '0.45.0', ports: '20000-20099' },
      { type: 'client.proxyStarted', proxy: 'web', remoteAddr: `:${port}` },
      { type: 'client.served', proxy: 'web', from: expect.stringMatching(/^127\.0\.0\.1:\d+$/), ok: true, error: null },
    ])
    expect(world.told).toEqual([
      { type: 'session.opened', session: 1, remote: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
      { type: 'session.loggedIn', session: 1, runId, version: '0.45.0', user: '', member: null },
      { type: 'proxy.opened', session: 1, proxy: 'web', port },
    ])
    expect(runId).toMatch(/^[0-9a-f]{16}$/)
    expect([user?.ended, user?.closed]).toEqual([true, true])
  })

  test('a wrong token is refused with the text of frp, and the connection ends', async () => {
    const world = new World()
    const { client, told } = world.client({ ...ends, token: 'wrong' })
    client.start()
    await settle()
    await world.clock.advance(1_000)
    const why = "token in login doesn't match token from configuration"
    expect(told).toEqual([{ type: 'client.closed', why, refused: true }])
    expect(world.told).toEqual([
      { type: 'session.opened', session: 1, remote: expect.any(String) },
      { type: 'session.refused', session: 1, why },
      { type: 'session.closed', session: 1, why },
    ])
    expect([world.openLinks, world.clock.timerCount, world.server.sessionCount]).toEqual([0, 0, 0])
  })

  test('everything is as before once the client has gone', async () => {
    const world = new World()
    const { client, told, port } = await world.serving({}, ends)
    const users = [world.user(port), world.user(port)]
    users[0]?.link.write(Buffer.from('hello'))
    await settle()
    expect([world.ports.size, world.server.sessionCount, client.connectionsNow]).toEqual([1, 1, 2])
    client.end('enough')
    await settle()
    expect(told.at(-1)).toEqual({ type: 'client.closed', why: 'enough', refused: false })
    expect(world.told.slice(-2).map((fact) => fact.type)).toEqual(['proxy.closed', 'session.closed'])
    expect([world.ports.size, world.server.sessionCount, client.connectionsNow]).toEqual([0, 0, 0])
    expect([users.map((user) => user?.closed), world.openLinks, world.clock.timerCount]).toEqual([[true, true], 0, 0])
  })

  test('everything is as before once the TURN has closed', async () => {
    const world = new World()
    const { told, port } = await world.serving({}, ends)
    const user = world.user(port)
    await settle()
    await world.server.close('shutting down')
    await settle()
    expect(told.at(-1)?.type).toEqual('client.closed')
    expect([world.ports.size, user?.closed, world.openLinks, world.clock.timerCount]).toEqual([0, true, 0, 0])
  })

  test('a burst of ten users is served, and leaves a pool behind', async () => {
    const world = new World()
    const { client, port } = await world.serving({}, ends)
    const users = Array.from({ length: 10 }, () => world.user(port))
    for (const [index, user] of users.entries()) user?.link.write(Buffer.from(`user ${index}`))
    await settle(120)
    expect(users.map((user) => user?.text)).toEqual(users.map((_user, index) => `user ${index}`))
    const [figures] = world.server.figures().sessions
    expect([figures?.idleWork, figures?.waitingUsers]).toEqual([10, 0])
    expect(figures?.proxies.map(({ name, kind, port, meter }) => ({ name, kind, port, ...meter.figures(0) }))).toEqual([
      {
        name: 'web',
        kind: 'tcp',
        port,
        connectionsNow: 10,
        connectionsEver: 10,
        bytesIn: 60,
        bytesOut: 60,
        errorsEver: 0,
        lastError: null,
      },
    ])
    expect(client.connectionsNow).toEqual(10)
  })

  test('three hundred users at once are served', async () => {
    const world = new World()
    const { client, port } = await world.serving({}, ends)
    const users = Array.from({ length: 300 }, () => world.user(port))
    for (const [index, user] of users.entries()) user?.link.write(Buffer.from(`user ${index}`))
    await settle(2_000)
    expect(users.map((user) => user?.text)).toEqual(users.map((_user, index) => `user ${index}`))
    expect(world.server.figures().sessions[0]?.waitingUsers).toEqual(0)
    for (const user of users) user?.link.end()
    await settle(2_000)
    expect([client.connectionsNow, world.server.figures().sessions[0]?.proxies[0]?.meter.figures(0).connectionsNow]).toEqual([0, 0])
  })

  test('a service that is down ends the user, and is told', async () => {
    const world = new World()
    const { told, port } = await world.serving({}, ends)
    world.localFails = true
    const user = world.user(port)
    await settle()
    expect(user?.closed).toEqual(true)
    expect(told.at(-1)).toEqual({ type: 'client.served', proxy: 'web', from: expect.any(String), ok: false, error: 'connection refused' })
    world.localFails = false
    const next = world.user(port)
    next?.link.write(Buffer.from('again'))
    await settle()
    expect(next?.text).toEqual('again')
  })

  test('a client of the same run id replaces the old one and has its port at once', async () => {
    const world = new World()
    const old = await world.serving({}, { ...ends, runId: 'mine' })
    const next = await world.serving({ remotePort: old.port }, { ...ends, runId: 'mine' })
    expect([old.port, next.port, world.ports.size, world.server.sessionCount]).toEqual([old.port, old.port, 1, 1])
    expect(old.told.at(-1)?.type).toEqual('client.closed')
    const { port } = old
    const remote = expect.any(String)
    expect(world.told).toEqual([
      { type: 'session.opened', session: 1, remote },
      { type: 'session.loggedIn', session: 1, runId: 'mine', version: '0.45.0', user: '', member: null },
      { type: 'proxy.opened', session: 1, proxy: 'web', port },
      { type: 'session.opened', session: 2, remote },
      { type: 'proxy.closed', session: 1, proxy: 'web', port },
      { type: 'session.closed', session: 1, why: 'replaced by a new login' },
      { type: 'session.loggedIn', session: 2, runId: 'mine', version: '0.45.0', user: '', member: null },
      { type: 'proxy.opened', session: 2, proxy: 'web', port },
    ])
  })

  test('a half-close is passed on between our own ends, in both directions', async () => {
    const world = new World()
    world.service = (link) => {
      let heard = ''
      link.on('data', (bytes) => {
        heard += bytes.toString()
      })
      link.on('end', () => {
        link.write(Buffer.from(`heard ${heard}`))
        link.end()
      })
    }
    const { port } = await world.serving({}, ends)
    const user = world.user(port)
    user?.link.write(Buffer.from('question'))
    user?.link.end()
    await settle()
    expect([user?.text, user?.ended]).toEqual(['heard question', true])
  })

  test.each([
    ['encryption', { useEncryption: true }],
    ['compression', { useCompression: true }],
    ['both', { useEncryption: true, useCompression: true }],
  ])('%s of a proxy carries a megabyte whole', async (_name, spec) => {
    const world = new World()
    const { client, port } = await world.serving(spec, ends)
    const sent = Buffer.alloc(1 << 20, 'the quick brown fox ')
    const user = world.user(port)
    user?.link.write(sent)
    user?.link.end()
    await settle(400)
    expect([user?.received.equals(sent), user?.ended]).toEqual([true, true])
    client.end('done')
    await settle()
    expect([world.openLinks, world.clock.timerCount]).toEqual([0, 0])
  })
})

test('a client that falls silent is found dead by its TURN, and its port is free', async () => {
  const world = new World()
  const { port } = await world.serving()
  expect(world.ports.has(port)).toEqual(true)
  const [turnEnd] = world.turnLinks
  hang(turnEnd)
  await world.clock.advance(15_001)
  expect(world.told.at(-1)?.type).toEqual('session.closed')
  expect(world.ports.size).toEqual(0)
})

test('a client that is ours is watched more closely from its login on', async () => {
  const world = new World({ ours: { keepaliveMs: 2_000, silenceMs: 2_500 } })
  const { port } = await world.serving()
  const [turnEnd] = world.turnLinks
  hang(turnEnd)
  await world.clock.advance(4_499)
  expect(world.ports.has(port)).toEqual(true)
  await world.clock.advance(1)
  expect(world.told.at(-1)).toEqual({ type: 'session.closed', session: 1, why: 'silent for 4500 ms' })
  expect(world.ports.size).toEqual(0)
})

/** From now on this end takes nothing in: what is sent there is not answered. */
function hang(link: Link | undefined): void {
  link?.pause()
}

test('a port is asked for by number', async () => {
  const world = new World()
  const first = await world.serving({ remotePort: 6000 })
  const second = await world.serving({ name: 'other', remotePort: 6000 })
  const third = await world.serving({ name: 'low', remotePort: 80 })
  world.busy.add(6001)
  const fourth = await world.serving({ name: 'held', remotePort: 6001 })
  const fifth = await world.serving({ name: 'web', remotePort: 6002 })
  const refusals = [second, third, fourth, fifth].map(({ told }) => told.at(-1))
  expect(first.port).toEqual(6000)
  expect(refusals).toEqual([
    { type: 'client.proxyRefused', proxy: 'other', error: 'port already used' },
    { type: 'client.proxyRefused', proxy: 'low', error: 'port not allowed' },
    { type: 'client.proxyRefused', proxy: 'held', error: 'port unavailable' },
    { type: 'client.proxyRefused', proxy: 'web', error: 'proxy name [web] is already in use' },
  ])
})

test('a name gets the port it had before, and nobody gets a port when none is free', async () => {
  const world = new World({ ports: { first: 20_000, last: 20_002 } })
  const a = await world.serving({ name: 'a' })
  a.client.end('')
  await settle()
  const others = [await world.serving({ name: 'b' }), await world.serving({ name: 'c' })]
  const again = await world.serving({ name: 'a' })
  const late = await world.serving({ name: 'd' })
  expect(again.port).toEqual(a.port)
  expect(new Set([a.port, ...others.map(({ port }) => port)]).size).toEqual(3)
  expect(late.told.at(-1)).toEqual({ type: 'client.proxyRefused', proxy: 'd', error: 'no available port' })
})

test('a proxy may have neither name nor type', async () => {
  const world = new World()
  const { told, port } = await world.serving({ name: '' })
  const user = world.user(port)
  user?.link.write(Buffer.from('nameless'))
  await settle()
  expect(user?.text).toEqual('nameless')
  expect(told.at(1)).toEqual({ type: 'client.proxyStarted', proxy: '', remoteAddr: `:${port}` })
})

test('types that are not served are refused', async () => {
  const world = new World()
  const http = await world.serving({ type: 'http' })
  const udp = await world.serving({ type: 'udp' })
  expect([http, udp].map(({ told }) => told.at(-1))).toEqual([
    { type: 'client.proxyRefused', proxy: 'web', error: 'type [http] not support when vhost_http_port is not set' },
    { type: 'client.proxyRefused', proxy: 'web', error: 'udp is not available here' },
  ])
})

test('a client may have no more ports than it may', async () => {
  const world = new World({ maxPortsPerClient: 1 })
  const { client, told } = await world.serving()
  client.openProxy({ ...PROXY, name: 'second' })
  await settle()
  expect(told.at(-1)).toEqual({ type: 'client.proxyRefused', proxy: 'second', error: 'exceed the max_ports_per_client' })
  client.closeProxy('web')
  client.openProxy({ ...PROXY, name: 'second' })
  await settle()
  expect(told.at(-1)?.type).toEqual('client.proxyStarted')
  expect(world.ports.size).toEqual(1)
})

test('one client more than there may be is turned away', async () => {
  const world = new World({ maxClients: 1 })
  await world.serving()
  const { told } = await world.serving({ name: 'b' })
  expect(told).toEqual([{ type: 'client.closed', why: 'too many clients', refused: true }])
})

test('a TURN that cannot be reached is told', async () => {
  const world = new World()
  const { client, told } = world.client({ dialServer: async () => ({ type: 'failed', text: 'connection refused' }) })
  client.start()
  await settle()
  expect(told).toEqual([{ type: 'client.closed', why: 'connection refused', refused: false }])
  expect(world.clock.timerCount).toEqual(0)
})
