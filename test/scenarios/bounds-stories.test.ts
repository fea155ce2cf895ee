// What strangers in an open network can make a node do: to addresses of others, and to its own table.
import { describe, expect, test } from 'vitest'
import { MOST_CONTACT_BYTES, MOST_CONTACTS } from '../../src/domain/timings.ts'
import type { PeerRequest } from '../../src/ports.ts'
import { seal } from '../../src/v2/envelope.ts'
import { type LiveNode, liveNode, NODE_PORT } from '../sim/live-node.ts'
import { play } from '../sim/story.ts'
import type { World } from '../sim/world.ts'

const PORTS = Array.from({ length: 20 }, (_, i) => 9_000 + i)

interface Visits {
  connections: number
  bytes: number
}

/** A machine that is no node. `page`: answers everything with it; null: hangs up. */
function victim(world: World, page: string | null): Visits {
  const { network } = world.ports('victim')
  const visits: Visits = { connections: 0, bytes: 0 }
  for (const port of PORTS)
    void network.listen(`0.0.0.0:${port}`, (accepted) => {
      visits.connections++
      const { link } = accepted.open(null)
      link.on('error', () => {})
      link.on('data', (bytes) => {
        visits.bytes += bytes.length
        if (page === null) link.destroy()
        else link.write(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\n\r\n${page}`))
      })
      link.on('end', () => link.end())
    })
  return visits
}

/** A record of somebody new, at that address. */
const junk = (world: World, name: string, address: string): string =>
  seal(world.identity(name), { name: 'x', address, seq: 1, via: null, offersTurn: true, left: false })

/** Over the members' channel, as itself: each attacker is a host with a genuine key of its own. */
function attacker(world: World, name: string) {
  const { http } = world.ports(name)
  const from = junk(world, name, `${world.host(name).ip}:${NODE_PORT}`)
  const post = (path: string, value: unknown): PeerRequest => ({
    ...{ method: 'POST', path, over: 'channel', timeoutMs: 10_000, headers: { 'content-type': 'application/json' } },
    body: Buffer.from(JSON.stringify(value)),
  })
  const me = `${world.host('me').ip}:${NODE_PORT}`
  return {
    gossip: (records: readonly string[], unsigned: readonly { readonly address: string; readonly name: string }[] = []) =>
      http.request(me, post('/v2/gossip', { from, seq: 1, records, unsigned })),
    hello: (advertise: string) => http.request(me, post('/v2/hello', { from, port: null, advertise })),
    table: (addresses: readonly string[]) => {
      const rows = addresses.map((address) => ({ Name: 'x', IPV4: address.split(':')[0], ServerPort: address.split(':')[1] }))
      const part = 'Content-Disposition: form-data; name="json"; filename="t"\r\nContent-Type: application/octet-stream'
      const body = `--b\r\n${part}\r\n\r\n${JSON.stringify({ ip_address: rows })}\r\n--b--\r\n`
      const headers = { 'content-type': 'multipart/form-data; boundary=b' }
      return http.request(me, { method: 'POST', path: '/IpTable', headers, body: Buffer.from(body), timeoutMs: 120_000 })
    },
  }
}
type Attacker = ReturnType<typeof attacker>

interface Scene {
  readonly me: LiveNode
  readonly other: LiveNode
  readonly visits: Visits
  readonly world: World
  readonly strangers: readonly Attacker[]
}

/** Two nodes that know each other, a machine that is none, and four attackers who begin after 5 s. */
async function attack<T>(
  page: string | null,
  forMs: number,
  deeds: (scene: Scene) => Promise<unknown>,
  end: (scene: Scene) => T,
): Promise<T> {
  return play([], {
    forMs,
    begin: (world) => {
      for (const name of ['me', 'other', 'victim']) world.host(name)
      const me = liveNode(world, 'me')
      const other = liveNode(world, 'other', { seeds: [`${world.host('me').ip}:${NODE_PORT}`] })
      const strangers = Array.from({ length: 4 }, (_, i) => attacker(world, `stranger${i}`))
      const scene = { me, other, visits: victim(world, page), world, strangers }
      world.clock.setTimeout(() => void deeds(scene).catch((error) => world.clock.crash(error)), 5_000)
      return () => end(scene)
    },
  })
}

const victimAt = (world: World, i: number): string => `${world.host('victim').ip}:${PORTS[i % PORTS.length]}`

const everything = async ({ strangers, world }: Scene): Promise<void> => {
  const records = (who: number) => Array.from({ length: 20 }, (_, i) => junk(world, `fake ${who} ${i}`, victimAt(world, i)))
  await Promise.all(
    strangers.map(async (stranger, who) => {
      await stranger.gossip(
        records(who),
        PORTS.map((_, i) => ({ address: victimAt(world, i), name: 'x' })),
      )
      for (let i = 0; i < 5; i++) await stranger.hello(victimAt(world, who + i))
      await stranger.table(PORTS.map((_, i) => victimAt(world, i)))
    }),
  )
}

describe('gossip, hellos and posted tables of four strangers that name a machine which is no node', () => {
  test.each<[string, string | null]>([
    ['hangs up', null],
    ['answers 200 to everything', '{}'],
  ])('have a node connect to it three times in all: one that %s', async (_, page) => {
    const { connections, bytes, second } = await attack(page, 180_000, everything, ({ visits, other }) => ({
      ...visits,
      second: other.current.peers().peers.map(({ name }) => name),
    }))
    expect(connections).toBeLessThanOrEqual(MOST_CONTACTS)
    expect(bytes).toBeLessThanOrEqual(MOST_CONTACT_BYTES)
    // Nobody is told of it who was not told by the strangers.
    expect([...second].sort()).toEqual(['me', 'other'])
  })

  test('do not keep others at that address from being met', async () => {
    const names = await attack(
      null,
      60_000,
      async (scene) => {
        await everything(scene)
        const { world } = scene
        liveNode(world, 'late', { seeds: [`${world.host('me').ip}:${NODE_PORT}`] })
      },
      ({ me }) =>
        me.current
          .peers()
          .peers.filter(({ state }) => state === 'alive')
          .map(({ name }) => name)
          .sort(),
    )
    expect(names).toEqual(['late', 'me', 'other'])
  })
})
