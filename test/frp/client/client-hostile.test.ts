import { expect, test } from 'vitest'
import type { Outgoing } from '../../../src/frp/wire/messages.ts'
import { settle } from '../frp-clock.ts'
import { PROXY } from '../frp-world.ts'
import { atRawTurn } from '../raw-turn.ts'

const start = (proxyName: string): Outgoing => ({ type: 'startWorkConn', proxyName, srcAddr: '203.0.113.9', srcPort: 4 })

test('a login is what stock frp expects', async () => {
  const { control } = await atRawTurn()
  expect(control.heard).toEqual([
    {
      type: 'login',
      version: '0.45.0',
      hostname: '',
      os: '',
      arch: '',
      user: '',
      privilegeKey: 'e37729af62f40f134311cffbc230178e',
      timestamp: 1_700_000_000,
      runId: '',
      clientId: '',
      metas: { moonwalk: '1', moonwalk_datagrams: '65507' },
      poolCount: 1,
    },
  ])
})

test('a TURN that never answers the login is left after 20 s', async () => {
  const silent = await atRawTurn()
  await silent.world.clock.advance(20_000)
  expect(silent.told).toEqual([{ type: 'client.closed', why: 'no answer to the login: nothing came in time', refused: false }])
  await settle()
  expect([silent.world.openLinks, silent.world.clock.timerCount]).toEqual([0, 0])
})

test.each([
  ['garbage', Buffer.from('!!!'), 'no answer to the login: unknown message type 33'],
  ['something else', Buffer.from('3400000000000000027b7d', 'hex'), 'pong in answer to the login'],
])('a TURN that answers the login with %s is left', async (_, bytes, why) => {
  const { told, control, world } = await atRawTurn()
  control.stream.write(bytes)
  await settle()
  expect(told).toEqual([{ type: 'client.closed', why, refused: false }])
  expect([world.openLinks, world.clock.timerCount]).toEqual([0, 0])
})

test('a user who comes before the answer to the proxy is served', async () => {
  const { world, client, told, control, end, admit } = await atRawTurn()
  client.openProxy(PROXY)
  await admit()
  control.say({ type: 'reqWorkConn' })
  await world.clock.advance(1)
  await settle()
  const work = end.streams[1]
  expect(work?.heard).toEqual([
    { type: 'newWorkConn', runId: 'r', privilegeKey: 'e37729af62f40f134311cffbc230178e', timestamp: 1_700_000_000 },
  ])
  work?.raw()
  work?.say(start('web'))
  work?.stream.write(Buffer.from('quick'))
  await settle()
  expect(work?.bytes).toEqual('quick')
  expect(told.at(-1)).toEqual({ type: 'client.served', proxy: 'web', from: '203.0.113.9:4', ok: true, error: null })
  expect(client.connectionsNow).toEqual(1)
})

test('the user a stock TURN gives away with its request for more is served before that', async () => {
  const { world, client, told, control, end, admit } = await atRawTurn()
  client.openProxy(PROXY)
  await admit()
  control.say({ type: 'reqWorkConn' })
  await world.clock.advance(1)
  await settle()
  control.say({ type: 'reqWorkConn' })
  end.streams[1]?.say(start('web'))
  await settle()
  const before = [told.at(-1)?.type, end.streams.length]
  await world.clock.advance(1)
  await settle()
  expect([before, end.streams.length]).toEqual([['client.served', 2], 3])
  client.end('')
  await settle()
  expect(world.clock.timerCount).toEqual(0)
})

test.each<[string, Outgoing]>([
  ['for a proxy nobody knows', start('other')],
  ['with an error', { type: 'startWorkConn', proxyName: 'web', error: 'no' }],
  ['that is no start', { type: 'ping' }],
])('a work connection %s is ended, and nothing else', async (_, message) => {
  const { world, client, told, control, end, admit } = await atRawTurn()
  client.openProxy(PROXY)
  await admit()
  control.say({ type: 'reqWorkConn' })
  await world.clock.advance(1)
  await settle()
  end.streams[1]?.say(message)
  await settle()
  expect([end.streams[1]?.gone, control.gone, told.map((fact) => fact.type)]).toEqual([true, false, ['client.loggedIn']])
})

test('towards a stock TURN either end of a connection closes both', async () => {
  const { world, client, control, end, admit } = await atRawTurn()
  client.openProxy(PROXY)
  await admit()
  world.service = (link) => {
    link.on('error', () => {})
    link.on('data', () => {})
    link.end()
  }
  control.say({ type: 'reqWorkConn' })
  await world.clock.advance(1)
  await settle()
  end.streams[1]?.say(start('web'))
  await settle()
  expect([end.streams[1]?.ended, client.connectionsNow]).toEqual([true, 1])
  end.streams[1]?.stream.end()
  await settle()
  expect(client.connectionsNow).toEqual(0)
})

test('a user who leaves while the service is dialled costs nothing', async () => {
  let answer = (): void => {}
  const wait = new Promise<void>((resolve) => {
    answer = resolve
  })
  const { world, client, told, control, end, admit } = await atRawTurn({
    dialLocal: async (target, reader) => {
      await wait
      return world.dialLocal(target, reader)
    },
  })
  client.openProxy(PROXY)
  await admit()
  control.say({ type: 'reqWorkConn' })
  await world.clock.advance(1)
  await settle()
  end.streams[1]?.say(start('web'))
  await settle()
  end.streams[1]?.stream.reset()
  await settle()
  answer()
  await settle()
  client.end('')
  await settle()
  expect([told.map((fact) => fact.type), world.openLinks, world.clock.timerCount]).toEqual([['client.loggedIn', 'client.closed'], 0, 0])
})

test('a TURN that does not answer for a proxy is told of after 20 s', async () => {
  const { world, client, told, admit } = await atRawTurn()
  client.openProxy(PROXY)
  await admit()
  await world.clock.advance(20_000)
  expect(told.at(-1)).toEqual({ type: 'client.proxyRefused', proxy: 'web', error: 'the TURN did not answer in 20 s' })
})

test('the client pings every 30 s, and leaves a TURN that refuses it', async () => {
  const { world, told, control, admit } = await atRawTurn({ keepaliveMs: 0, silenceMs: 0 })
  await admit()
  await world.clock.advance(60_000)
  expect(control.heard.slice(1).map((message) => message.type)).toEqual(['ping', 'ping'])
  control.say({ type: 'pong', error: 'token in heartbeat' })
  await settle()
  expect(told.at(-1)).toEqual({ type: 'client.closed', why: 'the TURN refuses the heartbeat: token in heartbeat', refused: false })
})

test('a TURN that sends garbage is left', async () => {
  const garbled = await atRawTurn()
  await garbled.admit()
  garbled.control.stream.write(Buffer.alloc(64, 9))
  await settle()
  expect(garbled.told.at(-1)?.type).toEqual('client.closed')
  expect([garbled.world.openLinks, garbled.world.clock.timerCount]).toEqual([0, 0])
})

test('a TURN that asks without end gets no more work connections than a mux may hold', async () => {
  const { world, client, control, end, admit } = await atRawTurn()
  await admit()
  for (let count = 0; count < 3_000; count++) control.say({ type: 'reqWorkConn' })
  await settle()
  for (let turn = 0; turn < 20; turn++) await world.clock.advance(1)
  await settle()
  expect(end.streams.length).toBeGreaterThan(200)
  expect(end.streams.length).toBeLessThanOrEqual(1_101)
  client.end('')
})
