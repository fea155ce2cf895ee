import { expect, test } from 'vitest'
import type { Link } from '../../../src/frp/links/link.ts'
import { settle } from '../frp-clock.ts'
import { type Caller, PROXY, World } from '../frp-world.ts'

/** From now on this end takes nothing in. */
const hang = (link: Link | undefined): unknown => link?.pause()
const GROUP = { name: 'web', key: 'secret' }

/** A service that says its name to whoever comes. */
const saying = (world: World): void => {
  world.service = (link: Link, target) => {
    link.on('error', () => {})
    link.on('data', () => {})
    link.on('end', () => link.end())
    link.write(Buffer.from(target))
  }
}

const member = (world: World, name: string, options: { readonly remotePort?: number; readonly key?: string } = {}) =>
  world.serving({ name, local: name, remotePort: options.remotePort ?? 0, group: { ...GROUP, key: options.key ?? GROUP.key } })

async function visitors(world: World, port: number, count: number): Promise<readonly string[]> {
  const callers: (Caller | null)[] = []
  for (let visit = 0; visit < count; visit++) {
    callers.push(world.user(port))
    await settle()
  }
  return callers.map((caller) => caller?.text ?? 'nobody listens')
}

test('members share one port, which each is told, and users go to them in turn', async () => {
  const world = new World()
  saying(world)
  const [a, b, c] = [await member(world, 'a'), await member(world, 'b'), await member(world, 'c')]
  expect([world.ports.size, a.port === b.port, b.port === c.port]).toEqual([1, true, true])
  expect(world.ports.has(a.port)).toEqual(true)
  expect(await visitors(world, a.port, 6)).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
})

test('a member that leaves, closes its proxy or dies has no more users, and the last one frees the port', async () => {
  const world = new World()
  saying(world)
  const [a, b, c] = [
    await member(world, 'a', { remotePort: 6000 }),
    await member(world, 'b', { remotePort: 6000 }),
    await member(world, 'c', { remotePort: 6000 }),
  ]
  a.client.closeProxy('a')
  await settle()
  expect(await visitors(world, 6000, 3)).toEqual(['b', 'c', 'b'])
  c.client.end('gone')
  await settle()
  expect(await visitors(world, 6000, 2)).toEqual(['b', 'b'])
  b.client.end('gone')
  await settle()
  expect([world.ports.size, world.server.figures().portsTaken]).toEqual([0, 0])
  expect((await world.serving({ name: 'other', remotePort: 6000 })).port).toEqual(6000)
})

test('whose turn it is stays so when a member leaves', async () => {
  const world = new World()
  saying(world)
  const [a] = [await member(world, 'a'), await member(world, 'b'), await member(world, 'c')]
  expect(await visitors(world, a.port, 2)).toEqual(['a', 'b'])
  a.client.end('gone')
  await settle()
  expect(await visitors(world, a.port, 3)).toEqual(['c', 'b', 'c'])
})

test('a user who waits at a member that dies is served by another', async () => {
  const world = new World()
  saying(world)
  const a = await member(world, 'a')
  const [turnEnd] = world.turnLinks
  hang(turnEnd)
  await member(world, 'b')
  // the first finds the work connection that `a` left ready; the third has to wait for one that never comes
  const users = [world.user(a.port), world.user(a.port), world.user(a.port)]
  await settle()
  expect(users.map((user) => user?.text)).toEqual(['', 'b', ''])
  turnEnd?.destroy()
  await settle()
  expect([users[2]?.text, users[2]?.closed]).toEqual(['b', false])
})

test('a user whom a member leaves waiting for 10 s goes to another, and to each but once', async () => {
  const world = new World({ keepaliveMs: 0 })
  saying(world)
  const a = await member(world, 'a')
  hang(world.turnLinks[0])
  world.user(a.port) // takes the one work connection that is ready
  const alone = world.user(a.port)
  await world.clock.advance(9_999)
  expect(alone?.closed).toEqual(false)
  await member(world, 'b')
  await world.clock.advance(1)
  expect(alone?.text).toEqual('b')
})

test.each([
  ['another key', { group: { name: 'web', key: 'guess' }, remotePort: 6000 }, 'group auth failed'],
  ['another port', { group: GROUP, remotePort: 6001 }, 'group should have same remote port'],
  ['any port', { group: GROUP, remotePort: 0 }, 'group should have same remote port'],
  ['a name that is too long', { group: { name: 'x'.repeat(513), key: '' }, remotePort: 6000 }, 'group params invalid'],
  ['a key that is too long', { group: { name: 'web', key: 'x'.repeat(513) }, remotePort: 6000 }, 'group params invalid'],
  ['the port of the group, and no group', { remotePort: 6000 }, 'port already used'],
  ['the port of the group, and another group', { group: { name: 'other', key: '' }, remotePort: 6000 }, 'port already used'],
  ['a port that is not allowed, in a new group', { group: { name: 'other', key: '' }, remotePort: 80 }, 'port not allowed'],
])('who asks with %s is refused', async (_, wish, error) => {
  const world = new World()
  await member(world, 'a', { remotePort: 6000 })
  const { told } = await world.serving({ name: 'b', ...wish })
  expect(told.at(-1)).toEqual({ type: 'client.proxyRefused', proxy: 'b', error })
})

test('a group whose port is busy outside is refused, and may be tried again', async () => {
  const world = new World()
  world.busy.add(6000)
  const a = await member(world, 'a', { remotePort: 6000 })
  expect(a.told.at(-1)).toEqual({ type: 'client.proxyRefused', proxy: 'a', error: 'port unavailable' })
  world.busy.delete(6000)
  expect((await member(world, 'b', { remotePort: 6000, key: 'another' })).port).toEqual(6000)
})

test('one client may be several members', async () => {
  const world = new World()
  saying(world)
  const { client, port } = await member(world, 'a')
  client.openProxy({ ...PROXY, name: 'b', local: 'b', group: GROUP })
  await settle()
  expect(await visitors(world, port, 4)).toEqual(['a', 'b', 'a', 'b'])
  client.end('gone')
  await settle()
  expect(world.ports.size).toEqual(0)
})
