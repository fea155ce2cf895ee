// Services that other nodes reach over the members' channel, wherever their node is, and domains that any public node answers for.
import { describe, expect, test } from 'vitest'
import type { NodeOptions, ServiceSpec } from '../../src/answers.ts'
import type { NetworkKind } from '../../src/domain/network-kind.ts'
import { isFailure } from '../../src/ports.ts'
import { type LiveNode, liveNode, NODE_PORT } from '../sim/live-node.ts'
import { blackHole, kill, play, type Script, slow } from '../sim/story.ts'
import type { World } from '../sim/world.ts'

const ECHO = 7_000
const WEB: ServiceSpec = { name: 'web', kind: 'tcp', local: `127.0.0.1:${ECHO}`, domain: null, options: { private: true } }
const DNS: ServiceSpec = { name: 'dns', kind: 'udp', local: `127.0.0.1:${ECHO}`, domain: null, options: { private: true } }
const members: NetworkKind = { type: 'private', secrets: ['s1'] }

/** Says what it hears again, by TCP and by UDP. */
function echoOn(world: World, host: string): void {
  const network = world.network.network(host)
  void network.listen(`127.0.0.1:${ECHO}`, (accepted) => {
    const { link } = accepted.open(null)
    link.on('error', () => {})
    link.on('data', (bytes) => link.write(Buffer.from(`${host} heard ${bytes}`)))
    link.on('end', () => link.end())
  })
  const opening = network.openDatagrams(`127.0.0.1:${ECHO}`, (bytes, from) => {
    void opening.then((opened) => (opened.type === 'open' ? opened.send(Buffer.from(`${host} heard ${bytes}`), from) : undefined))
  })
}

/** What a program on that host gets back, and after how long. */
function say(world: World, host: string, address: string, words: string): Promise<string> {
  const network = world.network.network(host)
  const startMs = world.clock.now()
  return new Promise((resolve) => {
    const settle = (text: string): void => resolve(`${text} after ${Math.round(world.clock.now() - startMs)} ms`)
    void network.dial(address, { timeoutMs: 5_000 }).then((opened) => {
      if ('type' in opened) return settle(opened.text)
      const { link } = opened
      link.on('error', () => settle('reset'))
      link.on('close', () => settle('closed'))
      link.on('data', (bytes) => {
        settle(bytes.toString())
        link.end()
      })
      link.write(Buffer.from(words))
      link.resume()
    })
  })
}

function sayByUdp(world: World, host: string, address: string, words: string): Promise<string> {
  const [ip = '', port] = address.split(':')
  return new Promise((resolve) => {
    const opening = world.network.network(host).openDatagrams('127.0.0.1:0', (bytes) => resolve(bytes.toString()))
    void opening.then((opened) => (opened.type === 'open' ? opened.send(Buffer.from(words), { host: ip, port: Number(port) }) : undefined))
    world.clock.setTimeout(() => resolve('nothing'), 3_000)
  })
}

interface Asked {
  readonly world: World
  readonly nodes: Readonly<Record<string, LiveNode>>
  readonly tell: (text: string) => void
  readonly at: (ms: number, run: () => Promise<void>) => void
}

interface Cast {
  readonly network?: NetworkKind
  readonly home?: Partial<NodeOptions>
  readonly script?: Script
  readonly forMs?: number
}

/** ash and birch are TURNs, ash the nearer one to home, which is behind NAT and has the services; me is behind another NAT. */
const live = ({ network = members, home = {}, script = [], forMs = 40_000 }: Cast, play_: (asked: Asked) => void) =>
  play([[0, slow('home', 'birch', 20)], ...script], {
    forMs,
    begin: (world) => {
      for (const name of ['ash', 'birch']) world.host(name)
      for (const name of ['home', 'me', 'elm']) world.host(name, { behindNat: true })
      echoOn(world, 'home')
      const seeds = [`${world.host('ash').ip}:${NODE_PORT}`, `${world.host('birch').ip}:${NODE_PORT}`]
      const common = { network, seeds }
      const nodes = {
        ash: liveNode(world, 'ash', common),
        birch: liveNode(world, 'birch', common),
        home: liveNode(world, 'home', { ...common, listen: null, services: [WEB, DNS], ...home }),
        me: liveNode(world, 'me', { ...common, listen: null }),
      }
      const told: string[] = []
      play_({
        world,
        nodes,
        tell: (text) => void told.push(text),
        at: (ms, run) => void world.clock.setTimeout(() => void run(), ms),
      })
      return () => told
    },
  })

const connected = async ({ nodes, tell }: Asked, target: string, from = 'me'): Promise<string> => {
  const answer = await nodes[from]?.current.connect(target)
  if (answer?.type === 'connected') return answer.address
  tell(answer?.text ?? 'nobody')
  return ''
}

describe('a private service behind NAT', () => {
  test('is reached by a member behind another NAT, and at once after the death of its TURN at the next one', async () => {
    const told = await live({ script: [[20_000, kill('ash')]] }, (asked) => {
      const { world, tell, at } = asked
      at(10_000, async () => {
        const address = await connected(asked, 'HOME/web')
        tell(await say(world, 'me', address, 'one'))
        tell(await say(world, 'me', address, 'two'))
        at(10_100, async () => tell(await say(world, 'me', address, 'three')))
      })
    })
    expect(told).toMatchInlineSnapshot(`
      [
        "home heard one after 71 ms",
        "home heard two after 20 ms",
        "home heard three after 101 ms",
      ]
    `)
  })

  test('is reached within a second where the first of its TURNs falls silent, and at once from the second connection on', async () => {
    const told = await live({ script: [[20_000, blackHole('ash')]] }, (asked) => {
      const { world, nodes, tell, at } = asked
      at(15_000, async () => {
        const row = nodes.me?.current.peers().peers.find(({ name }) => name === 'home')
        tell(`${row?.addresses?.length} addresses`)
        const address = await connected(asked, 'home/web')
        tell(await say(world, 'me', address, 'one'))
        for (const ms of [5_100, 5_900, 15_000]) at(ms, async () => tell(await say(world, 'me', address, `${ms}`)))
      })
    })
    expect(told).toMatchInlineSnapshot(`
      [
        "2 addresses",
        "home heard one after 71 ms",
        "home heard 5100 after 351 ms",
        "home heard 5900 after 101 ms",
        "home heard 15000 after 101 ms",
      ]
    `)
  })

  test('by UDP answers each user, and the next datagram after the death of its TURN goes to the next one', async () => {
    const told = await live({ script: [[20_000, kill('ash')]] }, (asked) => {
      const { world, tell, at } = asked
      at(10_000, async () => {
        const address = await connected(asked, 'home/dns')
        tell((await Promise.all(['a', 'b'].map((words) => sayByUdp(world, 'me', address, words)))).join(', '))
        tell(await sayByUdp(world, 'me', address, 'x'.repeat(2_000)).then((text) => String(text.length)))
        at(11_000, async () => tell(await sayByUdp(world, 'me', address, 'c')))
      })
    })
    expect(told).toMatchInlineSnapshot(`
      [
        "home heard a, home heard b",
        "2011",
        "home heard c",
      ]
    `)
  })

  test('is nowhere public, is not told to those whom it does not name, and is told as it is to its owner', async () => {
    const allowed: ServiceSpec = { ...WEB, options: { private: true, allow: ['ash'] } }
    const told = await live({ home: { services: [allowed] }, forMs: 15_000 }, (asked) => {
      const { nodes, tell, at } = asked
      at(10_000, async () => {
        await connected(asked, 'home/web')
        const seen = await Promise.all(['me', 'ash'].map(async (name) => (await nodes[name]?.current.connectable())?.services ?? []))
        tell(
          seen
            .map((services) => services.map(({ node, name, private: isPrivate }) => `${node.name}/${name} ${isPrivate}`).join())
            .join('; '),
        )
        const own = nodes.home?.current.status().services.map(({ name, state, phase, public: at }) => `${name} ${state} ${phase} ${at}`)
        tell(String(own))
        tell(
          `proxies ${nodes.ash?.current.status().clients.flatMap(({ name, proxies }) => proxies.map((one) => `${name} ${one.name.replace(/^[^/.]*/, 'id')}`))}`,
        )
      })
    })
    expect(told).toMatchInlineSnapshot(`
      [
        "home has no service web that this node may reach; it has none for this node",
        "; home/web true",
        "web up private null",
        "proxies home id/node,me id/node",
      ]
    `)
  })

  test('in an open network is for those alone whom it names by their id', async () => {
    const services = (allow: readonly string[]): readonly ServiceSpec[] => [
      { ...WEB, options: { private: true } },
      { ...WEB, name: 'named', options: { private: true, allow: ['me'] } },
      { ...WEB, name: 'ids', options: { private: true, allow } },
    ]
    const told: string[] = []
    await play([], {
      forMs: 15_000,
      begin: (world) => {
        world.host('ash')
        for (const name of ['home', 'me']) world.host(name, { behindNat: true })
        const seeds = [`${world.host('ash').ip}:${NODE_PORT}`]
        liveNode(world, 'ash', {})
        liveNode(world, 'home', { seeds, listen: null, services: services([world.identity('me').id]) })
        const me = liveNode(world, 'me', { seeds, listen: null })
        const ask = async (): Promise<void> => void told.push(...(await me.current.connectable()).services.map(({ name }) => name))
        world.clock.setTimeout(() => void ask(), 10_000)
        return () => told
      },
    })
    expect(told).toEqual(['ids'])
  })
})

describe('a domain', () => {
  const DOMAIN = 'www.example.org'
  const web: ServiceSpec = { name: 'site', kind: 'http', local: '127.0.0.1:3000', domain: DOMAIN }
  const ask = async (world: World, at: string, host: string): Promise<string> => {
    const answer = await world.ports('elm').http.request(`${world.host(at).ip}:${NODE_PORT}`, {
      method: 'GET',
      path: '/hello',
      headers: { host, connection: 'close' },
      timeoutMs: 9_000,
    })
    return isFailure(answer) ? answer.text : `${answer.status} ${answer.body}`.trim()
  }
  const siteOn = (world: World): void => {
    void world
      .ports('home')
      .http.serve({ address: '127.0.0.1:3000', onRequest: async ({ method, path }) => ({ status: 200, body: `${method} ${path}` }) })
  }

  test('is answered for by every public member, in the record of its owner, and by none of its own names', async () => {
    const told = await live({ home: { services: [web] }, forMs: 30_000 }, ({ world, nodes, tell, at }) => {
      siteOn(world)
      at(10_000, async () => {
        for (const [node, host] of [
          ['ash', DOMAIN],
          ['birch', DOMAIN.toUpperCase()],
          ['birch', 'other.example.org'],
          ['birch', '10.0.0.2:8088'],
        ] as const)
          tell(`${node} ${host} → ${await ask(world, node, host)}`)
        nodes.home?.current.unexpose('site')
      })
      at(20_000, async () => tell(`afterwards → ${await ask(world, 'birch', DOMAIN)}`))
    })
    expect(told).toMatchInlineSnapshot(`
      [
        "ash www.example.org → 200 GET /hello",
        "birch WWW.EXAMPLE.ORG → 200 GET /hello",
        "birch other.example.org → 403 this network is private: ask its owner for \`moonwalk invite\`",
        "birch 10.0.0.2:8088 → 403 this network is private: ask its owner for \`moonwalk invite\`",
        "afterwards → 403 this network is private: ask its owner for \`moonwalk invite\`",
      ]
    `)
  })

  test('of a node in an open network is answered for only by nodes that grant it', async () => {
    const told: string[] = []
    await play([], {
      forMs: 20_000,
      begin: (world) => {
        for (const name of ['ash', 'birch', 'cedar']) world.host(name)
        for (const name of ['home', 'elm']) world.host(name, { behindNat: true })
        siteOn(world)
        const seeds = [`${world.host('ash').ip}:${NODE_PORT}`]
        liveNode(world, 'ash', {})
        liveNode(world, 'birch', { seeds, allowDomains: [DOMAIN] })
        liveNode(world, 'cedar', { seeds, allowDomains: ['other.example.org'] })
        liveNode(world, 'home', { seeds, listen: null, services: [web] })
        world.clock.setTimeout(() => {
          for (const node of ['ash', 'birch', 'cedar'])
            void ask(world, node, DOMAIN).then((answer) => told.push(`${node} → ${answer.split(' ')[0]}`))
        }, 10_000)
        return () => told
      },
    })
    expect([...told].sort()).toEqual(['ash → 404', 'birch → 200', 'cedar → 404'])
  })
})
