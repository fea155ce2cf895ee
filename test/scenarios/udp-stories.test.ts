// A udp service in a network: how it is proven, who gets its answers, where it goes when its TURN dies.
import { describe, expect, test } from 'vitest'
import { DEFAULT_RATIONS } from '../../src/domain/offer.ts'
import type { DatagramPort } from '../../src/frp/contract.ts'
import type { Failure } from '../../src/ports.ts'
import { type LiveNode, liveNode, NODE_PORT } from '../sim/live-node.ts'
import { kill, lossy, play, type Script, slow, tell } from '../sim/story.ts'
import type { World } from '../sim/world.ts'

const ECHO = 5_353
const SIZES = Array.from({ length: 1_400 }, (_, i) => i + 1)

const FEW = SIZES.slice(0, 20)
const BEFORE_AND_AFTER = [10_000, 30_000]

const portOf = (opened: DatagramPort | Failure): DatagramPort => {
  if (opened.type === 'failed') throw new Error(opened.text)
  return opened
}

/** Echoes on a host, and how many datagrams it has heard. */
function echoOn(world: World, host: string) {
  const heard = { count: 0 }
  const opening = world.network.network(host).openDatagrams(`127.0.0.1:${ECHO}`, (bytes, from) => {
    heard.count++
    void opening.then((opened) => portOf(opened).send(bytes, from))
  })
  return heard
}

/** A user on a host of its own who sends a datagram of each size, twenty per ms; `back` are those that came back unharmed. */
function user(world: World, host: string, sizes: readonly number[]) {
  const back = new Set<number>()
  const content = (size: number): Buffer => Buffer.alloc(size, `${host} ${size}.`)
  const opening = world.network.network(host).openDatagrams('0.0.0.0:0', (bytes) => {
    if (bytes.equals(content(bytes.length))) back.add(bytes.length)
  })
  const askAll = (at: string | null): void => {
    const [ip = '', port] = (at ?? '').split(':')
    for (let first = 0; first < sizes.length; first += 20) {
      const send = (opened: DatagramPort | Failure): void => {
        for (const size of sizes.slice(first, first + 20)) portOf(opened).send(content(size), { host: ip, port: Number(port) })
      }
      world.clock.setTimeout(() => void opening.then(send), first / 20)
    }
  }
  return { back, askAll }
}

/** What is looked at is the way of the datagrams. */
const rations = { ...DEFAULT_RATIONS, bytesPerSecond: 0 }
const SERVICE = { name: 'dns', kind: 'udp', local: `127.0.0.1:${ECHO}`, domain: null } as const

/** ash and birch are TURNs, ash the nearer one; `me` has the service. What `me` tells of it, and what two users got back. */
const live = (script: Script, { behindNat = true, forMs = 40_000, sizes = FEW, askedAtMs = BEFORE_AND_AFTER } = {}) =>
  play([[0, slow('me', 'birch', 20)], ...script], {
    forMs,
    begin: (world) => {
      world.host('ash')
      world.host('birch')
      world.host('me', { behindNat })
      world.host('elm', { behindNat: true })
      world.host('fir')
      const seeds = [`${world.host('ash').ip}:${NODE_PORT}`]
      const told: string[] = []
      const heard = echoOn(world, 'me')
      const users = ['elm', 'fir'].map((name) => user(world, name, sizes))
      liveNode(world, 'ash', { rations })
      liveNode(world, 'birch', { seeds, rations })
      const me: LiveNode = liveNode(world, 'me', { seeds, services: [SERVICE], ...(behindNat ? { listen: null } : {}) }, (node) =>
        tell(world, node, { only: ['service.up', 'service.down', 'turn.lost'], into: told }),
      )
      const ownSockets: number[] = []
      for (const ms of [9_000, 39_999, 40_100]) world.clock.setTimeout(() => ownSockets.push(world.host('me').udp.size), ms)
      const at = () => me.current.status().services[0]?.public ?? null
      for (const ms of askedAtMs) world.clock.setTimeout(() => users.map(({ askAll }) => askAll(at())), ms)
      world.clock.setTimeout(
        () => told.push(`${world.clock.now()} ${users.map(({ back }) => back.size)} back, ${heard.count} heard`),
        15_000,
      )
      world.clock.setTimeout(() => users.map(({ back }) => back.clear()), 16_000)
      return () => ({
        told,
        back: users.map(({ back }) => back.size),
        heard: heard.count,
        ownSockets,
        services: me.current.status().services.map(({ name, kind, state, public: at, error }) => `${name} ${kind} ${state} ${at} ${error}`),
        traffic: me.current.status().services[0]?.traffic,
      })
    },
  })

describe('a udp service', () => {
  test('behind a NAT is proven through the TURN, serves each of its users, and moves when the TURN dies', async () => {
    expect(await live([[20_000, kill('ash')]], { sizes: SIZES })).toMatchInlineSnapshot(`
      {
        "back": [
          1400,
          1400,
        ],
        "heard": 5600,
        "ownSockets": [
          1,
          3,
        ],
        "services": [
          "dns udp up 10.0.0.2:20020 null",
        ],
        "told": [
          "151 service.up dns 10.0.0.1:20020",
          "15000 1400,1400 back, 2800 heard",
          "20005 service.up dns 10.0.0.2:20020",
          "20015 turn.lost ash ash connection reset; then, logging in again: connection refused",
        ],
        "traffic": {
          "bytesIn": 3923000,
          "bytesOut": 3922800,
          "connectionsEver": 12,
          "connectionsNow": 8,
          "errorsEver": 0,
          "inBytesPerSecond": 17678,
          "lastError": null,
          "outBytesPerSecond": 17674,
        },
      }
    `)
  })
  test('of a node that others can connect to has a port of its own', async () => {
    const { traffic: _, ...ending } = await live([], { behindNat: false })
    expect(ending).toMatchInlineSnapshot(`
      {
        "back": [
          20,
          20,
        ],
        "heard": 80,
        "ownSockets": [
          2,
          4,
        ],
        "services": [
          "dns udp up 10.0.0.3:20000 null",
        ],
        "told": [
          "60.05 service.up dns 10.0.0.3:20000",
          "15000 20,20 back, 40 heard",
        ],
      }
    `)
  })
  test('is proven also where datagrams get lost, and a probe that comes late or twice never reaches it', async () => {
    const { told, heard, services } = await live([[0, lossy('me', 'ash', 0.12)]])
    expect(services).toEqual([expect.stringMatching(/^dns udp up 10\.0\.0\.[12]:\d+ null$/)])
    expect({ told, heard }).toMatchInlineSnapshot(`
      {
        "heard": 80,
        "told": [
          "1140 service.up dns 10.0.0.1:20020",
          "15000 20,20 back, 40 heard",
        ],
      }
    `)
  })
  test("keeps a user's socket for 30 s", async () => {
    const { ownSockets } = await live([], { forMs: 42_000, askedAtMs: [10_000] })
    expect(ownSockets).toEqual([1, 3, 1])
  })
})
