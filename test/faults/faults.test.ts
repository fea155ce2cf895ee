import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { applyFeed, type FeedView } from '../../src/feed/delta.ts'
import { framesOf, messageOf } from '../../src/feed/recording.ts'
import { createWorld } from '../sim/world.ts'
import type { Fault } from './fault.ts'
import { hostsOf } from './fault.ts'
import { nodeOf, record } from './recorded.ts'
import { run } from './run.ts'
import { type NodeSpec, type Scenario, scenarioOf, withoutParts } from './scenario.ts'
import { shrink } from './shrink.ts'
import { Watch } from './watch.ts'

const asJson = (scenario: Scenario): Scenario => JSON.parse(JSON.stringify(scenario))

/** A world takes seconds of processor time; beside other tests it may be a minute. */
const WORLD_MS = 120_000

test(
  'a seed is the same run byte for byte, also from its JSON and after another run',
  async () => {
    const once = await run(scenarioOf(8), { withStory: true })
    const other = await run(scenarioOf(9), { withStory: true, untilMs: 10_000 })
    const again = await run(asJson(scenarioOf(8)), { withStory: true })
    expect(again).toEqual(once)
    expect([once.story.length > 500, once.hash === other.hash]).toEqual([true, false])
  },
  WORLD_MS,
)

test('every sort of fault comes up, each befalls hosts of its scenario, and none lasts longer than the rest of the story', () => {
  const scenarios = Array.from({ length: 300 }, (_, seed) => scenarioOf(seed))
  const types = new Set(scenarios.flatMap(({ faults }) => faults.map(({ type }) => type)))
  const strays = scenarios.flatMap(({ seed, nodes, faults, endMs }) =>
    faults
      .filter((fault) => {
        const isKnown = (host: string): boolean => ['frps', 'gopher', ...nodes.map(({ name }) => name)].includes(host)
        return !hostsOf(fault).every(isKnown) || fault.atMs + ('forMs' in fault ? fault.forMs : 0) > endMs
      })
      .map((fault) => ({ seed, fault })),
  )
  expect(strays).toEqual([])
  expect([...types].sort()).toEqual([
    'black-hole',
    'clock',
    'cut',
    'deaf',
    'freeze',
    'full-disk',
    'gone',
    'kill',
    'loss',
    'lossy',
    'move',
    'mute',
    'narrow',
    'one-way',
    'partition',
    'refuse',
    'reset',
    'sever',
    'sleep',
    'slow',
    'stop',
  ])
})

test('what came later into the search leaves what a seed drew before as it was', () => {
  const { faults } = withoutParts(scenarioOf(976), ['lossy', 'deaf', 'mute'])
  expect(faults.map((fault) => [fault.atMs, fault.type, ...hostsOf(fault)])).toEqual([
    [5_382, 'partition', 'elm', 'juniper', 'frps'],
    [5_913, 'stop', 'birch'],
    [10_855, 'freeze', 'gorse'],
    [12_068, 'sever', 'ivy', 'gorse'],
    [23_203, 'stop', 'ivy'],
  ])
  const further = Array.from(
    { length: 40 },
    (_, seed) => scenarioOf(seed).faults.length - withoutParts(scenarioOf(seed), ['lossy', 'deaf', 'mute']).faults.length,
  )
  expect([...new Set(further)].sort()).toEqual([0, 1, 2])
})

test('a scenario is cut down to what its failure needs', async () => {
  const whole = scenarioOf(16)
  const isNeeded = (fault: Fault): boolean => fault.type === 'move'
  const fails = async ({ faults, nodes }: Scenario): Promise<boolean> =>
    faults.some(isNeeded) && nodes.some(({ name, services }) => name === 'fir' && services.includes('udp'))
  const { nodes, faults, frps, p2prc } = await shrink(whole, fails, () => true)
  expect({
    nodes: nodes.map(({ name, services, seeds }) => [name, services, seeds]),
    faults: faults.map(({ type }) => type),
    frps,
    p2prc,
  }).toEqual({
    nodes: [
      ['ash', [], []],
      ['fir', ['udp'], ['ash']],
    ],
    faults: ['move'],
    frps: false,
    p2prc: null,
  })
})

test('what must hold at every moment is seen from outside: pings at once, of one address, and without a pause', () => {
  const world = createWorld()
  const watch = new Watch(world)
  const ping = (address: string) => world.onRequest('ash', address, { method: 'GET', path: '/server_info', timeoutMs: 1_000 })
  const done = { type: 'failed', reason: 'refused', text: 'connection refused' } as const
  ping('10.0.0.2:8088')(done)
  ping('10.0.0.2:8088')
  const soFar = watch.flaws.length
  ping('10.0.0.2:8088')
  for (let port = 1; port <= 15; port++) ping(`10.0.0.3:${port}`)
  world.network.onHappening('0 ash killed')
  for (let i = 0; i < 65; i++) ping('10.0.0.4:8088')(done)
  expect([soFar, watch.flaws]).toEqual([
    0,
    [
      { kind: 'pinged twice at once', text: '0.0 s: ash pinged 10.0.0.2:8088 while it was pinging it' },
      { kind: 'too many pings at once', text: '0.0 s: ash had 17 under way' },
      { kind: 'pinged without a pause', text: '0.0 s: ash asked 10.0.0.4:8088 65 times in 10000 ms' },
    ],
  ])
})

test(
  'two nodes at one IP address that are heard of while the way there is cut are met once it is whole',
  async () => {
    const node = (name: string, startMs: number, more: Partial<NodeSpec> = {}): NodeSpec => ({
      ...{ name, nat: 'drops', listens: false, offersTurn: true, seeds: ['ash'], services: [], turns: ['frps'], startMs },
      ...more,
    })
    const { flaws } = await run({
      seed: 976,
      nodes: [
        node('ash', 0, { nat: 'none', listens: true, seeds: [], turns: ['moonwalk'] }),
        node('birch', 0),
        node('dogwood', 3_070, { listens: true, offersTurn: false, turns: ['moonwalk'] }),
        node('elm', 3_529, { services: ['udp'], turns: ['moonwalk', 'frps'] }),
      ],
      frps: true,
      p2prc: null,
      faults: [{ type: 'partition', hosts: ['elm', 'frps'], silent: true, atMs: 5_382, forMs: 32_161 }],
      endMs: 50_000,
    })
    expect(flaws).toEqual([])
  },
  WORLD_MS,
)

test(
  'what a node shows of a run is a recording, through a restart and with faults and complaints among its news, and changes nothing',
  async () => {
    const few = withoutParts(scenarioOf(8), ['p2prc', 'frps', 'services'])
    const scenario: Scenario = {
      ...few,
      nodes: few.nodes.slice(0, 3),
      faults: [{ type: 'kill', host: 'birch', moved: false, atMs: 8_000, forMs: 3_000 }],
      endMs: 12_000,
    }
    const dir = await mkdtemp(join(tmpdir(), 'moonwalk-faults-'))
    const flaws = [{ kind: 'no tunnel', text: '20.5 s: birch is selectingTurn' }]
    const { outcome, file } = await record(scenario, nodeOf(scenario, flaws), flaws, dir)
    const text = await readFile(file, 'utf8')
    await rm(dir, { recursive: true })
    let view: FeedView | null = null
    const starts = new Set<string>()
    const warned: string[] = []
    for (const frame of framesOf(text)) {
      const message = messageOf(frame)
      view = applyFeed(view, message)
      starts.add(view?.status.node.startedAt ?? 'does not follow on')
      if (message.t === 'd') for (const entry of message.news) if (entry.type === 'warned') warned.push(`${entry.at} ${entry.text}`)
    }
    expect({ name: view?.status.node.name, lives: [...starts].map((at) => at.slice(11, 19)), warned, hash: outcome.hash }).toEqual({
      name: 'birch',
      lives: ['00:00:00', '00:00:11'],
      warned: [
        '2030-01-01T00:00:08.000Z FAULT 8 s kill birch moved=false for 3 s',
        '2030-01-01T00:00:20.500Z COMPLAINT no tunnel: 20.5 s: birch is selectingTurn',
      ],
      hash: (await run(scenario)).hash,
    })
  },
  WORLD_MS,
)

test.each([
  [
    'the first that a complaint names',
    [
      { kind: 'k', text: '1.0 s: nobody' },
      { kind: 'k', text: '2.0 s: web of elm is down' },
    ],
    'elm',
  ],
  ['else the first of all', [{ kind: 'k', text: '1.0 s: nobody' }], 'ash'],
])('whose recording it is: %s', (_, flaws, name) => expect(nodeOf(scenarioOf(8), flaws)).toBe(name))
