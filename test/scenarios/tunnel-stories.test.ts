// What a node behind NAT lives through that holds tunnels to several TURNs, and what its users and peers see of it.
import { expect, test } from 'vitest'
import type { StatusAnswer } from '../../src/answers.ts'
import { type LiveNode, liveNode, NODE_PORT } from '../sim/live-node.ts'
import { all, blackHole, type Fault, kill, play, reset, restart, type Script, slow } from '../sim/story.ts'
import type { World } from '../sim/world.ts'

const SERVICE = { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null } as const
/** How long a proof counts. */
const PROOF_MS = 15_000
const LOOK_MS = 50

/** Says every byte back. */
function serve(world: World): void {
  void world.network.network('me').listen(SERVICE.local, (accepted) => {
    const { link } = accepted.open(null)
    link.on('error', () => {})
    link.on('data', (bytes) => link.write(bytes))
    link.on('end', () => link.end())
  })
}

interface Users {
  /** A user on a connection of its own: what it hears back in a second, or why nothing. */
  ask(address: string | null): Promise<string>
  /** A user who stays: a byte a second. `heard`: so many came back. `leave` ends it. */
  stay(address: string | null): Promise<{ heard(): number; isOpen(): boolean; leave(): void }>
}

function users(world: World): Users {
  const dial = async (address: string) => {
    const opened = await world.network.network('you').dial(address, { timeoutMs: 1_000 })
    if ('type' in opened) return opened.text
    opened.link.on('error', () => {})
    return opened.link
  }
  return {
    ask: async (address) => {
      const link = address === null ? 'no address' : await dial(address)
      if (typeof link === 'string') return link
      return new Promise((resolve) => {
        const timer = world.clock.setTimeout(() => resolve('silence'), 1_000)
        const said = (text: string): void => {
          world.clock.clearTimeout(timer)
          link.destroy()
          resolve(text)
        }
        link.on('data', () => said('answered'))
        link.on('close', () => said('cut'))
        link.write(Buffer.from('?'))
      })
    },
    stay: async (address) => {
      const link = await dial(address ?? '')
      if (typeof link === 'string') throw new Error(link)
      let heard = 0
      let isOpen = true
      link.on('data', (bytes) => (heard += bytes.length))
      link.on('close', () => (isOpen = false))
      const say = (): void => {
        if (!isOpen) return
        link.write(Buffer.from('?'))
        world.clock.setTimeout(say, 1_000)
      }
      say()
      return { heard: () => heard, isOpen: () => isOpen, leave: () => link.destroy() }
    },
  }
}

interface Stage extends Users {
  readonly world: World
  readonly me: LiveNode
  readonly peer: LiveNode
  turn(name: string): LiveNode
  status(): StatusAnswer
  /** `ash open, birch open`. */
  tunnels(): string
  at(ms: number, run: () => unknown): void
  /** Looks every 50 ms from then on: changes of the first address as `MS NAME`, of its TURN. */
  readonly firsts: string[]
  /** Looks at which no address was announced, or one whose proof was too old. */
  readonly unproven: string[]
}

interface Story {
  /** One way from `me`, in ms. */
  readonly turns: Readonly<Record<string, number>>
  readonly script?: Script
  readonly forMs: number
  readonly fromMs?: number
  /** Of `me`; true where it is not said. */
  readonly behindNat?: boolean
  readonly options?: Parameters<typeof liveNode>[2]
  readonly act?: (stage: Stage) => void
}

/** A network of TURNs, each in a network of its own, and `me`. Answers what the stage shows at the end. */
function live<T>(
  { turns, script = [], forMs, fromMs = 10_000, behindNat = true, options = {}, act = () => {} }: Story,
  tell: (stage: Stage) => T,
): Promise<T> {
  const names = Object.keys(turns)
  const ways = names.map((name): readonly [number, Fault] => [0, slow('me', name, turns[name] ?? 5)])
  return play([...ways, ...script], {
    forMs,
    begin: (world) => {
      for (const host of [...names, 'you']) world.host(host)
      world.host('me', { behindNat })
      serve(world)
      const [first = 'ash'] = names
      const seeds = [`${world.host(first).ip}:${NODE_PORT}`]
      const nodes = names.map((name) => liveNode(world, name, name === first ? {} : { seeds }))
      const me = liveNode(world, 'me', { seeds, services: [SERVICE], listen: null, ...options })
      const [peer] = nodes
      const turn = (name: string): LiveNode => nodes[names.indexOf(name)] ?? me
      if (!peer) throw new Error('there is one at least')
      const at = (ms: number, run: () => unknown): void => void world.clock.setTimeout(() => void run(), ms)
      const status = (): StatusAnswer => me.current.status()
      const firsts: string[] = []
      const unproven: string[] = []
      const look = (): void => {
        const [one] = status().turns
        const name = one?.state === 'open' ? one.name : 'nobody'
        if (firsts.at(-1)?.split(' ')[1] !== name) firsts.push(`${Math.round(world.clock.now())} ${name}`)
        const ageMs = one?.provenAt == null ? Number.POSITIVE_INFINITY : world.ports('me').clock.wallMs() - Date.parse(one.provenAt)
        if (status().node.address !== one?.public || ageMs > PROOF_MS) unproven.push(`${Math.round(world.clock.now())} ${name}`)
        at(LOOK_MS, look)
      }
      at(fromMs, look)
      const stage: Stage = {
        ...{ world, me, peer, turn, status, at, firsts, unproven, ...users(world) },
        tunnels: () =>
          status()
            .turns.map(({ name, state }) => `${name} ${state}`)
            .join(', '),
      }
      act(stage)
      return () => tell(stage)
    },
  })
}

const portOf = (address: string | null | undefined): string | undefined => address?.split(':')[1]

test('two TURNs are held, the nearest first; its record has both addresses, and its service one at each, of the same port', () =>
  live({ turns: { ash: 5, birch: 20, cedar: 60 }, forMs: 20_000 }, ({ status, tunnels, peer, me }) => {
    const { node, turns, turn, services } = status()
    const row = peer.current.peers().peers.find(({ id }) => id === me.current.id)
    expect([node.state, tunnels(), turn?.reason]).toEqual([
      'tunnelling.up',
      'ash open, birch open',
      'least latency of 3: 10.0 ms; next birch 40.0 ms',
    ])
    expect([row?.address, row?.addresses, row?.via]).toEqual([node.address, turns.map((one) => one.public), turn?.id])
    expect(services[0]?.at.map(({ turn: name, state }) => `${name} ${state}`)).toEqual(['ash up', 'birch up'])
    expect(services[0]?.public).toEqual(services[0]?.at[0]?.public)
    expect([turns, services[0]?.at ?? []].map((all) => new Set(all.map((one) => portOf(one.public))).size)).toEqual([1, 1])
  }))

test.each<[string, Fault, number]>([
  ['killed', kill('ash'), 50],
  ['silent', blackHole('ash'), 4_700],
])('when the first TURN is %s the second is the first at once, proven already, and a third is fetched', (_, fault, withinMs) =>
  live(
    { turns: { birch: 20, ash: 5, cedar: 60 }, script: [[20_000, fault]], forMs: 40_000 },
    ({ status, tunnels, firsts, unproven, peer, me }) => {
      expect([status().node.state, tunnels(), unproven]).toEqual(['tunnelling.up', 'birch open, cedar open', []])
      expect(firsts.map((line) => line.split(' ')[1])).toEqual(['ash', 'birch'])
      expect([firsts[1], Number(firsts[1]?.split(' ')[0]) <= 20_000 + withinMs + LOOK_MS]).toEqual([firsts[1], true])
      const row = peer.current.peers().peers.find(({ id }) => id === me.current.id)
      expect([row?.state, row?.addresses]).toEqual(['alive', status().turns.map((one) => one.public)])
    },
  ),
)

test('a user who asks all the time at the first address goes without an answer for a tenth of a second when its TURN is killed', async () => {
  const answers: string[] = []
  await live(
    {
      turns: { birch: 20, ash: 5, cedar: 60 },
      script: [[20_000, kill('ash')]],
      forMs: 25_000,
      act: ({ status, ask, at, world }) => {
        const visit = (): void => {
          const atMs = world.clock.now()
          void ask(status().services[0]?.public ?? null).then((answer) => answers.push(`${Math.round(atMs)} ${answer}`))
          at(20, visit)
        }
        at(15_000, visit)
      },
    },
    () => {
      const failed = answers.filter((line) => !line.endsWith('answered')).map((line) => Number(line.split(' ')[0]))
      expect([answers.length > 400, Math.min(...failed) >= 19_900, Math.max(...failed) <= 20_100]).toEqual([true, true, true])
    },
  )
})

test('a TURN that drains is left for a third before it goes: no user goes without an answer, and who is connected goes on', async () => {
  const answers: string[] = []
  let drained = ''
  await live(
    {
      turns: { birch: 20, ash: 5, cedar: 60 },
      forMs: 60_000,
      act: ({ status, ask, stay, at, turn }) => {
        const visit = (): void => {
          void ask(status().services[0]?.public ?? null).then((answer) => answers.push(answer))
          at(20, visit)
        }
        at(15_000, visit)
        at(19_000, async () => {
          const user = await stay(status().services[0]?.public ?? null)
          at(26_000, () => user.leave())
        })
        at(20_000, async () => {
          const answer = await turn('ash').current.drain(40_000)
          drained = `${answer.moved} moved, ${answer.stayed} stayed, ${answer.connections} connections`
        })
      },
    },
    ({ tunnels, unproven }) =>
      expect([tunnels(), unproven, drained, answers.length > 2_000, answers.filter((answer) => answer !== 'answered')]).toEqual([
        'birch open, cedar open',
        [],
        '1 moved, 0 stayed, 0 connections',
        true,
        [],
      ]),
  )
})

test('one TURN in the whole network is enough to be up, and one is held where one is wanted', async () => {
  const one = await live({ turns: { ash: 5 }, forMs: 20_000 }, ({ status, tunnels }) => [status().node.state, tunnels()])
  const wanted = await live({ turns: { ash: 5, birch: 20 }, forMs: 20_000, options: { tunnels: 1 } }, ({ status, tunnels }) => [
    status().node.state,
    tunnels(),
  ])
  expect([one, wanted]).toEqual([
    ['tunnelling.up', 'ash open'],
    ['tunnelling.up', 'ash open'],
  ])
})

test('a much nearer TURN that appears is proven before another is left, whose users go on', async () => {
  const seen: string[] = []
  await live(
    {
      turns: { birch: 60, ash: 20, cedar: 2 },
      script: [
        [100, kill('cedar')],
        [60_000, restart('cedar')],
      ],
      forMs: 140_000,
      act: ({ status, stay, tunnels, at }) => {
        at(50_000, async () => {
          seen.push(tunnels())
          const left = await stay(status().services[0]?.at[1]?.public ?? null)
          at(70_000, () => {
            seen.push(tunnels(), left.isOpen() && left.heard() > 65 ? 'the user is there' : 'the user was cut')
            left.leave()
          })
        })
      },
    },
    ({ tunnels, firsts, unproven, status }) => {
      expect([seen, tunnels(), unproven]).toEqual([
        ['ash open, birch open', 'cedar open, ash open, birch retiring', 'the user is there'],
        'cedar open, ash open',
        [],
      ])
      expect(firsts.map((line) => line.split(' ')[1])).toEqual(['ash', 'cedar'])
      expect(status().turn?.reason).toEqual('least latency of 3: 4.00 ms; next ash 40.0 ms')
    },
  )
})

test('one that is a little nearer is not moved to, and the reason says so', () =>
  live(
    {
      turns: { birch: 14, ash: 12, cedar: 10 },
      script: [
        [100, kill('cedar')],
        [30_000, restart('cedar')],
      ],
      forMs: 120_000,
    },
    ({ tunnels, status }) =>
      expect([tunnels().split(', ').toSorted(), status().turn?.reason]).toEqual([
        ['ash open', 'birch open'],
        expect.stringMatching(
          /^least latency of 3, give or take 10 ms: cedar 20.0 ms is nearer than (ash 24|birch 28).0 ms, but not by 10 ms$/,
        ),
      ]),
  ))

test('when all TURNs are gone it says so, and is back soon after the first returns', () =>
  live(
    {
      turns: { ash: 5, birch: 20 },
      script: [
        [20_000, all([kill('ash'), kill('birch')])],
        [60_000, restart('birch')],
      ],
      forMs: 95_000,
      act: ({ at, status }) =>
        at(59_000, () => expect([status().node.state, status().turn, status().turns]).toEqual(['selectingTurn', null, []])),
    },
    ({ tunnels, firsts, status }) => {
      expect([status().node.state, tunnels()]).toEqual(['tunnelling.up', 'birch open'])
      expect(firsts.map((line) => line.split(' ')[1])).toEqual(['ash', 'nobody', 'birch'])
    },
  ))

test('a TURN that answers pings and carries nothing is left within 30 s, and not taken back for long', () =>
  live(
    {
      turns: { birch: 20, ash: 5, cedar: 60 },
      forMs: 100_000,
      act: ({ at, world }) => {
        // A firewall in front of what it carries: its own port goes on answering.
        const block = (): void => {
          const { listeners } = world.host('ash')
          for (const listener of listeners) if (listener.port >= 20_000 && listener.port < 20_100) listeners.delete(listener)
          at(LOOK_MS, block)
        }
        at(20_000, block)
      },
    },
    ({ tunnels, firsts, unproven, peer, me, status }) => {
      const [, left = ''] = firsts
      expect([firsts.map((line) => line.split(' ')[1]), Number(left.split(' ')[0]) <= 35_000, unproven]).toEqual([
        ['ash', 'birch'],
        true,
        [],
      ])
      expect(tunnels().startsWith('birch open, cedar open')).toEqual(true)
      const row = peer.current.peers().peers.find(({ id }) => id === me.current.id)
      expect(row?.address).toEqual(status().node.address)
    },
  ))

/** Packets between `me` and these TURNs take up to so much longer each way, by chance. */
const noisy =
  (turns: readonly string[], jitterMs: number): Fault =>
  (world) => {
    for (const turn of turns)
      for (const route of [world.network.route('me', turn), world.network.route(turn, 'me')]) route.jitterMs = jitterMs
  }

test('noise of 8 ms each way moves nobody in ten minutes, though three TURNs are about as near', async () => {
  const moves: string[] = []
  await live(
    {
      turns: { ash: 10, birch: 12, cedar: 14 },
      script: [[5_000, noisy(['ash', 'birch', 'cedar'], 16)]],
      fromMs: 10_000,
      forMs: 610_000,
      options: { services: [] },
      act: ({ me, at }) => at(10_000, () => me.current.onNews(({ type }) => /^turn\.(chosen|lost|broke)$/.test(type) && moves.push(type))),
    },
    ({ firsts, unproven, status }) => expect([firsts.length, moves, unproven, status().node.state]).toEqual([1, [], [], 'tunnelling.up']),
  )
}, 120_000)

/** Its router lets connects through to it from then on, or no more. */
const forward =
  (inbound: 'open' | 'dropped'): Fault =>
  (world) => {
    world.host('me').inbound = inbound
  }

/** Reached itself, then only through its two TURNs for 45 s, then itself again. */
const CUT_AND_BACK: Parameters<typeof live>[0] = {
  turns: { ash: 5, birch: 20 },
  script: [
    [0, forward('open')],
    [15_000, all([forward('dropped'), reset('me', 'ash'), reset('me', 'birch')])],
    [60_000, forward('open')],
  ],
  behindNat: false,
  options: { listen: `0.0.0.0:${NODE_PORT}` },
  forMs: 100_000,
}

test('a node that can be reached itself again is so before it leaves its tunnels, whose users go on; the way back costs a moment', async () => {
  const failed: number[] = []
  const seen: string[] = []
  await live(
    {
      ...CUT_AND_BACK,
      act: ({ status, ask, stay, tunnels, at, world }) => {
        const look = (): void => void seen.push(`${status().node.state} ${status().node.address} ${tunnels()}`)
        const visit = (): void => {
          const atMs = world.clock.now()
          void ask(status().services[0]?.public ?? null).then((answer) => answer !== 'answered' && failed.push(atMs))
          at(100, visit)
        }
        at(10_000, visit)
        at(14_000, look)
        at(50_000, async () => {
          look()
          const user = await stay(status().services[0]?.public ?? null)
          at(45_000, () => {
            look()
            seen.push(user.isOpen() && user.heard() >= 34 ? 'the user is there' : 'the user was cut')
            user.leave()
          })
        })
      },
    },
    ({ status, tunnels, world }) => {
      const [me, ash] = ['me', 'ash'].map((name) => world.host(name).ip)
      expect([...seen, tunnels(), status().services[0]?.public?.split(':')[0]]).toEqual([
        `serving ${me}:${NODE_PORT} `,
        expect.stringMatching(`^tunnelling.up ${ash}:\\d+ ash open, birch open$`),
        `serving ${me}:${NODE_PORT} ash retiring`,
        'the user is there',
        '',
        me,
      ])
      // From the cut until it was told of it, and no longer than a tunnel takes then.
      expect([Math.min(...failed) >= 14_900, Math.max(...failed) <= 21_000]).toEqual([true, true])
    },
  )
})

test('users of its own ports go on where a node is not reached itself any more, new ones come through its TURNs, and all are there on the way back', async () => {
  const seen: string[] = []
  await live(
    {
      ...CUT_AND_BACK,
      act: ({ status, ask, stay, at }) => {
        at(14_000, async () => {
          const user = await stay(status().services[0]?.public ?? null)
          const look = async (): Promise<void> => {
            const { node, services } = status()
            const address = services[0]?.public ?? null
            const others = await ask(address)
            seen.push(`${node.state} ${address}: others ${others}, the user ${user.isOpen() ? `heard ${user.heard() >= 30}` : 'was cut'}`)
          }
          await look()
          at(35_000, look)
          at(70_000, look)
          at(74_000, () => user.leave())
        })
      },
    },
    ({ world }) => {
      const [me, ash] = ['me', 'ash'].map((name) => world.host(name).ip)
      expect(seen).toEqual([
        `serving ${me}:20000: others answered, the user heard false`,
        expect.stringMatching(`^tunnelling.up ${ash}:\\d+: others answered, the user heard true$`),
        `serving ${me}:20000: others answered, the user heard true`,
      ])
    },
  )
})
