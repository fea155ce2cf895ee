import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../../../src/frp/wire/codec.ts'
import { settle } from '../frp-clock.ts'
import { Caller, World } from '../frp-world.ts'
import { rawClient } from '../raw-client.ts'
import { login, RawEnd, type RawStream } from '../raw-end.ts'

/** A stranger's mux at a TURN, and a stream of it. */
function stranger(world: World): { readonly end: RawEnd; readonly stream: RawStream } {
  const end = new RawEnd(world.toTurn(), world.clock, true)
  return { end, stream: end.open() }
}

const reasons = (world: World) => world.told.flatMap((fact) => (fact.type === 'session.closed' ? [fact.why] : []))

describe('a stranger', () => {
  test('who says nothing behind the first byte has 5 s', async () => {
    const world = new World()
    world.toTurn().write(Buffer.from([0]))
    await world.clock.advance(4_999)
    expect(reasons(world)).toEqual([])
    await world.clock.advance(1)
    expect(reasons(world)).toEqual(['no login within 5 s'])
    await settle()
    expect(world.clock.timerCount).toEqual(0)
  })

  test.each([
    ['an unknown message', Buffer.from('!')],
    ['an oversized one', Buffer.from('6f0000000000002801', 'hex')],
    ['one of negative length', Buffer.from('6fffffffffffffffff', 'hex')],
    ['a malformed login', Buffer.concat([Buffer.from('6f0000000000000002', 'hex'), Buffer.from('[]')])],
    ['a visitor', Buffer.concat([Buffer.from('760000000000000002', 'hex'), Buffer.from('{}')])],
  ])('who sends %s loses that stream, and in 5 s the connection', async (_, bytes) => {
    const world = new World()
    const { stream } = stranger(world)
    stream.stream.write(bytes)
    await settle()
    expect([stream.gone, reasons(world)]).toEqual([true, []])
    await world.clock.advance(5_000)
    expect([reasons(world), world.clock.timerCount]).toEqual([['no login within 5 s'], 0])
  })

  test('who breaks off within a login has 5 s', async () => {
    const world = new World()
    const { stream } = stranger(world)
    stream.stream.write(encodeMessage(login()).subarray(0, 40))
    await world.clock.advance(5_000)
    expect([stream.gone, reasons(world), world.openLinks, world.clock.timerCount]).toEqual([true, ['no login within 5 s'], 0, 0])
  })

  test('is one of no more than 256, of which 128 come from one address', async () => {
    const world = new World()
    for (let count = 0; count < 150; count++) world.toTurn().write(Buffer.from([0]))
    await settle()
    expect(world.server.figures().pendingLogins).toEqual(128)
    for (let count = 0; count < 300; count++) world.toTurn({ host: `203.0.113.${count % 200}` }).write(Buffer.from([0]))
    await settle()
    expect(world.server.figures().pendingLogins).toEqual(256)
    await world.clock.advance(10_000)
    expect([world.server.figures().pendingLogins, world.clock.timerCount]).toEqual([0, 0])
  })

  test('who only waits keeps nobody out: the one that has waited longest makes room', async () => {
    const world = new World()
    const waiting = Array.from({ length: 256 }, (_, i) => new Caller(world.toTurn({ host: `203.0.113.${i % 200}` })))
    for (const { link } of waiting) link.write(Buffer.from([0]))
    await settle()
    const { told } = await world.serving()
    expect([told[0]?.type, world.server.figures().pendingLogins]).toEqual(['client.loggedIn', 255])
    expect(waiting.map(({ ended }) => ended)).toEqual([true, ...Array<boolean>(255).fill(false)])
    expect(reasons(world)).toEqual(['too many others came before it logged in'])
  })

  test('cannot bring work for somebody else', async () => {
    const world = new World()
    const { runId } = await rawClient(world)
    const { stream } = stranger(world)
    stream.say({ type: 'newWorkConn', runId })
    await settle()
    expect(stream.heard).toEqual([
      {
        type: 'startWorkConn',
        proxyName: '',
        srcAddr: '',
        dstAddr: '',
        srcPort: 0,
        dstPort: 0,
        error: `no client control found for run id [${runId}]`,
      },
    ])
    expect(stream.ended).toEqual(true)
  })
})

describe('a client', () => {
  test('of P2PRC names neither proxy nor type, and its user arrives', async () => {
    const world = new World({ tokens: () => [''] })
    const { end, stream } = stranger(world)
    stream.say(login({ privilegeKey: '24920decf83f6960b80f737a28eeafc1', poolCount: 1 }))
    await settle()
    stream.secure(world.clock, '')
    stream.say({ type: 'newProxy', remotePort: 6000 })
    await settle()
    expect(stream.heard.slice(1)).toEqual([
      { type: 'reqWorkConn' },
      { type: 'newProxyResp', proxyName: '', remoteAddr: ':6000', error: '' },
    ])
    const answer = stream.heard[0]
    const runId = answer?.type === 'loginResp' ? answer.runId : ''
    expect(answer).toEqual({
      type: 'loginResp',
      version: '0.45.0',
      runId,
      error: '',
      moonwalk: '',
      moonwalkDatagrams: 0,
      moonwalkPorts: '',
    })
    const work = end.open()
    work.say({ type: 'newWorkConn', runId })
    work.raw()
    const user = world.user(6000)
    user?.link.write(Buffer.from('GET /'))
    await settle()
    expect(work.bytes).toMatch(/^s.{8}\{"src_addr":"127.0.0.1","dst_addr":"127.0.0.1","src_port":\d+,"dst_port":\d+\}GET \/$/s)
    work.stream.write(Buffer.from('200'))
    await settle()
    expect(user?.text).toEqual('200')
    user?.link.end()
    await settle()
    expect([work.ended, user?.closed]).toEqual([true, true]) // stock ends close both ways
  })

  test.each([
    [0, 0],
    [-5, 0],
    [3, 3],
    [2 ** 40, 5],
  ])('that wants a pool of %d is asked for %d', async (poolCount, asked) => {
    const world = new World()
    const { control } = await rawClient(world, { poolCount })
    expect(control.heard.slice(1)).toEqual(Array.from({ length: asked }, () => ({ type: 'reqWorkConn' })))
  })

  test('may leave eleven idle work connections, and is told of one too many', async () => {
    const world = new World()
    const { end, runId } = await rawClient(world, { poolCount: 1 })
    const works = Array.from({ length: 12 }, () => end.open())
    for (const work of works) work.say({ type: 'newWorkConn', runId })
    await settle()
    expect(world.server.figures().sessions[0]?.idleWork).toEqual(11)
    const full = works.map((work) => work.heard.map((message) => (message.type === 'startWorkConn' ? message.error : message.type)))
    expect(full).toEqual([...Array.from({ length: 11 }, () => []), ['work connection pool is full, discarding']])
    works[0]?.stream.reset()
    await settle()
    expect(world.server.figures().sessions[0]?.idleWork).toEqual(10)
  })

  test('that brings no work costs its user 10 s, and no more', async () => {
    const world = new World()
    const { control } = await rawClient(world)
    control.say({ type: 'newProxy', proxyName: 'web', proxyType: 'tcp', remotePort: 6000 })
    await settle()
    const user = world.user(6000)
    await world.clock.advance(9_999)
    expect([user?.ended, world.server.figures().sessions[0]?.waitingUsers]).toEqual([false, 1])
    await world.clock.advance(1)
    expect([user?.ended, world.server.figures().sessions[0]?.waitingUsers]).toEqual([true, 0])
    expect(control.heard.slice(2)).toEqual([{ type: 'reqWorkConn' }])
  })

  test('has its pings answered', async () => {
    const world = new World()
    const { control } = await rawClient(world)
    control.say({ type: 'ping' })
    await settle()
    expect(control.heard.slice(1)).toEqual([{ type: 'pong', error: '' }])
  })

  test('that sends garbage ends, and only it', async () => {
    const world = new World()
    const other = await world.serving()
    const { control } = await rawClient(world)
    control.stream.write(Buffer.alloc(64, 1))
    await settle()
    expect(reasons(world)).toEqual([expect.stringMatching(/^unreadable control message: /)])
    expect([world.server.sessionCount, world.ports.has(other.port)]).toEqual([1, true])
  })

  test('that floods ends', async () => {
    const world = new World()
    const { control } = await rawClient(world)
    for (let count = 0; count < 5_000; count++) control.say({ type: 'ping' })
    await settle(5_000)
    expect(reasons(world)).toEqual(['too many control messages'])
  })

  test('that goes while its port is being opened leaves no port behind', async () => {
    let open = (): void => {}
    let closed = 0
    const world = new World({
      listen: () =>
        new Promise((resolve) => {
          open = () => resolve({ type: 'listening', port: 6000, close: async () => void closed++ })
        }),
    })
    const { control, end } = await rawClient(world)
    control.say({ type: 'newProxy', proxyName: 'web', remotePort: 6000 })
    await settle()
    end.mux.close('')
    await settle()
    open()
    await settle()
    expect([closed, world.server.figures().portsTaken, world.told.slice(-3).map((fact) => fact.type)]).toEqual([
      1,
      0,
      ['proxy.opened', 'proxy.closed', 'session.closed'],
    ])
  })

  test('that logs in twice on one connection loses the second stream', async () => {
    const world = new World()
    const { end } = await rawClient(world)
    const again = end.open()
    again.say(login())
    await settle()
    expect([again.gone, world.server.sessionCount]).toEqual([true, 1])
  })

  test('with a proxy name too long is ended', async () => {
    const world = new World()
    const { control } = await rawClient(world)
    control.say({ type: 'newProxy', proxyName: 'x'.repeat(513) })
    await settle()
    expect(reasons(world)).toEqual(['a proxy name of more than 512 bytes'])
  })
})
