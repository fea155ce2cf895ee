// The services of a node, with a carrier that the test plays: what is told of each, when, and what it costs.
import { expect, test } from 'vitest'
import { createTrafficRates } from '../../../src/actors/carrying/traffic-rates.ts'
import type { Carrier, PlaceListener } from '../../../src/actors/services/carrier.ts'
import { serviceHealth } from '../../../src/actors/services/service-health.ts'
import { createServices, type Services } from '../../../src/actors/services/services.ts'
import type { ServiceAnswer, ServiceSpec } from '../../../src/answers.ts'
import type { ServiceCause } from '../../../src/domain/service-cause.ts'
import { isFailure } from '../../../src/ports.ts'
import { createWorld, type World } from '../../sim/world.ts'

const WEB: ServiceSpec = { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null }
const SSH: ServiceSpec = { name: 'ssh', kind: 'tcp', local: '127.0.0.1:22', domain: null }
const NOTHING: ServiceCause = { type: 'nothing-listens', local: WEB.local }
const START = Date.UTC(2030, 0, 1)

interface Stage {
  readonly world: World
  readonly services: Services
  /** News and what the carrier was asked for, with their times. */
  readonly told: readonly string[]
  readonly changes: readonly string[]
  readonly carrier: Carrier
  /** Of the place that is open for a service. */
  place(service?: string): PlaceListener
  /** A port at which whoever connects comes to the service; `cause`: and does not find it. Answers its address. */
  port(at: number, service?: string, cause?: ServiceCause | null): Promise<string>
  /** Nobody comes through there any more. */
  block(address: string): void
  connections(): number
  advance(ms: number): Promise<void>
}

async function onStage(first: readonly ServiceSpec[], act: (stage: Stage) => Promise<void>, { isOnlyWay = true } = {}): Promise<void> {
  const world = createWorld()
  const leave = world.enter()
  try {
    const { clock, random, network } = world.ports('me')
    const told: string[] = []
    const changes: string[] = []
    const places = new Map<string, PlaceListener>()
    const blocked = new Set<string>()
    let connections = 0
    const tell = (text: string): unknown => told.push(`${Math.round(clock.now())} ${text}`)
    const services = createServices({
      clock,
      random,
      network,
      first,
      rates: createTrafficRates(clock),
      inspect: () => {},
      onBug: (error) => world.clock.crash(error),
      publish: (news) => {
        if (news.type === 'service.up') tell(`${news.service} up at ${news.public}`)
        if (news.type === 'service.down') tell(`${news.service} down: ${news.why}`)
      },
    })
    services.changes$.subscribe(({ type, name }) => changes.push(`${type} ${name}`))
    const carrier: Carrier = {
      key: 'elm',
      name: 'elm',
      isOnlyWay,
      open: ({ name }, listener) => {
        places.set(name, listener)
        tell(`${name} asked for`)
        return {
          close: () => {
            places.delete(name)
            tell(`${name} given back`)
          },
        }
      },
    }
    services.start()
    await act({
      world,
      services,
      told,
      changes,
      carrier,
      place: (service = 'web') => {
        const listener = places.get(service)
        if (!listener) throw new Error(`no place for ${service}`)
        return listener
      },
      port: async (at, service = 'web', cause = null) => {
        const address = `127.0.0.1:${at}`
        const listening = await network.listen(address, (accepted) => {
          accepted.open(null)
          connections++
          if (!blocked.has(address)) places.get(service)?.served(cause)
        })
        if (isFailure(listening)) throw new Error(listening.text)
        return address
      },
      block: (address) => blocked.add(address),
      connections: () => connections,
      advance: (ms) => world.clock.advance(ms),
    })
    services.stop()
    await world.clock.advance(1)
    expect(world.clock.timerCount).toEqual(0)
  } finally {
    leave()
  }
}

const waiting = {
  name: 'web',
  kind: 'tcp',
  local: '127.0.0.1:3000',
  public: null,
  at: [],
  state: 'opening',
  error: null,
  phase: 'waiting',
  cause: null,
  since: null,
  provenAt: null,
  traffic: null,
} as const
/** As it stands at the only one who carries it. */
const at = (other: Partial<ServiceAnswer>): ServiceAnswer => {
  const service = { ...waiting, ...other }
  const { public: where, state, error, provenAt } = service
  return { ...service, at: [{ turn: 'elm', public: where, state, error, provenAt }] }
}
const iso = (ms: number): string => new Date(START + ms).toISOString()

test('what the configuration names is there from the start, and waits for somebody to carry it', () =>
  onStage([WEB], async ({ services, told, changes }) => {
    expect([services.list(), services.specs(), told, changes]).toEqual([[waiting], [WEB], [], []])
  }))

test('a service comes and goes', () =>
  onStage([WEB], async ({ services, changes }) => {
    services.add(SSH)
    expect([services.remove('web'), services.remove('web')]).toEqual([true, false])
    expect([services.list(), services.specs(), changes]).toEqual([
      [{ ...waiting, name: 'ssh', local: '127.0.0.1:22' }],
      [SSH],
      ['added ssh', 'removed web'],
    ])
  }))

test('a service that is taken back is told to be down, if it was up', () =>
  onStage([WEB, SSH], async ({ services, told, carrier, place, port, advance }) => {
    const address = await port(20_000)
    services.carriedBy(carrier)
    place().opened(address)
    await advance(1_000)
    services.remove('web')
    services.remove('ssh')
    expect(told).toEqual([
      '0 web asked for',
      '0 ssh asked for',
      '0 web up at 127.0.0.1:20000',
      '1000 web given back',
      '1000 web down: it is not exposed any more',
      '1000 ssh given back',
    ])
  }))

test('a service is up once something sent to its public address came to it, and no sooner', () =>
  onStage([WEB], async ({ services, told, changes, carrier, place, port, advance }) => {
    const address = await port(20_000)
    services.carriedBy(carrier)
    await advance(1_000)
    expect(services.list()).toEqual([at({ phase: 'opening' })])
    place().opened(address)
    expect(services.list()).toEqual([at({ phase: 'proving' })])
    await advance(1)
    expect(services.list()).toEqual([at({ state: 'up', phase: 'up', public: address, since: iso(1_000), provenAt: iso(1_000) })])
    expect([told, changes]).toEqual([
      ['0 web asked for', '1000 web up at 127.0.0.1:20000'],
      ['changed web', 'changed web', 'changed web', 'changed web'],
    ])
  }))

test('an address that changes is withdrawn, and the new one proven, at once', () =>
  onStage([WEB], async ({ services, told, carrier, place, port, advance }) => {
    const addresses = [await port(20_000), await port(20_001)]
    services.carriedBy(carrier)
    for (const address of addresses) {
      place().opened(address)
      await advance(1_000)
    }
    place().opened(null)
    expect(told).toEqual([
      '0 web asked for',
      '0 web up at 127.0.0.1:20000',
      '1000 web down: its public address changed',
      '1000 web up at 127.0.0.1:20001',
      '2000 web down: this node does not know yet at which address others reach it',
    ])
    const cause = { type: 'address-unknown' } as const
    expect(services.list()).toEqual([
      at({ phase: 'opening', error: 'this node does not know yet at which address others reach it', cause }),
    ])
  }))

test('a service is proven at each who carries it, and told at the best of them', () =>
  onStage([WEB], async ({ world, services, told, carrier, place, advance }) => {
    const { network } = world.ports('me')
    const places = new Map<string, PlaceListener>()
    /** Somebody else who carries it, at a port where whoever connects comes to it. */
    const another = async (key: string, port: number): Promise<Carrier> => {
      await network.listen(`127.0.0.1:${port}`, (accepted) => {
        accepted.open(null)
        places.get(key)?.served(null)
      })
      return {
        key,
        name: key,
        isOnlyWay: true,
        open: (_spec, listener) => {
          places.set(key, listener)
          listener.opened(`127.0.0.1:${port}`)
          return { close: () => void told }
        },
      }
    }
    const [birch, cedar] = [await another('birch', 20_001), await another('cedar', 20_002)]
    services.rank(['cedar', 'birch', 'elm'])
    services.carriedBy(carrier)
    const endBirch = services.carriedBy(birch)
    await advance(1_000)
    const endCedar = services.carriedBy(cedar)
    await advance(1_000)
    place().refused({ type: 'port-taken', port: 80, at: 'elm' })
    const error = 'port 80 is taken at elm'
    expect(services.list()[0]?.at).toEqual([
      { turn: 'cedar', public: '127.0.0.1:20002', state: 'up', error: null, provenAt: iso(1_000) },
      { turn: 'birch', public: '127.0.0.1:20001', state: 'up', error: null, provenAt: iso(0) },
      { turn: 'elm', public: null, state: 'down', error, provenAt: null },
    ])
    services.rank(['birch', 'cedar', 'elm'])
    endBirch('its tunnel is gone')
    endBirch('twice')
    endCedar('its tunnel is gone')
    expect(told).toEqual([
      '0 web asked for',
      '0 web up at 127.0.0.1:20001',
      '1000 web up at 127.0.0.1:20002',
      '2000 web given back',
      '2000 web up at 127.0.0.1:20001',
      '2000 web up at 127.0.0.1:20002',
      `2000 web down: ${error}`,
    ])
  }))

test('a service that nobody carries any more waits', () =>
  onStage([WEB], async ({ services, told, carrier, place, port, advance }) => {
    const end = services.carriedBy(carrier)
    place().opened(await port(20_000))
    await advance(1)
    end('its tunnel is gone')
    expect([services.list().map(({ traffic: _, ...web }) => web), told.slice(2)]).toEqual([
      [{ ...waiting, traffic: undefined }].map(({ traffic: _, ...web }) => web),
      ['1 web given back', '1 web down: its tunnel is gone'],
    ])
  }))

test('a refusal is told once with its reason, and asked again every 30 s until there is none', () =>
  onStage([WEB], async ({ services, told, carrier, place, port, advance }) => {
    const address = await port(20_000)
    const cause = { type: 'port-taken', port: 80, at: 'cedar' } as const
    services.carriedBy(carrier)
    place().refused(cause)
    expect(services.list()).toEqual([at({ state: 'down', phase: 'refused', error: 'port 80 is taken at cedar', cause })])
    await advance(30_000)
    place().refused(cause)
    await advance(30_000)
    place().opened(address)
    await advance(1)
    expect(told).toEqual([
      '0 web asked for',
      '0 web given back',
      '0 web down: port 80 is taken at cedar',
      '30000 web asked for',
      '30000 web given back',
      '60000 web asked for',
      '60000 web up at 127.0.0.1:20000',
    ])
  }))

test.each<[string, ServiceCause | null, string]>([
  ['at which nothing comes through', null, 'nothing came through to it from its public address 127.0.0.1:20000 in time'],
  ['whose local end is not there', NOTHING, 'nothing listens at 127.0.0.1:3000'],
])('a service %s says so, and is tried every 4 s', (_, cause, error) =>
  onStage([WEB], async ({ services, told, carrier, place, port, block, connections, advance }) => {
    const address = await port(20_000, 'web', cause)
    if (cause === null) block(address)
    services.carriedBy(carrier)
    place().opened(address)
    await advance(11_999)
    expect(services.list()).toMatchObject([{ state: 'opening', phase: 'proving', public: null, error }])
    expect([told.slice(1).map((line) => line.replace(/^\d+ /, '')), connections()]).toEqual([[`web down: ${error}`], 3])
  }),
)

test('what nobody answers at is told with the reason', () =>
  onStage([WEB], async ({ services, carrier, place, advance }) => {
    services.carriedBy(carrier)
    place().opened('127.0.0.1:20000')
    await advance(1)
    expect(services.list()).toMatchObject([{ error: "its public address 127.0.0.1:20000 can't be connected to: connection refused" }])
  }))

test('a proof is renewed about every 7 s without a word, and its age is told', () =>
  onStage(
    [WEB],
    async ({ services, told, carrier, place, port, connections, advance }) => {
      const address = await port(20_000)
      services.carriedBy(carrier)
      place().opened(address)
      await advance(300_000)
      const [web] = services.list()
      const ageMs = START + 300_000 - Date.parse(web?.provenAt ?? '')
      expect([web?.since, ageMs <= 8_750, connections() >= 35 && connections() <= 55]).toEqual([iso(0), true, true])
      expect(told).toEqual(['0 web asked for', '0 web up at 127.0.0.1:20000'])
    },
    { isOnlyWay: false },
  ))

test('a hundred services cost no more proofs than ten', async () => {
  const cost = async (count: number): Promise<number> => {
    let renewals = 0
    const names = Array.from({ length: count }, (_, i) => `s${i}`)
    await onStage(
      names.map((name) => ({ ...WEB, name })),
      async ({ services, carrier, place, port, connections, advance }) => {
        services.carriedBy(carrier)
        for (const [i, name] of names.entries()) place(name).opened(await port(20_000 + i, name))
        await advance(350_000)
        renewals = connections() - count
      },
    )
    return renewals
  }
  const [ten, hundred] = [await cost(10), await cost(100)]
  expect([ten > 450 && ten < 600, hundred > ten / 2 && hundred <= ten]).toEqual([true, true]) // 1.4 a second
})

test('one service among a hundred that is not proven is tried as often as if it were alone', () => {
  const names = Array.from({ length: 100 }, (_, i) => `s${i}`)
  return onStage(
    names.map((name) => ({ ...WEB, name })),
    async ({ services, carrier, place, port, block, connections, advance }) => {
      services.carriedBy(carrier)
      const address = await port(20_000, 's0')
      block(address)
      place('s0').opened(address)
      await advance(39_999)
      expect(connections()).toEqual(10)
    },
  )
})

test.each([
  ['counts as a proof where that is the only way in', true, 1],
  ['counts for nothing where others may come from nearby', false, 2],
])('a user who comes through %s', (_, isOnlyWay, connected) =>
  onStage(
    [WEB],
    async ({ services, carrier, place, port, connections, advance }) => {
      services.carriedBy(carrier)
      place().opened(await port(20_000))
      for (let s = 0; s < 10; s++) {
        await advance(1_000)
        place().served(null)
      }
      expect(connections()).toEqual(connected)
      if (isOnlyWay) expect(services.list()).toMatchObject([{ since: iso(0), provenAt: expect.stringMatching(/:0[5-9]\.000Z$/) }])
    },
    { isOnlyWay },
  ),
)

test('a user who finds nothing at the local end has it proven at once; it stays up if that goes well, and two of them take it down', () =>
  onStage([WEB], async ({ services, told, carrier, place, port, connections, advance }) => {
    const address = await port(20_000)
    services.carriedBy(carrier)
    place().opened(address)
    await advance(5_000)
    place().served(NOTHING)
    await advance(1_000)
    place().served(NOTHING) // so soon it is left at the proof just made
    await advance(4_000)
    expect([connections(), told.length]).toEqual([2, 2])
    place().served(NOTHING)
    place().served(NOTHING)
    expect(told.at(-1)).toEqual('10000 web down: nothing listens at 127.0.0.1:3000')
    await advance(1)
    expect(services.list()).toMatchObject([{ state: 'up', error: null }])
  }))

test('a renewal that is lost is tried once more before the service is taken back', () =>
  onStage([WEB], async ({ told, services, carrier, place, port, block, connections, advance }) => {
    const address = await port(20_000)
    services.carriedBy(carrier)
    place().opened(address)
    await advance(1)
    block(address)
    for (let s = 0; s < 60 && told.length < 3; s++) await advance(1_000)
    expect(told.slice(2).map((line) => line.replace(/^\d+ /, ''))).toEqual([
      'web down: nothing came through to it from its public address 127.0.0.1:20000 in time',
    ])
    expect(connections()).toEqual(4) // the proof, two renewals, and the first try after them
  }))

test('a service that is checked is carried only while it passes', () =>
  onStage([{ ...WEB, options: { check: 'tcp' } }], async ({ world, services, told, carrier, place, port, advance }) => {
    const address = await port(20_000)
    services.carriedBy(carrier)
    await advance(1)
    const listening = await world.network.network('me').listen(WEB.local, (accepted) => accepted.refuse())
    if (isFailure(listening)) throw new Error(listening.text)
    await advance(10_000)
    place().opened(address)
    await advance(1)
    await listening.close()
    await advance(10_000)
    const why = "its check fails: 127.0.0.1:3000 can't be connected to: connection refused"
    expect(told).toEqual([
      `0 web down: ${why}`,
      '10000 web asked for',
      '10001 web up at 127.0.0.1:20000',
      '20000 web given back',
      `20000 web down: ${why}`,
    ])
    expect(services.list()).toMatchObject([{ state: 'down', phase: 'unhealthy', public: null, error: why }])
  }))

test('a private service is asked for nowhere, whoever carries the others, and is so while it passes its check', () =>
  onStage([{ ...WEB, options: { private: true } }], async ({ services, told, changes, carrier, world, advance }) => {
    const end = services.carriedBy(carrier)
    const checked: ServiceSpec = { ...SSH, options: { private: true, check: 'tcp' } }
    services.add(checked)
    const phases = (): readonly string[] => services.list().map(({ phase, state, public: at }) => `${phase} ${state} ${at}`)
    expect(phases()).toEqual(['private up null', 'unhealthy opening null'])
    await advance(1_000)
    expect(phases()).toEqual(['private up null', 'unhealthy down null'])
    await world.ports('me').network.listen(SSH.local, (accepted) => accepted.refuse())
    await advance(60_000)
    expect(phases()).toEqual(['private up null', 'private up null'])
    end('its tunnel is gone')
    expect(phases()).toEqual(['private up null', 'private up null'])
    expect(told.map((line) => line.replace(/^\d+ /, ''))).toEqual([
      "ssh down: its check fails: 127.0.0.1:22 can't be connected to: connection refused",
    ])
    expect(changes.slice(0, 2)).toEqual(['changed web', 'added ssh'])
    services.remove('ssh')
  }))

test('a udp service is proven by a datagram, which no service sees', () =>
  onStage([{ ...WEB, kind: 'udp' }], async ({ world, services, carrier, place, advance }) => {
    const seen: string[] = []
    const opened = await world.network.network('me').openDatagrams('127.0.0.1:20000', (bytes) => {
      if (!place().intercept(bytes)) seen.push(bytes.toString())
    })
    if (isFailure(opened)) throw new Error(opened.text)
    services.carriedBy(carrier)
    place().opened('127.0.0.1:20000')
    await advance(1)
    opened.send(Buffer.from('question'), { host: '127.0.0.1', port: 20_000 })
    await advance(1)
    expect([services.list()[0]?.state, seen]).toEqual(['up', ['question']])
    await opened.close()
  }))

test('a proof that comes to nothing is no burden: as many datagrams as it takes, and no warning of Node', () =>
  onStage([{ ...WEB, kind: 'udp' }], async ({ world, services, carrier, place, advance }) => {
    const warnings: string[] = []
    const warned = ({ name }: Error): unknown => warnings.push(name)
    process.on('warning', warned)
    let came = 0
    const opened = await world.network.network('me').openDatagrams('127.0.0.1:20000', () => came++)
    if (isFailure(opened)) throw new Error(opened.text)
    services.carriedBy(carrier)
    place().opened('127.0.0.1:20000')
    await advance(3_500)
    process.off('warning', warned)
    expect([came, warnings, services.list()[0]?.cause]).toEqual([12, [], { type: 'silent', address: '127.0.0.1:20000' }])
    await opened.close()
  }))

test('health names each service that is not up, with advice that fits', () =>
  onStage([WEB, SSH], async ({ services, carrier, place }) => {
    services.carriedBy(carrier)
    place('ssh').refused({ type: 'port-not-allowed', port: 80, at: 'cedar' })
    expect(serviceHealth(services.standings())).toEqual([
      {
        level: 'warn',
        text: 'service ssh is not up: port 80 is not allowed at cedar',
        fix: 'Leave the port out, or name one of 1024-65535.',
      },
    ])
  }))
