import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { applyFeed, type FeedDelta, type FeedSnapshot, type FeedView } from '../../../src/feed/delta.ts'
import { withoutFigures } from '../../../src/feed/figures.ts'
import { aClient, aRow, aService, aStatus, NOTHING_CARRIED, someTraffic } from '../../browser/fake-node.ts'
import { type ControlWorld, startControlWorld } from '../control-world.ts'

let world: ControlWorld
beforeEach(async () => {
  world = await startControlWorld()
})
afterEach(() => world.end())

const lost = { type: 'turn.lost', peer: 'b', name: 'birch', why: 'connection reset' } as const

test('a reader gets everything first, then what changed, numbered', async () => {
  const early = world.node.tell(lost)
  world.node.show({ peers: [aRow('birch'), aRow('elm')] })
  const feed = await world.openFeed()
  expect(await feed.next()).toEqual({
    t: 's',
    seq: 0,
    status: withoutFigures(aStatus('bootstrapping')),
    carried: NOTHING_CARRIED,
    peers: [aRow('birch'), aRow('elm')],
    traffic: [],
    clients: [],
    states: { node: ['bootstrapping'] },
    news: [early],
  })

  world.node.show({ peers: [aRow('elm', { rttMs: 11 })], states: { node: ['serving'] } })
  const [one, two] = [world.node.tell(lost), world.node.tell({ type: 'node.stopped' })]
  await world.clock.advance(150)
  expect(await feed.next()).toEqual({
    t: 'd',
    from: 0,
    seq: 1,
    peers: [
      [aRow('elm').id, aRow('elm', { rttMs: 11 })],
      [aRow('birch').id, null],
    ],
    states: { node: ['serving'] },
    news: [one, two],
  })
})

test('what no news tells of arrives within two seconds, and silence is broken every second', async () => {
  const feed = await world.openFeed()
  await feed.next()
  world.node.show({ status: aStatus('serving') })
  await world.clock.advance(1_000)
  expect(await feed.next()).toEqual({ t: 'd', from: 0, seq: 0, news: [] })
  await world.clock.advance(1_000)
  expect(await feed.next()).toEqual({ t: 'd', from: 0, seq: 1, status: withoutFigures(aStatus('serving')), news: [] })
  await world.clock.advance(1_000)
  expect(await feed.next()).toEqual({ t: 'd', from: 1, seq: 1, news: [] })
})

test('however much happens, a reader is told at most seven times a second', async () => {
  const feed = await world.openFeed()
  await feed.next()
  for (let i = 0; i < 100; i++) {
    world.node.tell(lost)
    await world.clock.advance(10)
  }
  await world.clock.advance(150)
  let last: FeedDelta | null = null
  for (let i = 0; i < 10 && last?.news.at(-1)?.seq !== 100; i++) last = (await feed.next()) as FeedDelta
  expect([last?.news.at(-1)?.seq, feed.received() <= 9]).toEqual([100, true])
})

test('figures come once a second, however much else happens, and stop when nothing moves', async () => {
  const carrying = (bytesIn: number) =>
    aStatus('serving', {
      services: [aService('web', someTraffic({ bytesIn }))],
      clients: [aClient('elm', [{ bytesIn }])],
      carried: { ...NOTHING_CARRIED, clients: 1, bytesIn },
    })
  const figures = (bytesIn: number) => ({
    carried: { ...NOTHING_CARRIED, clients: 1, bytesIn },
    traffic: [['web', someTraffic({ bytesIn })]],
    clients: [['elm', aClient('elm', [{ bytesIn }])]],
  })
  world.node.show({ status: carrying(0) })
  const feed = await world.openFeed()
  await feed.next()
  for (let tenths = 1; tenths <= 30; tenths++) {
    world.node.show({ status: carrying(100 * tenths) })
    world.node.tell(lost)
    await world.clock.advance(100)
  }
  await world.clock.advance(1_000)
  const told: unknown[] = []
  let seq = 0
  for (let last = 0; last < 30 || told.length < 3; ) {
    const { news, from: _, seq: at, t: __, ...parts } = (await feed.next()) as FeedDelta
    last = news.at(-1)?.seq ?? last
    seq = at
    if (Object.keys(parts).length > 0) told.push(parts)
  }
  expect(told).toEqual([1_200, 2_200, 3_000].map(figures))
  // then nothing but the sign of life
  await world.clock.advance(6_000)
  expect(await feed.next()).toEqual({ t: 'd', from: seq, seq, news: [] })
})

test('a reader who comes later holds the same as one who was there', async () => {
  const early = await world.openFeed()
  let view = applyFeed(null, (await early.next()) as FeedSnapshot)
  world.node.show({ peers: [aRow('birch')] })
  const late = await world.openFeed()
  const fresh = applyFeed(null, (await late.next()) as FeedSnapshot)
  view = applyFeed(view, (await early.next()) as FeedDelta)
  expect(view).toEqual(fresh)
  world.node.show({ peers: [] })
  await world.clock.advance(2_000)
  expect(await late.next()).toEqual(await early.next())
})

test('a slow reader gets fewer, newer ones, and ends up equal', { timeout: 30_000 }, async () => {
  const rows = (round: number) => Array.from({ length: 200 }, (_, i) => aRow(`peer-${i}`, { rttMs: round, name: 'n'.repeat(3_000) }))
  world.node.show({ peers: rows(0) })
  const [fast, slow] = [await world.openFeed(), await world.openFeed()]
  let view = applyFeed(null, (await slow.next()) as FeedSnapshot)
  let followed = applyFeed(null, (await fast.next()) as FeedSnapshot)
  slow.socket.pause()
  const rounds = 40
  for (let round = 1; round <= rounds; round++) {
    world.node.show({ peers: rows(round) })
    world.node.tell(lost)
    await world.clock.advance(300)
    followed = applyFeed(followed, (await fast.next()) as FeedDelta)
  }
  slow.socket.resume()
  for (let i = 0; i < 200 && view?.seq !== followed?.seq; i++) {
    const message = slow.next()
    await world.clock.advance(100)
    view = applyFeed(view, (await message) as FeedDelta)
  }
  const shown = (one: FeedView | null) => one && { seq: one.seq, peers: one.peers, status: one.status }
  expect(shown(view)).toEqual(shown(followed))
  expect(view?.news.at(-1)?.seq).toEqual(rounds)
  expect(slow.received()).toBeLessThan(fast.received() / 1.5)
})

test('a reader who does not answer pings is cut off, and the node is left alone when nobody reads', async () => {
  const feed = await world.openFeed('')
  await feed.next()
  expect(world.node.listeners()).toEqual(1)
  feed.socket.pause()
  // The close is seen only by one who reads again.
  await world.clock.advance(15_000)
  await world.clock.advance(15_000)
  feed.socket.resume()
  expect(await feed.closed).toEqual(1006)
  expect([world.node.listeners(), world.clock.timerCount]).toEqual([0, 0])
})

test('entries alone, one a message, for the terminal', async () => {
  const feed = await world.openFeed('?format=entries')
  const [one, two] = [world.node.tell(lost), world.node.tell({ type: 'node.stopped' })]
  expect([await feed.next(), await feed.next()]).toEqual([one, two])
})

test('what a reader says is not listened to, and too much of it ends the connection', async () => {
  const feed = await world.openFeed()
  await feed.next()
  feed.socket.send('hello')
  feed.socket.send('x'.repeat(70_000))
  expect(await feed.closed).toEqual(1009)
})

test('when the server ends, its readers are told', async () => {
  const feed = await world.openFeed()
  await feed.next()
  const closing = once(feed.socket, 'close')
  const ended = world.server.close()
  expect((await closing)[0]).toEqual(1001)
  await ended
})

test('of a long table a reader is told of the nearest and of this node itself, and how many there are', async () => {
  const many = Array.from({ length: 300 }, (_, i) => aRow(`peer${i}`))
  const me = aRow('me', { self: true })
  world.node.show({ peers: [...many, me, aRow('lost', { state: 'offline' })] })
  const feed = await world.openFeed()
  const first = (await feed.next()) as FeedSnapshot
  expect([first.peers, first.status.table]).toEqual([[me, ...many.slice(0, 200)], { here: 301, alive: 301, offline: 1 }])

  world.node.show({ peers: [...many.slice(1), me] })
  world.node.tell(lost)
  await world.clock.advance(150)
  const then = (await feed.next()) as FeedDelta
  expect([then.peers, then.status?.table]).toEqual([
    [
      [many[200]?.id, many[200]],
      [many[0]?.id, null],
    ],
    { here: 300, alive: 300, offline: 0 },
  ])
})
