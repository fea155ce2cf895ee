// Who is who at a TURN: members by their proven id, the owner's own stock clients by the token, strangers by their address.
import { describe, expect, test } from 'vitest'
import type { FrpServerOptions } from '../../../src/frp/contract.ts'
import { Vhosts } from '../../../src/frp/web/vhosts.ts'
import { encodeMessage } from '../../../src/frp/wire/codec.ts'
import { privilegeKey } from '../../../src/frp/wire/crypto.ts'
import { settle } from '../frp-clock.ts'
import { type From, PROXY, World } from '../frp-world.ts'
import { rawClient } from '../raw-client.ts'
import { login } from '../raw-end.ts'
import { UdpNet } from '../udp-net.ts'
import { udpUser } from '../udp-world.ts'

const RATIONS = { sessions: 2, ports: 4, clients: 128, bytesPerSecond: 0, bytesPerDay: 0, udpFactor: 0, nodes: 8 }
const ANN = { host: '203.0.113.1', member: 'a'.repeat(32) }
const BEN = { host: '203.0.113.1', member: 'b'.repeat(32) }
const EVE = { host: '203.0.113.9' }

const turn = (options: Partial<FrpServerOptions> = {}) =>
  new World({ tokens: () => [], membersAreTrusted: true, servesStrangers: true, rations: RATIONS, ...options })

/** What a client of ours is told of its proxies, in turn. */
async function asks(world: World, from: From, specs: Parameters<World['serving']>[0][], token = '') {
  const serving = await world.serving(specs[0], { token, dialServer: world.dialFrom(from) })
  for (const spec of specs.slice(1)) {
    serving.client.openProxy({ ...PROXY, ...spec })
    await settle()
  }
  const answers = serving.told.flatMap((fact) =>
    fact.type === 'client.proxyStarted'
      ? [fact.remoteAddr]
      : fact.type === 'client.proxyRefused'
        ? [fact.error]
        : fact.type === 'client.closed'
          ? [fact.why]
          : [],
  )
  return { ...serving, answers }
}
const met = (world: World) => world.told.flatMap((fact) => (fact.type === 'ration.met' ? [fact.ration] : []))

describe('a member that is away', () => {
  test('loses neither port nor name nor domain to anybody, and has all of it again', async () => {
    const world = turn({ vhosts: new Vhosts({ port: () => 80, isOwn: () => false, subdomainHost: null }) })
    const wishes = [{ name: 'web', remotePort: 20_005 }, { name: 'page', type: 'http', customDomains: ['a.org'] } as const, { name: 'any' }]
    const ann = await asks(world, ANN, wishes)
    const any = Number(ann.answers[2]?.slice(1))
    ann.client.end('gone')
    await settle()
    const others = await asks(world, BEN, [
      { name: 'y', remotePort: 20_005 },
      { name: 'web' },
      { name: 'z', type: 'http', customDomains: ['a.org'] },
      { name: 'w', remotePort: any },
    ])
    expect(others.answers).toEqual([
      'port already used',
      'proxy name [web] is already in use',
      'router config conflict',
      'port already used',
    ])
    expect((await asks(world, ANN, wishes)).answers).toEqual(ann.answers)
  })

  test('has all of it again also where the TURN was started anew meanwhile', async () => {
    const vhosts = () => new Vhosts({ port: () => 80, isOwn: () => false, subdomainHost: null })
    const before = turn({ vhosts: vhosts() })
    const wishes = [{ name: 'web', remotePort: 20_005 }, { name: 'page', type: 'http', customDomains: ['a.org'] } as const]
    await asks(before, ANN, wishes)
    await asks(before, EVE, [{ name: 'eve', remotePort: 20_007 }])
    const kept = before.server.keptLeases()
    expect(kept.map(({ kind, what }) => [kind, kind === 'run id' ? 'ID' : what]).sort()).toEqual([
      ['domain', 'a.org'],
      ['name', 'page'],
      ['name', 'web'],
      ['run id', 'ID'],
      ['tcp', '20005'],
    ])
    const world = turn({ vhosts: vhosts() })
    world.server.restoreLeases(kept)
    const others = await asks(world, BEN, [
      { name: 'y', remotePort: 20_005 },
      { name: 'web' },
      { name: 'z', type: 'http', customDomains: ['a.org'] },
    ])
    expect(others.answers).toEqual(['port already used', 'proxy name [web] is already in use', 'router config conflict'])
    expect((await asks(world, ANN, wishes)).answers).toEqual([':20005', 'a.org'])
  })

  test('gives way after a day', async () => {
    const world = turn()
    const ann = await asks(world, ANN, [{ name: 'web', remotePort: 20_005 }])
    ann.client.end('gone')
    await settle()
    await world.clock.advance(24 * 3_600_000 + 1)
    expect((await asks(world, BEN, [{ name: 'web', remotePort: 20_005 }])).answers).toEqual([':20005'])
  })

  test('keeps its run id: who asks for that gets another', async () => {
    const world = turn()
    const ann = await rawClient(world, { runId: 'mine', ...saying('') }, '', ANN)
    const during = await rawClient(world, { runId: 'mine', ...saying('') }, '', EVE)
    ann.end.mux.close('gone')
    await settle()
    const after = await rawClient(world, { runId: 'mine', ...saying('') }, '', EVE)
    const again = await rawClient(world, { runId: 'mine', ...saying('') }, '', ANN)
    expect([ann, during, after, again].map(({ runId }) => runId === 'mine')).toEqual([true, false, false, true])
  })
})

describe('a member', () => {
  test('has one session: a new one takes the place of the old, with its port', async () => {
    const world = turn()
    const old = await asks(world, ANN, [{ name: 'web', remotePort: 20_005 }])
    const fresh = await asks(world, { ...ANN, host: '198.51.100.7' }, [{ name: 'web', remotePort: 20_005 }])
    expect([old.told.at(-1)?.type, fresh.answers, world.server.sessionCount]).toEqual(['client.closed', [':20005'], 1])
  })

  test('has the names that begin with its id, whoever took one', async () => {
    const world = turn()
    const name = `${ANN.member.slice(0, 16)}.web`
    const eve = await asks(world, EVE, [{ name }])
    const ann = await asks(world, ANN, [{ name }])
    expect([eve.told.at(-1)?.type, ann.answers, world.server.sessionCount]).toEqual(['client.closed', [expect.stringMatching(/^:/)], 1])
    expect((await asks(world, BEN, [{ name }])).answers).toEqual([`proxy name [${name}] is already in use`])
  })

  test('is told to be one', async () => {
    const world = turn()
    await asks(world, ANN, [])
    expect(world.told.flatMap((fact) => (fact.type === 'session.loggedIn' ? [fact.member] : []))).toEqual([ANN.member])
  })

  test('is known by its id in an open network, of which eight come from one address', async () => {
    const world = turn({ membersAreTrusted: false })
    const answers: unknown[] = []
    for (let i = 0; i < 9; i++) answers.push((await asks(world, { ...ANN, member: `${i}`.repeat(32) }, [{ name: `n${i}` }])).told[0]?.type)
    answers.push((await asks(world, { ...ANN, member: '3'.repeat(32) }, [{ name: 'n3' }])).told[0]?.type)
    expect(answers).toEqual([...Array(8).fill('client.loggedIn'), 'client.closed', 'client.loggedIn'])
    expect(met(world)).toEqual(['nodes'])
  })
})

describe('work connections without mux', () => {
  const forged = async (world: World, runId: string, from: From): Promise<number> => {
    for (let i = 0; i < 1_000; i++) world.toTurn(from).write(encodeMessage({ type: 'newWorkConn', runId }))
    await settle()
    return world.server.figures().sessions[0]?.idleWork ?? 0
  }

  test.each([
    ['a member, by a stranger at its address', ANN, { host: ANN.host }, 0],
    ['a member, by another member', ANN, BEN, 0],
    ['a stranger, by one elsewhere', EVE, { host: '198.51.100.7' }, 0],
    ['a stranger, by a member', EVE, BEN, 0],
    ['a stranger, by itself', EVE, EVE, 10],
  ])('of %s', async (_, victim, from, taken) => {
    const world = turn()
    world.toTurn(victim).write(encodeMessage(login({ runId: 'mine', ...saying('') })))
    await settle()
    expect(await forged(world, 'mine', from)).toEqual(taken)
  })
})

describe('the owner’s own stock client', () => {
  const TURN = { tokens: () => ['old', 'secret'], servesStrangers: false }
  test('is served by the token, as a member is', async () => {
    const world = turn(TURN)
    const names = Array.from({ length: 6 }, (_, i) => ({ name: `p${i}`, remotePort: 6_000 + i }))
    expect((await asks(world, EVE, names, 'secret')).answers).toEqual(names.map(({ remotePort }) => `:${remotePort}`))
  })

  test.each(['', 'other'])('is refused in frp’s words with the token %j', async (token) => {
    const world = turn(TURN)
    expect((await asks(world, EVE, [{ name: 'web' }], token)).answers).toEqual(["token in login doesn't match token from configuration"])
  })
})

describe('a stranger', () => {
  test('logs in twice from one address, and again where one has left', async () => {
    const world = turn()
    const [first, ...more] = [await asks(world, EVE, []), await asks(world, EVE, []), await asks(world, EVE, [])]
    first?.client.end('gone')
    await settle()
    const again = await asks(world, EVE, [])
    const told = [...more, again].map((one) => one.told[0]?.type)
    expect([told, met(world)]).toEqual([['client.loggedIn', 'client.closed', 'client.loggedIn'], ['sessions']])
    expect(more[1]?.answers).toEqual(['too many sessions from this address: strangers have 2'])
  })

  test('comes back by its run id though its address has all of its sessions', async () => {
    const world = turn()
    await asks(world, EVE, [])
    for (let i = 0; i < 3; i++) await rawClient(world, { runId: 'mine', ...saying('') }, '', EVE)
    expect([world.server.sessionCount, met(world)]).toEqual([2, []])
  })

  test('is one of so many in all, beside whom members have room', async () => {
    const world = turn({ rations: { ...RATIONS, clients: 3 } })
    const told: unknown[] = []
    for (let i = 0; i < 4; i++) told.push((await asks(world, { host: `203.0.113.${i}` }, [{ name: `n${i}` }])).told[0]?.type)
    told.push((await asks(world, ANN, [])).told[0]?.type)
    expect(told).toEqual(['client.loggedIn', 'client.loggedIn', 'client.loggedIn', 'client.closed', 'client.loggedIn'])
    expect(met(world)).toEqual(['clients'])
  })

  test('has four proxies from its address, and only ports of the range', async () => {
    const world = turn()
    const one = await asks(world, EVE, [{ name: 'a' }, { name: 'b', remotePort: 20_007 }, { name: 'c', remotePort: 6_000 }])
    const two = await asks(world, EVE, [{ name: 'd' }, { name: 'e' }, { name: 'f' }])
    expect([one.answers[1], one.answers[2], two.answers[2]]).toEqual([
      ':20007',
      'port not allowed',
      'exceed the max_ports_per_client: strangers have 4 from one address',
    ])
    two.client.closeProxy('d')
    await settle()
    two.client.openProxy({ ...PROXY, name: 'g' })
    await settle()
    expect([two.told.at(-1)?.type, met(world)]).toEqual(['client.proxyStarted', ['port', 'ports']])
  })

  test('has a proxy without a name, as P2PRC has it, beside others who do', async () => {
    const world = turn()
    const one = await asks(world, EVE, [{ name: '', remotePort: 20_001 }])
    one.client.end('gone')
    await settle()
    const [two, three] = [await asks(world, BEN, [{ name: '' }]), await asks(world, ANN, [{ name: '' }])]
    const port = expect.stringMatching(/^:/)
    expect([one.answers, two.answers, three.answers]).toEqual([[':20001'], [port], [port]])
  })

  test('shares no group with members', async () => {
    const world = turn()
    const group = { name: 'g', key: '' }
    const ann = await asks(world, ANN, [{ name: 'a', group, remotePort: 20_001 }])
    const eve = await asks(world, EVE, [{ name: 'e', group, remotePort: 20_001 }])
    expect([ann.answers, eve.answers]).toEqual([[':20001'], ['port already used']])
  })

  test('is not reached at addresses of this machine where it must not listen', async () => {
    const world = turn({ strangersArriveAt: (host) => host !== '127.0.0.1' })
    const eve = await asks(world, EVE, [{ name: 'web' }])
    const users = [world.user(eve.port), world.user(eve.port, '203.0.113.5')]
    for (const user of users) user?.link.write(Buffer.from('hello'))
    await settle()
    expect(users.map((user) => [user?.text, user?.closed])).toEqual([
      ['', true],
      ['hello', false],
    ])
  })

  test('carries so much a second, both ways and all its proxies together', async () => {
    const world = turn({ rations: { ...RATIONS, bytesPerSecond: 10_000 } })
    const eve = await asks(world, EVE, [{ name: 'web' }])
    const user = world.user(eve.port)
    user?.link.write(Buffer.alloc(8_000, 'x'))
    await settle()
    const first = user?.received.length
    await world.clock.advance(1_000)
    expect([first, user?.received.length, met(world)]).toEqual([0, 8_000, ['bytesPerSecond']])
  })

  test('is ended when its traffic of a day is used up, and served again the next day', async () => {
    const world = turn({ rations: { ...RATIONS, bytesPerDay: 10_000 } })
    const eve = await asks(world, EVE, [{ name: 'web' }])
    world.user(eve.port)?.link.write(Buffer.alloc(8_000, 'x'))
    await settle()
    await world.clock.advance(0)
    await settle()
    const again = await asks(world, EVE, [])
    await world.clock.advance(24 * 3_600_000)
    const next = await asks(world, EVE, [])
    expect([eve.told.at(-1)?.type, again.answers, next.told[0]?.type, met(world)]).toEqual([
      'client.closed',
      ['the traffic that a stranger has in 24 h is used up'],
      'client.loggedIn',
      ['bytesPerDay'],
    ])
  })

  test('sends to a user of a udp proxy at most three times what came from there', async () => {
    const net = new UdpNet()
    const world = turn({ openDatagrams: net.openDatagrams, rations: { ...RATIONS, udpFactor: 3 } })
    const eve = await rawClient(world, { poolCount: 1, ...saying('') }, '', EVE)
    await eve.open({ proxyName: 'dns', proxyType: 'udp', remotePort: 20_001 })
    const work = await eve.bring()
    await world.clock.advance(500)
    const user = await udpUser(net, 20_001)
    user.ask('ask')
    await settle()
    for (const answer of ['four', 'five.', '!', 'x'])
      work.say({ type: 'udpPacket', content: Buffer.from(answer).toString('base64'), remote: { host: '127.0.0.1', port: user.port } })
    await settle()
    expect([user.heard, met(world)]).toEqual([['four', 'five.'], ['udpFactor']])
  })
})

const saying = (token: string) => ({ privilegeKey: privilegeKey(token, 1_700_000_000), timestamp: 1_700_000_000 })
