import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Link } from '../../src/frp/links/link.ts'
import type { Failure } from '../../src/ports.ts'
import {
  blackHole,
  cut,
  cutOneWay,
  freeze,
  garbagePeer,
  heal,
  kill,
  lossy,
  move,
  narrow,
  refuse,
  reset,
  restart,
  setWallClock,
  sever,
  silentPeer,
  sleep,
  slow,
  thaw,
} from './story.ts'
import { createWorld, type World } from './world.ts'

const ELM = '10.0.0.2:7000'
let world: World
let leave: () => void
let told: string[]
beforeEach(() => {
  world = createWorld({ seed: 3 })
  leave = world.enter()
  told = []
  world.host('ash')
  world.host('elm')
})
afterEach(() => leave())

const tell = (what: string) => told.push(`${Math.round(world.clock.now() * 100) / 100} ${what}`)
const follow = (name: string, link: Link) => {
  link.on('data', (bytes) => tell(`${name} got ${bytes.length > 20 ? bytes.length : bytes.toString()}`))
  link.on('end', () => tell(`${name} ended`))
  link.on('error', (error) => tell(`${name} ${error.message}`))
  link.on('close', () => tell(`${name} closed`))
}
const listenAtElm = async (address = '0.0.0.0:7000') => {
  const far: Link[] = []
  const listening = await world.ports('elm').network.listen(address, (accepted) => {
    const { link } = accepted.open(null)
    far.push(link)
    tell(`accepted from ${accepted.remote.host}`)
    follow('elm', link)
  })
  expect(listening.type).toBe('listening')
  return far
}
const dial = async (from: string, address: string, timeoutMs = 10_000): Promise<Link | Failure> => {
  const opened = await world.clock.until(world.ports(from).network.dial(address, { timeoutMs }))
  tell(`${from} ${'type' in opened ? opened.reason : 'connected'}`)
  if ('type' in opened) return opened
  follow(from, opened.link)
  return opened.link
}
const connect = async (from: string, address: string): Promise<Link> => {
  const link = await dial(from, address)
  if ('type' in link) throw new Error(link.text)
  return link
}

describe('latency and capacity', () => {
  test('a connect takes one round trip, an answer another', async () => {
    const [far] = [await listenAtElm()]
    const near = await connect('ash', ELM)
    near.write(Buffer.from('ping'))
    await world.clock.advance(5)
    far[0]?.write(Buffer.from('pong'))
    await world.clock.advance(50)
    expect(told).toEqual(['10 ash connected', '15 accepted from 10.0.0.1', '15 elm got ping', '20 ash got pong'])
  })

  test('each direction has its own latency', async () => {
    await listenAtElm()
    world.network.route('ash', 'elm').latencyMs = 100
    await connect('ash', ELM)
    await world.clock.advance(100)
    expect(told).toEqual(['105 ash connected', '205 accepted from 10.0.0.1'])
  })

  test('bandwidth spaces what is sent', async () => {
    await listenAtElm()
    narrow('ash', 'elm', 1_000)(world)
    const near = await connect('ash', ELM)
    near.write(Buffer.alloc(131_072))
    await world.clock.advance(1_000)
    expect(told).toEqual(['10 ash connected', '15 accepted from 10.0.0.1', '80.54 elm got 65536', '146.07 elm got 65536'])
  })

  test('a lost packet comes 200 ms later, and nothing overtakes it', async () => {
    await listenAtElm()
    const near = await connect('ash', ELM)
    await world.clock.advance(5)
    lossy('ash', 'elm', 1)(world)
    near.write(Buffer.from('first'))
    await world.clock.advance(10)
    lossy('ash', 'elm', 0)(world)
    near.write(Buffer.from('second'))
    await world.clock.advance(400)
    expect(told.slice(2)).toEqual(['220 elm got first', '220 elm got second'])
  })

  test('a machine reaches itself at once, whichever way it calls itself', async () => {
    await listenAtElm()
    for (const host of ['127.0.0.1', 'localhost', 'elm', '10.0.0.2']) await connect('elm', `${host}:7000`)
    await world.clock.advance(1)
    expect(told.filter((line) => line.includes('accepted'))).toEqual([
      '0.15 accepted from 127.0.0.1',
      '0.25 accepted from 127.0.0.1',
      '0.35 accepted from 10.0.0.2',
      '0.45 accepted from 10.0.0.2',
    ])
  })

  test('what listens on loopback is not to be had from outside', async () => {
    await listenAtElm('127.0.0.1:7000')
    await dial('ash', ELM)
    await dial('elm', '127.0.0.1:7000')
    expect(told).toEqual(['10 ash refused', '10.1 elm connected'])
  })
})

describe('who is not there', () => {
  test.each([
    ['a closed port refuses after a round trip', '10.0.0.2:9', '10 ash refused'],
    ['an address nobody has never answers', '10.9.9.9:7000', '10000 ash timeout'],
    ['a name nobody has is told at once', 'nobody:7000', '0 ash unreachable'],
    ['nonsense is no address', 'elm', '0 ash unreachable'],
  ])('%s', async (_, address, expected) => {
    await dial('ash', address)
    expect(told).toEqual([expected])
  })

  test('a host behind NAT reaches out under its NAT address and is not reached', async () => {
    await listenAtElm()
    world.host('hidden', { behindNat: true })
    await connect('hidden', ELM)
    await world.clock.advance(10)
    await world.ports('hidden').network.listen('0.0.0.0:80', () => tell('reached'))
    for (const host of ['hidden', '192.168.3.2', '100.64.0.3']) await dial('ash', `${host}:80`, 1_000)
    await dial('hidden', '127.0.0.1:80')
    await world.clock.advance(10)
    expect(told).toEqual([
      '10 hidden connected',
      '15 accepted from 100.64.0.3',
      '1020 ash timeout',
      '2020 ash timeout',
      '3020 ash timeout',
      '3020.1 hidden connected',
      '3020.15 reached',
    ])
  })
})

describe('faults', () => {
  test('a cut resets both ends and turns new connects away, until it is healed', async () => {
    await listenAtElm()
    await connect('ash', ELM)
    await world.clock.advance(5)
    cut('ash', 'elm')(world)
    await world.clock.advance(5)
    await dial('ash', ELM)
    heal('ash', 'elm')(world)
    await dial('ash', ELM)
    expect(told.slice(2)).toEqual([
      '15 ash read ECONNRESET',
      '15 ash closed',
      '15 elm read ECONNRESET',
      '15 elm closed',
      '20.1 ash unreachable',
      '30.1 ash connected',
    ])
  })

  test('a reset ends what stands and lets new connects through', async () => {
    await listenAtElm()
    await connect('ash', ELM)
    await world.clock.advance(5)
    reset('ash', 'elm')(world)
    await dial('ash', ELM)
    expect(told.slice(2)).toEqual([
      '15 ash read ECONNRESET',
      '15 ash closed',
      '15 elm read ECONNRESET',
      '15 elm closed',
      '25 ash connected',
    ])
  })

  test('cut one way, the other way still carries, and nothing is lost for good', async () => {
    const far = await listenAtElm()
    const near = await connect('ash', ELM)
    await world.clock.advance(5)
    cutOneWay('ash', 'elm')(world)
    near.write(Buffer.from('held'))
    far[0]?.write(Buffer.from('heard'))
    await world.clock.advance(1_000)
    heal('ash', 'elm')(world)
    await world.clock.advance(1_000)
    expect(told.slice(2)).toEqual(['20 ash got heard', '1420 elm got held'])
  })

  test('in a black hole connections hang without a word, for about as long as TCP tries', async () => {
    await listenAtElm()
    const near = await connect('ash', ELM)
    await world.clock.advance(5)
    blackHole('elm')(world)
    await dial('ash', ELM)
    near.write(Buffer.from('anyone?'))
    await world.clock.advance(400_000)
    expect(told.slice(2)).toEqual(['10015 ash timeout'])
    await world.clock.advance(600_000)
    expect(told.slice(3)).toEqual(['934620 ash read ETIMEDOUT', '934620 ash closed'])
  })

  test('a lost connect is tried again after a second', async () => {
    await listenAtElm()
    sever('ash', 'elm')(world)
    world.clock.setTimeout(() => heal('ash', 'elm')(world), 500)
    await dial('ash', ELM)
    expect(told).toEqual(['1010 ash connected'])
  })

  test('a host may refuse although it listens', async () => {
    await listenAtElm()
    refuse('elm')(world)
    await dial('ash', ELM)
    expect(told).toEqual(['10 ash refused'])
  })

  test('slow is slow from then on', async () => {
    await listenAtElm()
    slow('ash', 'elm', 2_000)(world)
    await dial('ash', ELM)
    expect(told).toEqual(['4000 ash connected'])
  })

  test('a killed process is silent, its peers are reset, its port is closed; a restart begins a new life', async () => {
    const elm = world.ports('elm')
    const near = await listenAtElm().then(() => connect('ash', ELM))
    await world.clock.advance(5)
    elm.clock.setTimeout(() => tell('a dead timer'), 20)
    void elm.network.dial('ash:1', { timeoutMs: 100 }).then(() => tell('a dead dial'))
    world.onRestart('elm', (ports) => {
      expect(ports === elm).toBe(false)
      expect([ports.identity.id, ports.store === elm.store]).toEqual([elm.identity.id, true])
      void ports.network.listen('0.0.0.0:7000', () => tell('new life accepted'))
    })
    kill('elm')(world)
    await world.clock.advance(100)
    await dial('ash', ELM)
    restart('elm')(world)
    await dial('ash', ELM)
    await world.clock.advance(10)
    expect(near.destroyed).toBe(true)
    expect(told.slice(2)).toEqual([
      '20 ash read ECONNRESET',
      '20 ash closed',
      '125 ash refused',
      '135 ash connected',
      '140 new life accepted',
    ])
  })

  test('a garbage peer is answered for as protocol, a silent one as timeout', async () => {
    garbagePeer(world, 'noise', 80)
    silentPeer(world, 'mute', 80)
    const { http } = world.ports('ash')
    const ask = async (address: string) => {
      const answer = await world.clock.until(http.request(address, { method: 'GET', path: '/', timeoutMs: 2_000 }))
      return answer.type === 'failed' ? answer.reason : answer.status
    }
    expect([await ask('noise:80'), await ask('mute:80')]).toEqual(['protocol', 'timeout'])
  })
})

describe('connections that nobody holds yet', () => {
  test('a reset while the handshake is under way ends both ends, and nobody is told of an error nobody could hear', async () => {
    await listenAtElm()
    const near = await connect('ash', ELM)
    reset('ash', 'elm')(world) // the handshake's last packet is still on its way to elm
    await world.clock.advance(100)
    expect([near.destroyed, world.host('elm').links.size, told]).toEqual([
      true,
      0,
      ['10 ash connected', '10 ash read ECONNRESET', '10 ash closed'],
    ])
  })

  test('a connection that was reset before its listener took it over breaks nothing', async () => {
    await world.ports('elm').network.listen('0.0.0.0:7000', (accepted) => {
      world.clock.setTimeout(() => tell(`taken over ${accepted.open(null).link.destroyed}`), 50)
    })
    await connect('ash', ELM)
    await world.clock.advance(10)
    reset('ash', 'elm')(world)
    await world.clock.advance(100)
    expect(told.slice(1)).toEqual(['20 ash read ECONNRESET', '20 ash closed', '65 taken over true'])
  })

  test('a reset in the middle of a TLS handshake is the answer to the dial', async () => {
    await listenAtElm()
    world.clock.setTimeout(() => reset('ash', 'elm')(world), 15)
    const opened = await world.clock.until(world.ports('ash').network.dial(ELM, { timeoutMs: 1_000, tls: {} }))
    expect(['type' in opened && opened.reason, world.clock.now(), world.host('ash').links.size]).toEqual(['reset', 15, 0])
  })

  test.each([2, 7, 12, 17])('a process killed %d ms into a dial leaves no connection', async (killMs) => {
    await listenAtElm()
    void world.ports('ash').network.dial(ELM, { timeoutMs: 1_000, tls: {} })
    world.clock.setTimeout(() => kill('ash')(world), killMs)
    await world.clock.advance(500)
    expect([world.host('ash').links.size, world.host('elm').links.size, world.clock.timerCount]).toEqual([0, 0, 0])
  })
})

describe('a host that moves', () => {
  test('is found at its new address only, and what was connected hears nothing more', async () => {
    const far = await listenAtElm()
    const near = await connect('ash', ELM)
    await world.clock.advance(5)
    move('elm')(world)
    near.write(Buffer.from('there?'))
    far[0]?.write(Buffer.from('here'))
    await dial('ash', ELM, 1_000)
    await dial('ash', `${world.host('elm').ip}:7000`)
    await dial('ash', 'elm:7000')
    await world.clock.advance(20)
    expect([world.ports('elm').network.ownHosts(), told.slice(2)]).toEqual([
      ['10.1.0.1'],
      ['1015 ash timeout', '1025 ash connected', '1030 accepted from 10.0.0.1', '1035 ash connected', '1040 accepted from 10.0.0.1'],
    ])
  })

  test('still talks to itself, and behind a NAT only the NAT moves', async () => {
    await listenAtElm('127.0.0.1:7000')
    const near = await connect('elm', '127.0.0.1:7000')
    world.host('hidden', { behindNat: true })
    for (const name of ['elm', 'hidden']) move(name)(world)
    near.write(Buffer.from('still here'))
    await world.clock.advance(10)
    expect([told.at(-1), world.host('hidden').ip, world.host('hidden').outerIp]).toEqual([
      '0.15 elm got still here',
      '192.168.3.2',
      '100.65.0.2',
    ])
  })

  test('in the middle of a dial makes the dial time out', async () => {
    await listenAtElm()
    world.clock.setTimeout(() => move('ash')(world), 7)
    await dial('ash', ELM, 3_000)
    expect(told).toEqual(['3000 ash timeout'])
  })
})

describe('a process that stands still', () => {
  const ticking = (name: string): void => {
    const { clock } = world.ports(name)
    const tick = (): void => {
      tell(`${name} ticks at ${clock.now()}`)
      clock.setTimeout(tick, 1_000)
    }
    clock.setTimeout(tick, 1_000)
  }

  test('frozen, its machine takes connections and bytes; it hears of all that once it goes on, after its overdue timers', async () => {
    await listenAtElm()
    ticking('elm')
    const near = await connect('ash', ELM)
    await world.clock.advance(5)
    freeze('elm')(world)
    near.write(Buffer.from('one'))
    await connect('ash', ELM)
    near.write(Buffer.from('two'))
    near.end()
    await world.clock.advance(2_975)
    thaw('elm')(world)
    await world.clock.advance(1_500)
    expect(told.slice(2)).toEqual([
      '25 ash connected',
      '3000 elm ticks at 3000',
      '3000 elm got one',
      '3000 elm got two',
      '3000 elm ended',
      '3000 accepted from 10.0.0.1',
      '4000 elm ticks at 4000',
    ])
  })

  test('asleep, nothing gets there and no time passes for it; senders try again', async () => {
    await listenAtElm()
    ticking('elm')
    const near = await connect('ash', ELM)
    await world.clock.advance(5)
    sleep('elm')(world)
    near.write(Buffer.from('anyone?'))
    await dial('ash', ELM, 1_000)
    thaw('elm')(world)
    await world.clock.advance(2_000)
    expect([told.slice(2), world.ports('elm').clock.now(), world.ports('elm').clock.wallMs() - world.clock.wallMs()]).toEqual([
      ['1015 ash timeout', '1420 elm got anyone?', '2000 elm ticks at 1000', '3000 elm ticks at 2000'],
      2_015,
      0,
    ])
  })

  test('what it had asked for is told to it when it goes on, unless its patience is over by then', async () => {
    await listenAtElm()
    const ask = (timeoutMs: number) =>
      void world
        .ports('ash')
        .network.dial(ELM, { timeoutMs })
        .then((opened) => tell('type' in opened ? opened.reason : 'connected'))
    ask(500)
    ask(5_000)
    freeze('ash')(world)
    await world.clock.advance(2_000)
    thaw('ash')(world)
    await world.clock.advance(10)
    const accepted = '15 accepted from 10.0.0.1'
    expect(told).toEqual([accepted, accepted, '2000 timeout', '2000 connected', '2005 elm ended'])
  })

  test('killed meanwhile, it never goes on, and its peers are reset', async () => {
    await listenAtElm()
    const near = await connect('ash', ELM)
    await world.clock.advance(5)
    freeze('elm')(world)
    near.write(Buffer.from('anyone?'))
    await world.clock.advance(20)
    kill('elm')(world)
    thaw('elm')(world)
    await world.clock.advance(20)
    expect(told.slice(2)).toEqual(['40 ash read ECONNRESET', '40 ash closed'])
  })
})

test('a wall clock is set without a timer noticing', async () => {
  const { clock } = world.ports('ash')
  clock.setTimeout(() => tell(`fired ${new Date(clock.wallMs()).toISOString()}`), 1_000)
  setWallClock('ash', -3_600_000)(world)
  await world.clock.advance(1_000)
  expect([told, clock.now(), world.ports('elm').clock.wallMs() - clock.wallMs()]).toEqual([
    ['1000 fired 2029-12-31T23:00:01.000Z'],
    1_000,
    3_600_000,
  ])
})

test('HTTP passes through a listener that only moves bytes', async () => {
  const [ash, elm, hidden] = [world.ports('ash'), world.ports('elm'), world.ports('hidden', { behindNat: true })]
  await hidden.http.serve({ address: '127.0.0.1:3000', onRequest: async ({ path }) => ({ status: 200, body: `home of ${path}` }) })
  // The hidden host keeps one way in at elm: what a tunnel does, with one connection.
  const way = await world.clock.until(hidden.network.dial('elm:7001', { timeoutMs: 100 })).then(() => null)
  expect(way).toBe(null)
  const waiting: Link[] = []
  await elm.network.listen('0.0.0.0:7001', (accepted) => waiting.push(accepted.open(null).link))
  await elm.network.listen('0.0.0.0:20000', (accepted) => {
    const [user, tunnel] = [accepted.open(null).link, waiting.shift()]
    if (tunnel) join(user, tunnel)
  })
  const tunnel = await world.clock.until(hidden.network.dial('elm:7001', { timeoutMs: 100 }))
  const local = await world.clock.until(hidden.network.dial('127.0.0.1:3000', { timeoutMs: 100 }))
  if ('type' in tunnel || 'type' in local) throw new Error('no way in')
  join(tunnel.link, local.link)
  const answer = await world.clock.until(ash.http.request('elm:20000', { method: 'GET', path: '/x', timeoutMs: 1_000 }))
  if (answer.type === 'failed') throw new Error(answer.text)
  expect([answer.body.toString(), Math.round(answer.timing.connectMs ?? 0), Math.round(answer.timing.answerMs)]).toEqual([
    'home of /x',
    10,
    20,
  ])
})

function join(a: Link, b: Link): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on('error', () => {})
    from.on('data', (bytes) => to.write(bytes))
    from.on('end', () => to.end())
  }
}
