// The client's end of a tunnel in the virtual network, with an frps at the other: what it tells its machine, and how the services
// fare that it carries.
import { expect, test } from 'vitest'
import { createActor, type EventObject, sendTo, setup } from 'xstate'
import { createTrafficRates } from '../../../src/actors/carrying/traffic-rates.ts'
import type { PlaceListener } from '../../../src/actors/services/carrier.ts'
import { createServicePorts } from '../../../src/actors/services/service-ports.ts'
import { createServices, type Services } from '../../../src/actors/services/services.ts'
import { createLinkActor } from '../../../src/actors/turn/link-actor.ts'
import type { ServiceSpec } from '../../../src/answers.ts'
import { KeptTable } from '../../../src/domain/ip-table.ts'
import { servicePort } from '../../../src/domain/service-port.ts'
import type { TurnCandidate } from '../../../src/domain/turn-choice.ts'
import { type Failure, isFailure, type Listening } from '../../../src/ports.ts'
import { FRPS_PORT, frps } from '../../sim/frps.ts'
import { blackHole, kill, reset } from '../../sim/story.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { createWorld, type World } from '../../sim/world.ts'

const SELF = 'ab'.repeat(16)
const TOKEN = 'moon'
const NOBODY: Failure = { type: 'failed', reason: 'protocol', text: 'no node with an identity answers there' }
const WEB: ServiceSpec = { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null }
const SSH: ServiceSpec = { ...WEB, name: 'ssh' }

interface Stage {
  readonly world: World
  readonly services: Services
  /** What the link tells its machine, services' news, and what the frps sees, with their times. */
  readonly told: readonly string[]
  readonly seen: readonly string[]
  /** Logs in at the frps. Answers its end. */
  link(): () => void
  /** Tells the last link to retire. */
  retire(): void
  /** And that it is needed again. */
  resume(): void
  standing(): readonly string[]
  listen(): Promise<Listening>
  advance(ms: number): Promise<void>
}

interface Options {
  readonly token?: string
  readonly kind?: TurnCandidate['kind']
  /** The frps listens only from then on. */
  readonly fromMs?: number
  /** Who answers this node's own question through the tunnel, at each time of asking. */
  readonly echo?: (atMs: number) => string | null
  /** How long that takes. */
  readonly echoMs?: (atMs: number) => number
  readonly pingMs?: number | null
  readonly patienceMs?: number
}

async function onStage(
  first: readonly ServiceSpec[],
  act: (stage: Stage) => Promise<void>,
  { token = TOKEN, kind = 'frp', fromMs = 0, echo = () => SELF, echoMs = () => 0, pingMs = null, patienceMs = 600_000 }: Options = {},
): Promise<void> {
  const world = createWorld()
  const leave = world.enter()
  try {
    world.host('me', { behindNat: true })
    const { clock, random, network } = world.ports('me')
    const [told, seen]: [string[], string[]] = [[], []]
    const at = (): number => Math.round(clock.now())
    const begin = (): void =>
      frps(world, 'elm', kind === 'p2prc' ? '' : TOKEN, (fact, ms) => {
        if (fact.type === 'proxy.opened' || fact.type === 'proxy.closed')
          seen.push(`${Math.round(ms)} ${fact.type} ${fact.proxy.replace(SELF.slice(0, 16), 'me')}`)
        if (fact.type === 'session.closed') seen.push(`${Math.round(ms)} ${fact.type}`)
      })
    if (fromMs === 0) begin()
    else world.clock.setTimeout(begin, fromMs)
    const services = createServices({
      clock,
      random,
      network,
      first,
      rates: createTrafficRates(clock),
      inspect: () => {},
      onBug: (error) => world.clock.crash(error),
      publish: (news) => {
        if (news.type === 'service.up') told.push(`${at()} ${news.service} up at ${news.public}`)
        if (news.type === 'service.down') told.push(`${at()} ${news.service} down: ${news.why}`)
      },
    })
    const turn: TurnCandidate = {
      key: 'elm',
      id: null,
      name: 'elm',
      address: `${world.host('elm').ip}:${FRPS_PORT}`,
      kind,
      rttMs: 10,
      alive: true,
      offersTurn: true,
      behindNat: false,
    }
    const logic = createLinkActor({
      clock,
      random,
      network,
      services,
      servicePorts: createServicePorts(SELF),
      self: SELF,
      keeper: { current: () => new KeptTable() },
      patienceMs,
      run: 'r',
      knocks: {
        at: async () => {
          const ms = echoMs(clock.now())
          if (ms > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, ms))
          return echo(clock.now()) === SELF
        },
      },
      calls: {
        whoAnswers: async () => {
          const ms = echoMs(clock.now())
          if (ms > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, ms))
          const id = echo(clock.now())
          return id === null ? NOBODY : { type: 'answerer', id, run: 'r' }
        },
      },
      external: {
        measured: () => {},
        rttMs: () => pingMs,
        refused: (key, why) => void told.push(`${at()} ${key} refused: ${why}`),
      },
      innerAddress: () => '127.0.0.1:9',
      onBug: (error) => world.clock.crash(error),
      turns: [{ type: 'frp', address: turn.address, token, tls: 'off', wire: 1 }],
    })
    /** A machine that only runs the link and keeps what it tells. */
    const listener = setup({ types: { events: {} as EventObject }, actors: { link: logic } }).createMachine({
      invoke: { id: 'link', src: 'link', input: { turn, frpAddress: turn.address } },
      on: {
        retire: { actions: sendTo('link', { type: 'link.retire' }) },
        resume: { actions: sendTo('link', { type: 'link.resume' }) },
        '*': {
          actions: ({ event }) => {
            const { type, ...facts } = event
            told.push([at(), type, ...Object.values(facts)].join(' '))
          },
        },
      },
    })
    const running = new Set<() => void>()
    let say = (_type: 'retire' | 'resume'): void => {}
    services.start()
    await act({
      world,
      services,
      told,
      seen,
      link: () => {
        const actor = createActor(listener, { clock }).start()
        const end = (): void => {
          actor.stop()
          running.delete(end)
        }
        running.add(end)
        say = (type) => actor.send({ type })
        return end
      },
      retire: () => say('retire'),
      resume: () => say('resume'),
      standing: () => services.list().map(({ name, state, public: where, error }) => `${name} ${state} ${where} ${error}`),
      listen: async () => {
        const listening = await network.listen(WEB.local, (accepted) => {
          const { link } = accepted.open(null)
          link.on('error', () => {})
          link.on('end', () => link.end())
          link.resume()
        })
        if (isFailure(listening)) throw new Error(listening.text)
        return listening
      },
      advance: (ms) => world.clock.advance(ms),
    })
    for (const end of running) end()
    services.stop()
  } finally {
    leave()
  }
}

test('it logs in, proves this node, and carries its services, which it takes back with its end', () =>
  onStage([WEB, SSH], async ({ services, told, seen, link, listen, standing, advance }) => {
    await listen()
    const end = link()
    await advance(1_000)
    const [web, ssh] = services.list().map((service) => service.public)
    end()
    await advance(1_000)
    expect(told).toEqual([
      '20 link.loggedIn',
      expect.stringMatching(/^30 link\.proven 10\.0\.0\.2:30\d\d\d 1893456000030$/),
      `50 web up at ${web}`,
      `50 ssh up at ${ssh}`,
      '1000 web down: its tunnel is gone',
      '1000 ssh down: its tunnel is gone',
    ])
    expect(seen.map((line) => line.split(' ').slice(1).join(' ')).toSorted()).toEqual([
      'proxy.closed me.ssh',
      'proxy.closed me.web',
      'proxy.closed me/node',
      'proxy.opened me.ssh',
      'proxy.opened me.web',
      'proxy.opened me/node',
      'session.closed',
    ])
    expect(standing()).toEqual(['web opening null null', 'ssh opening null null'])
  }))

test('nothing is proven by an answer that is not this node', () =>
  onStage(
    [],
    async ({ told, link, advance }) => {
      link()
      await advance(60_000)
      expect(told).toEqual(['20 link.loggedIn'])
    },
    { echo: () => 'somebody else' },
  ))

test('the proof of this node is renewed about every 8 s, and told each time with its own moment', () =>
  onStage([], async ({ told, link, advance }) => {
    link()
    await advance(300_000)
    const times = told.filter((line) => line.includes('link.proven')).map((line) => Number(line.split(' ')[0]))
    const gaps = times.slice(1).map((ms, i) => ms - (times[i] ?? 0))
    expect([gaps.length >= 35, gaps.every((ms) => ms >= 7_500 && ms <= 8_500)]).toEqual([true, true])
    const proofs = told.filter((line) => line.includes('link.proven')).map((line) => Number(line.split(' ')[3]) - VirtualClock.epochMs)
    expect(proofs.map(Math.round)).toEqual(times)
  }))

test.each([
  ['once', (failures: number) => failures <= 1, false],
  ['twice in a row', () => true, true],
])('a renewal that fails %s', (_, fails, isOver) => {
  let failures = 0
  const echo = (atMs: number): string | null => (atMs > 1_000 && fails(++failures) ? null : SELF)
  return onStage(
    [],
    async ({ told, link, advance }) => {
      link()
      await advance(45_000)
      const closed = told.filter((line) => line.includes('link.unproven')).map((line) => line.replace(/\d+/g, 'N'))
      expect(closed).toEqual(isOver ? ['N link.unproven nobody comes through its address N.N.N.N:N any more'] : [])
    },
    { echo },
  )
})

/** The services are carried at another place as well, which lets everybody in. */
async function carryElsewhere({ world, services }: Pick<Stage, 'world' | 'services'>): Promise<void> {
  const { ip } = world.host('oak')
  const listeners = new Set<PlaceListener>()
  await world.network.network('oak').listen('0.0.0.0:30000', () => {
    for (const { served } of listeners) served(null)
  })
  services.carriedBy({
    ...{ key: 'oak', name: 'oak', isOnlyWay: true },
    open: (_, listener) => {
      listeners.add(listener)
      world.clock.setTimeout(() => listener.opened(`${ip}:30000`), 1)
      return { close: () => listeners.delete(listener) }
    },
  })
}

test.each<[string, number, number, string]>([
  ['ends once its users are gone', 600_000, 40_000, 'are gone'],
  ['ends when its users have had their time', 15_000, 15_000, 'have had their time'],
])('a link that retires %s', (_, patienceMs, goneAtMs, why) =>
  onStage(
    [WEB],
    async (stage) => {
      const { world, services, told, link, retire, listen, advance } = stage
      await listen()
      link()
      await advance(1_000)
      world.host('you')
      const dialled = world.network.network('you').dial(services.list()[0]?.public ?? '', { timeoutMs: 1_000 })
      await carryElsewhere(stage)
      await advance(1_000)
      const user = await dialled
      if ('type' in user) throw new Error('the user is not let in')
      user.link.on('error', () => {})
      retire()
      await advance(40_000)
      user.link.destroy()
      await advance(2_000)
      const [line = ''] = told.filter((one) => one.includes('link.closed'))
      const atMs = Number(line.split(' ')[0]) - 2_000
      expect([line.replace(/^\d+ /, ''), atMs >= goneAtMs && atMs < goneAtMs + 1_100]).toEqual([`link.closed its users ${why}`, true])
    },
    { patienceMs },
  ),
)

test('a link that retires and has no users ends after 10 s: whoever heard of its address a moment ago is served', () =>
  onStage([WEB], async (stage) => {
    const { told, link, retire, listen, advance } = stage
    await listen()
    link()
    await carryElsewhere(stage)
    await advance(2_000)
    retire()
    await advance(9_999)
    expect(told.filter((line) => line.includes('link.closed'))).toEqual([])
    await advance(1)
    expect(told.filter((line) => line.includes('link.closed'))).toEqual(['12000 link.closed its users are gone'])
  }))

test('a link that retires stays for a service that is up nowhere else, until it is, or its time is over', () =>
  onStage(
    [WEB],
    async (stage) => {
      const { services, told, link, retire, listen, advance } = stage
      await listen()
      link()
      await advance(2_000)
      const [web] = services.list()
      retire()
      await advance(30_000)
      expect([told.filter((line) => line.includes('link.closed')), services.list()[0]?.public]).toEqual([[], web?.public])
      await carryElsewhere(stage)
      await advance(2_000)
      expect(told.flatMap((line) => (line.includes('link.closed') ? [line.replace(/^\d+ /, '')] : []))).toEqual([
        'link.closed its users are gone',
      ])
    },
    { patienceMs: 60_000 },
  ))

test('a link that retires and is needed again is proven at once, and stays', () =>
  onStage([WEB], async ({ told, link, retire, resume, listen, advance }) => {
    await listen()
    link()
    await advance(2_000)
    retire()
    await advance(1_000)
    resume()
    await advance(10)
    expect(told.at(-1)).toMatch(/^3000 link\.proven/)
    await advance(30_000)
    expect(told.filter((line) => line.includes('link.closed') || line.includes('down'))).toEqual([])
  }))

test.each([
  ['a number of its own', false, 0],
  ['the next one where somebody else has that', true, 1],
])('this node itself asks for %s', (_, isTaken, step) =>
  onStage([], async ({ world, told, link, advance }) => {
    const nth = (passed: number): number => servicePort(SELF, '/node', { first: 30_000, last: 30_099 }, passed) ?? 0
    if (isTaken) await world.network.network('elm').listen(`0.0.0.0:${nth(0)}`, () => {})
    link()
    await advance(1_000)
    expect(told.find((line) => line.includes('link.proven'))).toContain(`:${nth(step)} `)
  }),
)

test('a TURN that answers pings and carries badly is left', () =>
  onStage(
    [],
    async ({ told, link, advance }) => {
      link()
      await advance(40_000)
      const [line = ''] = told.filter((one) => one.includes('link.closed'))
      expect([line.replace(/^\d+ /, ''), Number(line.split(' ')[0]) < 40_000]).toEqual([
        'link.closed it carries badly: 1500 ms through it, while it answers pings in 10.0 ms',
        true,
      ])
    },
    { echoMs: (atMs) => (atMs > 10_000 ? 1_500 : 0), pingMs: 10 },
  ))

test('a service that is added is carried, and one that is removed is not', () =>
  onStage([WEB], async ({ services, seen, link, listen, standing, advance }) => {
    await listen()
    link()
    await advance(1_000)
    services.add({ ...WEB, name: 'more' })
    services.remove('web')
    await advance(1_000)
    expect(standing()).toEqual([expect.stringMatching(/^more up 10\.0\.0\.2:30\d\d\d null$/)])
    expect(seen).toEqual(['25 proxy.opened me/node', '25 proxy.opened me.web', '1005 proxy.opened me.more', '1005 proxy.closed me.web'])
  }))

test.each<[string, ServiceSpec, string]>([
  ['a port that is not allowed', { ...WEB, options: { port: 80 } }, 'port 80 is not allowed at elm'],
  ['a port that is taken there', { ...WEB, options: { port: FRPS_PORT } }, `port ${FRPS_PORT} is taken at elm`],
  ['a domain, where none is carried', { ...WEB, kind: 'http', domain: 'web.example.org' }, 'elm carries no http services'],
])('%s is told with the reason, and asked for again every 30 s', (_, spec, why) =>
  onStage([spec], async ({ told, link, standing, advance }) => {
    link()
    await advance(95_000)
    expect([standing(), told.filter((line) => !line.includes('link.'))]).toEqual([[`web down null ${why}`], [`30 web down: ${why}`]])
  }),
)

test('a port that becomes free is had at the next time of asking', () =>
  onStage([{ ...WEB, options: { port: 20_080 } }], async ({ world, link, listen, told, advance }) => {
    await listen()
    const other = await world.network.network('elm').listen('0.0.0.0:20080', () => {})
    if (isFailure(other)) throw new Error(other.text)
    link()
    await advance(20_000)
    await other.close()
    await advance(20_000)
    expect(told.filter((line) => !line.includes('link.'))).toEqual([
      '30 web down: port 20080 is taken at elm',
      '30060 web up at 10.0.0.2:20080',
    ])
  }))

test('a service whose local end is not there says so, and is up within 4 s of its start', () =>
  onStage([WEB], async ({ services, told, link, listen, advance }) => {
    link()
    await advance(6_000)
    expect(services.list()).toMatchObject([
      { state: 'opening', error: 'nothing listens at 127.0.0.1:3000', cause: { type: 'nothing-listens', local: '127.0.0.1:3000' } },
    ])
    await listen()
    await advance(4_000)
    expect(told.slice(2).filter((line) => !line.includes('link.proven'))).toEqual([
      '50 web down: nothing listens at 127.0.0.1:3000',
      expect.stringMatching(/^80\d\d web up at /),
    ])
  }))

test('a service that is up and loses its local end says so with the next user', () =>
  onStage([WEB], async ({ world, services, link, listen, standing, advance }) => {
    const local = await listen()
    link()
    await advance(2_000)
    const [web] = services.list()
    await local.close()
    void world.network.network('elm').dial(web?.public ?? '', { timeoutMs: 1_000 })
    await advance(1_000)
    expect(standing()).toEqual(['web opening null nothing listens at 127.0.0.1:3000'])
  }))

test('a public address that does not work any more is taken back though the tunnel stands', () =>
  onStage([WEB], async ({ world, services, told, link, listen, advance }) => {
    await listen()
    link()
    await advance(2_000)
    const port = Number(services.list()[0]?.public?.split(':')[1])
    // A firewall in front of that port: it is closed to users, and frps does not know.
    for (const listener of world.host('elm').listeners) if (listener.port === port) world.host('elm').listeners.delete(listener)
    await advance(40_000)
    expect(told.slice(3).flatMap((line) => (line.includes('link.') ? [] : [line.replace(/^\d+ /, '')]))).toEqual([
      `web down: its public address 10.0.0.2:${port} can't be connected to: connection refused`,
    ])
  }))

test('a login with a wrong token ends it, and says so in its own words', () =>
  onStage(
    [WEB],
    async ({ told, link, standing, advance }) => {
      link()
      await advance(1_000)
      expect([told, standing()]).toEqual([
        ['20 elm refused: it wants another token', '20 link.closed it wants another token false'],
        ['web opening null null'],
      ])
    },
    { token: 'sun' },
  ))

test('an frps of a P2PRC peer that listens late is waited for', () =>
  onStage(
    [],
    async ({ told, link, advance }) => {
      link()
      await advance(1_999)
      expect(told).toEqual([])
      await advance(1_000)
      expect(told).toEqual(['2100 link.loggedIn', expect.stringContaining('2110 link.proven')])
    },
    { kind: 'p2prc', fromMs: 2_000 },
  ))

test.each([
  ['is cut when the connection is reset', reset('me', 'elm'), 'link.closed connection reset true', 0],
  ['is cut when the TURN dies', kill('elm'), 'link.closed connection reset true', 5],
  ['is not cut, but over, when the TURN falls silent', blackHole('elm'), 'link.closed silent for', 4_600],
])('a link %s, and its services wait', (_, fault, fact, withinMs) =>
  onStage([WEB], async ({ world, told, link, listen, advance }) => {
    await listen()
    const end = link()
    await advance(20_000)
    fault(world)
    await advance(withinMs)
    end()
    const since = told.slice(3).filter((line) => !line.includes('link.proven'))
    expect(since.map((line) => line.replace(/^\d+ /, ''))).toEqual([expect.stringContaining(fact), 'web down: its tunnel is gone'])
  }),
)
