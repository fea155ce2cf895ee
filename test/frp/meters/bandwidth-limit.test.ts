import { describe, expect, test } from 'vitest'
import { bucketFor, limitObjection, readBandwidth, TokenBucket } from '../../../src/frp/meters/bandwidth-limit.ts'
import { ProxyMeter } from '../../../src/frp/meters/proxy-meter.ts'
import { frpClock, settle } from '../frp-clock.ts'
import { World } from '../frp-world.ts'
import { udpWorld } from '../udp-world.ts'

const KIB = 1 << 10

test.each([
  ['1MB', 1 << 20],
  ['500KB', 500 * KIB],
  ['1.5KB', 1536],
  ['0.0001KB', 1],
  ['0KB', 0],
  ['', 0],
  ['1', null],
  ['1GB', null],
  ['1mb', null],
  ['-1MB', null],
  ['1 MB', null],
  ['1e3KB', null],
  ['KB', null],
])('a limit written %j is %s bytes a second', (text, bytes) => expect(readBandwidth(text)).toEqual(bytes))

test.each([
  ['1MB', '', null],
  ['', 'server', null],
  ['1MB', 'client', null],
  ['fast', '', 'bandwidth_limit "fast" is not a number of KB or MB, such as 1MB'],
  ['1MB', 'both', 'bandwidth_limit_mode "both" is neither client nor server'],
])('a wish for %j at %j has against it: %s', (bandwidthLimit, bandwidthLimitMode, sentence) =>
  expect(limitObjection({ bandwidthLimit, bandwidthLimitMode })).toEqual(sentence),
)

test.each([
  ['1KB', '', [true, false]],
  ['1KB', 'client', [true, false]],
  ['1KB', 'server', [false, true]],
  ['', 'server', [false, false]],
  ['0MB', 'server', [false, false]],
])('%j with mode %j is kept at [client, server]: %j', (bandwidthLimit, bandwidthLimitMode, kept) => {
  const wish = { bandwidthLimit, bandwidthLimitMode }
  const clock = frpClock()
  expect((['client', 'server'] as const).map((end) => bucketFor(end, wish, clock) !== null)).toEqual(kept)
})

describe('the bucket', () => {
  test('is full at first, fills at its rate, and holds no more than a second of it', async () => {
    const clock = frpClock()
    const bucket = new TokenBucket(clock, 1000)
    expect([bucket.tryTake(1000), bucket.tryTake(1)]).toEqual([true, false])
    await clock.advance(500)
    expect([bucket.tryTake(501), bucket.tryTake(500)]).toEqual([false, true])
    await clock.advance(60_000)
    expect([bucket.tryTake(1001), bucket.tryTake(1000)]).toEqual([false, true])
  })

  test('who has to wait is served in turn, a piece at a time', async () => {
    const clock = frpClock()
    const bucket = new TokenBucket(clock, 16 * KIB)
    bucket.tryTake(16 * KIB)
    const order: string[] = []
    const want = (name: string, bytes: number): void =>
      void bucket.ask(bytes, (count) => {
        order.push(`${name} ${count} at ${clock.now()}`)
        if (bytes > count) want(name, bytes - count)
      })
    want('a', 32 * KIB)
    want('b', 4 * KIB)
    expect(bucket.tryTake(0)).toEqual(false)
    await clock.advance(10_000)
    expect(order).toEqual(['a 16384 at 1000', 'b 4096 at 1250', 'a 16384 at 2250'])
    expect(clock.timerCount).toEqual(0)
  })

  test('who withdraws leaves no timer and keeps nobody waiting', async () => {
    const clock = frpClock()
    const bucket = new TokenBucket(clock, 1000)
    bucket.tryTake(1000)
    const served: number[] = []
    const withdraw = bucket.ask(1000, (count) => served.push(count))
    const stay = bucket.ask(10, (count) => served.push(count))
    withdraw()
    await clock.advance(1000)
    expect(served).toEqual([10])
    stay()
    bucket.ask(1000, () => served.push(0))()
    expect(clock.timerCount).toEqual(0)
  })

  test('who is served may withdraw what another asks', async () => {
    const clock = frpClock()
    const bucket = new TokenBucket(clock, 10_000) // ten in a millisecond, so all are served at once
    bucket.tryTake(10_000)
    const served: string[] = []
    let withdraw = (): void => {}
    bucket.ask(1, () => {
      served.push('a')
      withdraw()
    })
    withdraw = bucket.ask(1, () => served.push('b'))
    bucket.ask(1, () => served.push('c'))
    await clock.advance(10)
    expect([served, clock.timerCount]).toEqual([['a', 'c'], 0])
  })

  test('a datagram larger than the bucket passes once that is full, and is owed for', async () => {
    const clock = frpClock()
    const bucket = new TokenBucket(clock, 1000)
    expect([bucket.admit(1500), bucket.admit(1)]).toEqual([true, false])
    await clock.advance(500)
    expect(bucket.admit(1)).toEqual(false)
    await clock.advance(1)
    expect(bucket.admit(1)).toEqual(true)
  })
})

const modes = (['client', 'server'] as const).flatMap((limitMode) => [true, false].map((mux) => ({ limitMode, mux })))

describe.each(modes)('a limit kept by the $limitMode, mux $mux', ({ limitMode, mux }) => {
  test.each([
    ['plain', {}],
    ['encrypted and compressed', { useEncryption: true, useCompression: true }],
  ])('%s: what a user gets is the burst and then the rate, and it is whole', async (_, coding) => {
    const world = new World()
    const sent = Buffer.alloc(400 * KIB, 'all of it, in order. ')
    world.service = (link) => {
      link.on('error', () => {})
      link.on('data', () => {})
      link.write(sent)
      link.end()
    }
    const { client, port } = await world.serving({ limit: '100KB', limitMode, ...coding }, { mux })
    const user = world.user(port)
    const got: number[] = []
    for (let second = 0; second < 5; second++) {
      await settle(200)
      got.push(Math.round((user?.received.length ?? 0) / KIB))
      await world.clock.advance(1000)
    }
    expect([user?.received.equals(sent), user?.ended]).toEqual([true, true])
    if (!('useEncryption' in coding)) for (const [second, kib] of got.entries()) expect(kib).toBeLessThanOrEqual(100 * (second + 1))
    client.end('done')
    await settle()
    expect([world.openLinks, world.clock.timerCount]).toEqual([0, 0])
  })

  test('two users who send share it, and what they have sent waits at their own end', async () => {
    const world = new World()
    const heard = [0, 0]
    let visitors = 0
    world.service = (link) => {
      const mine = visitors++
      link.on('error', () => {})
      link.on('data', (bytes) => {
        heard[mine] = (heard[mine] ?? 0) + bytes.length
      })
      link.on('end', () => link.end())
    }
    const { client, port } = await world.serving({ limit: '64KB', limitMode }, { mux })
    const users = [world.user(port), world.user(port)]
    await settle()
    for (const user of users) for (let count = 0; count < 256; count++) user?.link.write(Buffer.alloc(64 * KIB))
    await settle(400)
    expect((heard[0] ?? 0) + (heard[1] ?? 0)).toBeLessThanOrEqual(64 * KIB)
    await world.clock.advance(10_000)
    const [a = 0, b = 0] = heard
    expect(a + b).toBeLessThanOrEqual(11 * 64 * KIB)
    expect(a + b).toBeGreaterThanOrEqual(10 * 64 * KIB)
    expect(Math.abs(a - b)).toBeLessThanOrEqual(128 * KIB)
    // each sends 16 MiB, of which no end of the tunnel holds more than a window of 6 MiB and what is on its way
    for (const user of users) expect(user?.link.writableLength ?? 0).toBeGreaterThanOrEqual(8 << 20)
    client.end('done')
    await settle()
    expect([world.openLinks, world.clock.timerCount]).toEqual([0, 0])
  })
})

test('a user who has half-closed still gets all of what a limited service sent before it ended', async () => {
  const world = new World()
  const sent = Buffer.alloc(50 * KIB, 'tail')
  world.service = (link) => {
    link.on('error', () => {})
    link.on('data', () => {})
    link.on('end', () => {
      link.write(sent)
      link.end()
    })
  }
  const { port } = await world.serving({ limit: '20KB', limitMode: 'client' })
  const user = world.user(port)
  user?.link.end()
  await world.clock.advance(3000)
  expect([user?.received.length, user?.ended]).toEqual([sent.length, true])
})

test.each(['client', 'server'] as const)('datagrams beyond a limit kept by the %s are lost, and counted there', async (limitMode) => {
  const meter = new ProxyMeter()
  const {
    world,
    user,
    meter: turn,
  } = await udpWorld({ spec: { limit: '2KB', limitMode }, client: { meterOf: () => meter }, answer: () => Buffer.of() })
  const ash = await user()
  const ask = async (): Promise<void> => {
    for (let count = 0; count < 4; count++) ash.ask('x'.repeat(1_000))
    await settle()
  }
  await ask()
  expect(ash.heard.length).toEqual(2)
  await world.clock.advance(1_000)
  await ask()
  expect(ash.heard.length).toEqual(4)
  const errors = [meter.figures(0), turn()].map((figures) => [figures?.errorsEver, figures?.lastError?.text])
  const lost = [4, "a datagram was lost: it was beyond the proxy's bandwidth limit"]
  expect(errors).toEqual(limitMode === 'client' ? [lost, [0, undefined]] : [[0, undefined], lost])
})

test('a limit that can not be read is refused by our own end before it is asked for', async () => {
  const world = new World()
  const { told } = await world.serving({ limit: 'fast' })
  const error = 'bandwidth_limit "fast" is not a number of KB or MB, such as 1MB'
  expect(told.at(-1)).toEqual({ type: 'client.proxyRefused', proxy: 'web', error })
  expect(world.ports.size).toEqual(0)
})
