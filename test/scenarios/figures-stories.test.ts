// What passes through a TURN, as the node whose service it is and the TURN tell it.
import { expect, test } from 'vitest'
import type { TrafficAnswer } from '../../src/answers.ts'
import { dayTrafficText } from '../../src/feed/day-traffic.ts'
import { type LiveNode, liveNode, NODE_PORT } from '../sim/live-node.ts'
import { kill, play, slow } from '../sim/story.ts'
import type { World } from '../sim/world.ts'

const SERVICE = { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null } as const
const ANSWER_BYTES = 9_000

/** Answers each request, whatever it is, with 9,000 bytes. */
function serve(world: World, host: string): void {
  void world.network.network(host).listen(SERVICE.local, (accepted) => {
    const { link } = accepted.open(null)
    link.on('error', () => {})
    link.on('data', () => link.write(Buffer.alloc(ANSWER_BYTES)))
    link.on('end', () => link.end())
  })
}

/** A user on a host of its own: connects, sends `bytes`, and leaves when told. */
async function visit(world: World, host: string, address: string, bytes: number): Promise<() => void> {
  const opened = await world.network.network(host).dial(address, { timeoutMs: 1_000 })
  if ('type' in opened) throw new Error(opened.text)
  opened.link.on('error', () => {})
  opened.link.on('data', () => {})
  opened.link.resume()
  opened.link.write(Buffer.alloc(bytes))
  return () => void opened.link.end()
}

const counts = (traffic: TrafficAnswer | null): string =>
  traffic === null
    ? 'nothing'
    : `${traffic.connectionsNow} now, ${traffic.connectionsEver} ever, in ${traffic.bytesIn} at ${traffic.inBytesPerSecond}/s, out ${traffic.bytesOut} at ${traffic.outBytesPerSecond}/s`

/** Of its only service. */
function dayOf({ current }: LiveNode): string {
  const traffic = current.history().series.find(({ kind }) => kind === 'service')?.traffic ?? null
  return `the day of ${current.name}: ${traffic === null ? 'nothing' : dayTrafficText(traffic)}`
}

test('both ends of a tunnel tell the same of its users, and the service goes on counting when its TURN dies', async () => {
  const told = await play(
    [
      [0, slow('me', 'birch', 20)],
      [30_000, kill('ash')],
    ],
    {
      forMs: 60_000,
      begin: (world) => {
        for (const host of ['ash', 'birch', 'fir']) world.host(host)
        world.host('me', { behindNat: true })
        const seeds = [`${world.host('ash').ip}:${NODE_PORT}`]
        serve(world, 'me')
        const ash = liveNode(world, 'ash')
        const birch = liveNode(world, 'birch', { seeds })
        const me = liveNode(world, 'me', { seeds, services: [SERVICE], listen: null })
        const seen: string[] = []
        const look = (turn: LiveNode): void => {
          const [service] = me.current.status().services
          const { clients, carried } = turn.current.status()
          const sides = clients.flatMap(({ name, dialect, since, proxies }) =>
            proxies
              .filter((proxy) => proxy.name.endsWith('.web'))
              .map((proxy) => {
                const isPublic = service?.public?.endsWith(`:${proxy.port}`) === true
                return `${turn.name} carries ${name} (${dialect}, since ${since.slice(17, 19)} s)${isPublic ? ' there' : ''}: ${counts(proxy)}`
              }),
          )
          seen.push(
            `me: ${counts(service?.traffic ?? null)}`,
            ...sides,
            `${turn.name} in all: ${carried.clients} client, ${carried.proxies} proxies`,
          )
        }
        const leaving: (() => void)[] = []
        const come = (bytes: number) =>
          visit(world, 'fir', me.current.status().services[0]?.public ?? '', bytes).then((leave) => void leaving.push(leave))
        const at = (ms: number, run: () => unknown) => world.clock.setTimeout(() => void run(), ms)
        at(10_000, () => come(100))
        at(10_000, () => come(200))
        at(12_000, () => look(ash))
        at(13_000, () => leaving.shift()?.())
        at(29_000, () => look(ash))
        at(40_000, () => come(1_000))
        at(59_000, () => look(birch))
        return () => [...seen, dayOf(me)]
      },
    },
  )
  expect(told).toMatchInlineSnapshot(`
    [
      "me: 2 now, 6 ever, in 300 at 102/s, out 18000 at 6101/s",
      "ash carries me (moonwalk, since 00 s) there: 2 now, 4 ever, in 300 at 102/s, out 18000 at 6101/s",
      "ash in all: 1 client, 2 proxies",
      "me: 1 now, 12 ever, in 300 at 0/s, out 18000 at 7/s",
      "ash carries me (moonwalk, since 00 s) there: 1 now, 7 ever, in 300 at 0/s, out 18000 at 7/s",
      "ash in all: 1 client, 2 proxies",
      "me: 1 now, 16 ever, in 1300 at 0/s, out 27000 at 3/s",
      "birch carries me (moonwalk, since 00 s) there: 1 now, 9 ever, in 1000 at 0/s, out 9000 at 3/s",
      "birch in all: 1 client, 2 proxies",
      "the day of me: in 1.3 KiB, out 26 KiB, 3 connections of users",
    ]
  `)
})

test('a node that others can connect to counts for its own services, and tells what went wrong', async () => {
  const told = await play([], {
    forMs: 30_000,
    begin: (world) => {
      for (const host of ['ash', 'me', 'fir']) world.host(host)
      const seeds = [`${world.host('ash').ip}:${NODE_PORT}`]
      const ash = liveNode(world, 'ash')
      const me = liveNode(world, 'me', { seeds, services: [SERVICE] })
      const seen: unknown[] = []
      const look = (): void => {
        const [{ public: address, traffic } = { public: null, traffic: null }] = me.current.status().services
        seen.push(
          `${address}: ${counts(traffic)}`,
          `${traffic?.errorsEver} errors, the last at ${traffic?.lastError?.at}: ${traffic?.lastError?.text}`,
        )
      }
      const leaving: (() => void)[] = []
      const at = (ms: number, run: () => unknown) => world.clock.setTimeout(() => void run(), ms)
      at(5_000, look)
      at(5_000, () => serve(world, 'me'))
      at(12_000, () => visit(world, 'fir', me.current.status().services[0]?.public ?? '', 700).then((leave) => void leaving.push(leave)))
      at(14_000, look)
      at(15_000, () => leaving.shift()?.())
      at(20_000, look)
      return () => [...seen, dayOf(me), ash.current.status().clients]
    },
  })
  expect(told).toMatchInlineSnapshot(`
    [
      "null: 0 now, 0 ever, in 0 at 0/s, out 0 at 0/s",
      "2 errors, the last at 2030-01-01T00:00:04.060Z: nothing answers at 127.0.0.1:3000: connection refused",
      "10.0.0.2:20000: 1 now, 3 ever, in 700 at 234/s, out 9000 at 3004/s",
      "2 errors, the last at 2030-01-01T00:00:04.060Z: nothing answers at 127.0.0.1:3000: connection refused",
      "10.0.0.2:20000: 0 now, 3 ever, in 700 at 21/s, out 9000 at 269/s",
      "2 errors, the last at 2030-01-01T00:00:04.060Z: nothing answers at 127.0.0.1:3000: connection refused",
      "the day of me: in 700 B, out 8.8 KiB, 1 connection of users",
      [],
    ]
  `)
})
