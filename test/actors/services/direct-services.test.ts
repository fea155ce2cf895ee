// A node that carries its services itself, on a host of the virtual network; its address is what the test says.
import { BehaviorSubject } from 'rxjs'
import { expect, test } from 'vitest'
import { createActor } from 'xstate'
import { createTrafficRates } from '../../../src/actors/carrying/traffic-rates.ts'
import { createDirectServices } from '../../../src/actors/services/direct-services.ts'
import { createServices, type Services } from '../../../src/actors/services/services.ts'
import type { ServiceSpec } from '../../../src/answers.ts'
import { NO_RULES, Vhosts } from '../../../src/frp/index.ts'
import type { OwnPortsCommand } from '../../../src/machines/node-machine.ts'
import { isFailure, type Listening } from '../../../src/ports.ts'
import { createWorld, type World } from '../../sim/world.ts'

const PUBLIC_PORT = 8_088
const WEB: ServiceSpec = { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null }
const SITE: ServiceSpec = { name: 'site', kind: 'http', local: '127.0.0.1:3000', domain: 'web.example.org' }
const DNS: ServiceSpec = { name: 'dns', kind: 'udp', local: '127.0.0.1:5353', domain: null }

interface Stage {
  readonly world: World
  readonly services: Services
  readonly vhosts: Vhosts
  /** Where this node's host is. */
  readonly ip: string
  readonly address$: BehaviorSubject<string | null>
  readonly told: readonly string[]
  /** Has them carried. Answers the end of the logic; it may be begun again. */
  run(): () => void
  /** Tells the logic that was begun last. */
  say(type: OwnPortsCommand['type']): void
  /** `name state public error`. */
  standing(): readonly string[]
  /** Something that listens and answers nothing. */
  listen(address: string): Promise<Listening>
  advance(ms: number): Promise<void>
}

async function onStage(first: readonly ServiceSpec[], act: (stage: Stage) => Promise<void>, patienceMs = 60_000): Promise<void> {
  const world = createWorld()
  const leave = world.enter()
  try {
    const { ip } = world.host('me')
    world.host('fir')
    const { clock, random, network } = world.ports('me')
    const told: string[] = []
    const services = createServices({
      clock,
      random,
      network,
      first,
      rates: createTrafficRates(clock),
      inspect: () => {},
      onBug: (error) => world.clock.crash(error),
      publish: (news) => {
        if (news.type === 'service.up') told.push(`${Math.round(clock.now())} ${news.service} up at ${news.public}`)
        if (news.type === 'service.down') told.push(`${Math.round(clock.now())} ${news.service} down: ${news.why}`)
      },
    })
    const address$ = new BehaviorSubject<string | null>(`${ip}:${PUBLIC_PORT}`)
    const vhosts = new Vhosts({ port: () => PUBLIC_PORT, isOwn: () => false, subdomainHost: null })
    const ports = { first: 20_000, last: 20_002 }
    const { logic } = createDirectServices({
      clock,
      network,
      services,
      ports,
      vhosts,
      bindHost: () => '0.0.0.0',
      publicAddress$: address$,
      patienceMs,
      onBug: (error) => world.clock.crash(error),
    })
    const running = new Set<() => void>()
    let say: Stage['say'] = () => {}
    const listen = async (address: string): Promise<Listening> => {
      const listening = await network.listen(address, (accepted) => void accepted.open(null))
      if (isFailure(listening)) throw new Error(listening.text)
      return listening
    }
    // As the public port does it: a connection for a domain goes to whoever claimed it.
    await world.network.network('me').listen(`0.0.0.0:${PUBLIC_PORT}`, (accepted) =>
      accepted.sniff((sniffed) => {
        const host = /host: (\S+)/i.exec(sniffed?.first?.toString() ?? '')?.[1] ?? ''
        const found = vhosts.http(host, '/')
        if (sniffed !== null && found.type === 'found') found.value.serve(sniffed)
      }),
    )
    services.start()
    await act({
      world,
      services,
      vhosts,
      ip,
      address$,
      told,
      run: () => {
        const actor = createActor(logic, { clock }).start()
        say = (type) => actor.send({ type })
        say('ports.open')
        const end = (): void => {
          actor.stop()
          running.delete(end)
        }
        running.add(end)
        return end
      },
      say: (type) => say(type),
      standing: () => services.list().map(({ name, state, public: at, error }) => `${name} ${state} ${at} ${error}`),
      listen,
      advance: (ms) => world.clock.advance(ms),
    })
    for (const end of running) end()
    services.stop()
    await world.clock.advance(1)
    expect([address$.observed, world.clock.timerCount]).toEqual([false, 0])
  } finally {
    leave()
  }
}

const dial = async (world: World, from: string, address: string): Promise<string> => {
  const opened = await world.clock.until(world.network.network(from).dial(address, { timeoutMs: 1_000 }))
  if ('type' in opened) return opened.text
  opened.link.on('error', () => {})
  opened.link.destroy()
  return 'connected'
}

test('each service has a port of its own, or its domain on the public port, proven at once', () =>
  onStage([WEB, SITE, DNS], async ({ ip, listen, run, standing, advance }) => {
    await listen(WEB.local)
    run()
    await advance(1)
    expect(standing()).toEqual([`web up ${ip}:20000 null`, `site up http://web.example.org:${PUBLIC_PORT} null`, `dns up ${ip}:20000 null`])
  }))

test('while its address is not known nothing is public; once it is, everything is at once', () =>
  onStage([WEB, SITE], async ({ ip, address$, listen, run, standing, told, advance }) => {
    await listen(WEB.local)
    address$.next(null)
    run()
    await advance(10_000)
    const why = 'this node does not know yet at which address others reach it'
    expect(standing()).toEqual([`web opening null ${why}`, `site opening null ${why}`])
    address$.next(`${ip}:${PUBLIC_PORT}`)
    await advance(1)
    expect(told.slice(2).toSorted()).toEqual([`10000 site up at http://web.example.org:${PUBLIC_PORT}`, `10000 web up at ${ip}:20000`])
  }))

test('services follow the address of the node at once, on the ports they have', () =>
  onStage([WEB, DNS], async ({ ip, address$, listen, run, standing, told, advance }) => {
    await listen(WEB.local)
    run()
    await advance(1_000)
    address$.next(`127.0.0.1:${PUBLIC_PORT}`)
    expect(standing()).toEqual(['web opening null null', 'dns opening null null'])
    await advance(1_000)
    expect(told).toEqual([
      `0 dns up at ${ip}:20000`,
      `0 web up at ${ip}:20000`,
      '1000 web down: its public address changed',
      '1000 dns down: its public address changed',
      '1000 dns up at 127.0.0.1:20000',
      '1000 web up at 127.0.0.1:20000',
    ])
    address$.next(null)
    expect(standing().map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual(['web opening null', 'dns opening null'])
  }))

test('a new address at which nothing comes through is not public, and says so', () =>
  onStage([WEB], async ({ world, address$, listen, run, standing, advance }) => {
    await listen(WEB.local)
    run()
    await advance(1_000)
    const elsewhere = world.host('fir').ip
    address$.next(`${elsewhere}:${PUBLIC_PORT}`)
    await advance(100)
    expect(standing()).toEqual([`web opening null its public address ${elsewhere}:20000 can't be connected to: connection refused`])
  }))

test('a service whose local end is not there says so, and is up within 4 s of its start', () =>
  onStage([WEB], async ({ ip, services, listen, run, standing, advance }) => {
    run()
    await advance(6_000)
    expect([standing(), services.list()[0]?.cause, services.list()[0]?.traffic?.lastError?.text]).toEqual([
      ['web opening null nothing listens at 127.0.0.1:3000'],
      { type: 'nothing-listens', local: '127.0.0.1:3000' },
      'nothing answers at 127.0.0.1:3000: connection refused',
    ])
    await listen(WEB.local)
    await advance(4_000)
    expect(standing()).toEqual([`web up ${ip}:20000 null`])
  }))

test('a service that is up and loses its local end is taken back with the next user', () =>
  onStage([WEB], async ({ world, ip, listen, run, standing, advance }) => {
    const local = await listen(WEB.local)
    run()
    await advance(5_000)
    await local.close()
    expect(await dial(world, 'fir', `${ip}:20000`)).toEqual('connected')
    await advance(100)
    expect(standing()).toEqual(['web opening null nothing listens at 127.0.0.1:3000'])
  }))

test('ports that other programs have are passed over, and when there is none left that is said until there is', () =>
  onStage([WEB, { ...WEB, name: 'more' }], async ({ ip, listen, run, standing, advance }) => {
    await listen(WEB.local)
    const others = [await listen('0.0.0.0:20000'), await listen('0.0.0.0:20002')]
    run()
    await advance(1)
    expect(standing()).toEqual([`web up ${ip}:20001 null`, 'more down null no port is free at this node'])
    for (const other of others) await other.close()
    await advance(30_000)
    expect(standing()).toEqual([`web up ${ip}:20001 null`, `more up ${ip}:20000 null`])
  }))

test.each<[string, ServiceSpec, string]>([
  [
    'a port it asks for that is in use',
    { ...WEB, options: { port: PUBLIC_PORT } },
    `port ${PUBLIC_PORT} can't be opened on this machine: port ${PUBLIC_PORT} is in use`,
  ],
  [
    'a group, which needs a TURN',
    { ...WEB, options: { group: 'shop' } },
    'the group shop would share a port of a TURN, and this node is reached without one',
  ],
  ['a domain that is taken', { ...SITE, name: 'web' }, 'the domain web.example.org is taken at this node'],
])('%s is refused with the reason, and asked for again every 30 s', (_, spec, why) =>
  onStage([spec], async ({ vhosts, run, standing, told, advance }) => {
    vhosts.claim({ type: 'http', domains: ['web.example.org'], subdomain: '', locations: [] }, { rules: NO_RULES, serve: () => {} })
    run()
    await advance(95_000)
    expect([standing(), told]).toEqual([[`web down null ${why}`], [`0 web down: ${why}`]])
  }),
)

test('what carried a service is given back when the service is, and when the node is not reached directly any more', () =>
  onStage([WEB, SITE, DNS], async ({ world, ip, services, vhosts, listen, run, standing, told, advance }) => {
    await listen(WEB.local)
    const end = run()
    await advance(1)
    services.remove('web')
    await advance(1)
    expect(await dial(world, 'fir', `${ip}:20000`)).toEqual('connection refused')
    end()
    await advance(1)
    expect([vhosts.http('web.example.org', '/').type, world.host('me').udp.size, standing()]).toEqual([
      'no-domain',
      0,
      ['site opening null null', 'dns opening null null'],
    ])
    run()
    await advance(1)
    const why = 'this node is not reached directly any more'
    expect(told.slice(3).map((line) => line.replace(/^\d+ /, ''))).toEqual([
      'web down: it is not exposed any more',
      `site down: ${why}`,
      `dns down: ${why}`,
      `dns up at ${ip}:20000`,
      `site up at http://web.example.org:${PUBLIC_PORT}`,
    ])
  }))

test('a port that opens when nobody wants it any more is given back', () =>
  onStage([WEB], async ({ world, ip, run, advance }) => {
    const end = run()
    end()
    await advance(1)
    expect(await dial(world, 'fir', `${ip}:20000`)).toEqual('connection refused')
  }))

/** A user of a tcp port, and what has become of the connection. */
async function visit(world: World, address: string) {
  const opened = await world.clock.until(world.network.network('fir').dial(address, { timeoutMs: 1_000 }))
  if ('type' in opened) throw new Error(opened.text)
  const { link } = opened
  let heard = ''
  let isOpen = true
  const ended = (): void => {
    isOpen = false
  }
  link.on('end', ended)
  link.on('close', ended)
  link.on('error', () => {})
  link.on('data', (bytes: Buffer) => {
    heard += bytes.toString()
  })
  return {
    say: (text: string) => void link.write(Buffer.from(text)),
    heard: () => heard,
    isOpen: () => isOpen,
    leave: () => void link.destroy(),
  }
}

/** Answers what it is told. */
async function echo({ world }: Stage, address: string): Promise<void> {
  const listening = await world.network.network('me').listen(address, (accepted) => {
    const { link } = accepted.open(null)
    link.on('error', () => {})
    link.on('data', (bytes: Buffer) => void link.write(bytes))
    link.on('end', () => void link.end())
  })
  if (isFailure(listening)) throw new Error(listening.text)
}

test('a port that retires is announced no more, and ends with its last user', () =>
  onStage([WEB], async (stage) => {
    const { world, ip, run, say, standing, advance } = stage
    await echo(stage, WEB.local)
    run()
    await advance(1)
    const user = await visit(world, `${ip}:20000`)
    say('ports.retire')
    await advance(20_000)
    user.say('still here')
    await advance(1_000)
    expect([user.heard(), user.isOpen(), standing()]).toEqual(['still here', true, ['web opening null null']])
    user.leave()
    await advance(2_000)
    expect(await dial(world, 'fir', `${ip}:20000`)).toEqual('connection refused')
  }))

test('a port that retires serves who heard of it a moment ago, and ends after 10 s where nobody comes', () =>
  onStage([WEB], async (stage) => {
    const { world, ip, run, say, advance } = stage
    await echo(stage, WEB.local)
    run()
    await advance(1)
    say('ports.retire')
    await advance(5_000)
    const late = await visit(world, `${ip}:20000`)
    late.say('late')
    await advance(100)
    expect(late.heard()).toEqual('late')
    late.leave()
    await advance(4_000)
    expect(await dial(world, 'fir', `${ip}:20000`)).toEqual('connected')
    await advance(2_000)
    expect(await dial(world, 'fir', `${ip}:20000`)).toEqual('connection refused')
  }))

test('users of a port that retires are cut once they have had their time', () =>
  onStage([WEB], async (stage) => {
    const { world, ip, run, say, advance } = stage
    await echo(stage, WEB.local)
    run()
    await advance(1)
    const user = await visit(world, `${ip}:20000`)
    say('ports.retire')
    await advance(59_000)
    expect(user.isOpen()).toEqual(true)
    await advance(2_000)
    expect(user.isOpen()).toEqual(false)
    user.leave()
    await advance(1_000)
  }))

test('a port that retires and is needed again is the same, proven anew, with those who use it', () =>
  onStage([WEB, SITE, DNS], async (stage) => {
    const { world, ip, run, say, standing, told, advance } = stage
    await echo(stage, WEB.local)
    run()
    await advance(1)
    const user = await visit(world, `${ip}:20000`)
    const before = standing()
    say('ports.retire')
    await advance(5_000)
    say('ports.open')
    await advance(120_000)
    user.say('still here')
    await advance(100)
    expect([user.heard(), standing()]).toEqual(['still here', before])
    expect(told.slice(3).map((line) => line.replace(/^\d+ /, ''))).toEqual([
      'web down: this node is not reached directly any more',
      'site down: this node is not reached directly any more',
      'dns down: this node is not reached directly any more',
      `dns up at ${ip}:20000`,
      `web up at ${ip}:20000`,
      `site up at http://web.example.org:${PUBLIC_PORT}`,
    ])
    user.leave()
    await advance(1_000)
  }))

test('a domain that retires is answered for as long as a port is', () =>
  onStage([SITE], async (stage) => {
    const { vhosts, run, say, advance } = stage
    await echo(stage, SITE.local)
    run()
    await advance(1)
    say('ports.retire')
    await advance(9_000)
    const during = vhosts.http('web.example.org', '/').type
    await advance(2_000)
    expect([during, vhosts.http('web.example.org', '/').type]).toEqual(['found', 'no-domain'])
  }))

test('a udp port that retires stays for as long as datagrams of a user pass', () =>
  onStage([DNS], async (stage) => {
    const { world, ip, run, say, advance } = stage
    const network = world.network.network('fir')
    run()
    await advance(1)
    const user = await network.openDatagrams('0.0.0.0:0', () => {})
    if (isFailure(user)) throw new Error(user.text)
    const ask = (): void => user.send(Buffer.from('who?'), { host: ip, port: 20_000 })
    ask()
    say('ports.retire')
    await advance(20_000)
    ask()
    await advance(25_000)
    expect(world.host('me').udp.size).toBeGreaterThan(0)
    await advance(10_000)
    expect(world.host('me').udp.size).toEqual(0)
    await user.close()
  }))

test('a service that is taken back while its port retires leaves nobody on it', () =>
  onStage([WEB], async (stage) => {
    const { world, ip, run, say, services, advance } = stage
    await echo(stage, WEB.local)
    run()
    await advance(1)
    const user = await visit(world, `${ip}:20000`)
    say('ports.retire')
    await advance(1_000)
    services.remove('web')
    await advance(100)
    expect([user.isOpen(), await dial(world, 'fir', `${ip}:20000`)]).toEqual([false, 'connection refused'])
    user.leave()
    await advance(1_000)
  }))
