import { Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { createOperatorCalls } from '../../../src/actors/front/operator-calls.ts'
import type { Pinged } from '../../../src/actors/membership/peer-ping.ts'
import type { SpeedResult } from '../../../src/actors/membership/speed.ts'
import { candidates } from '../../../src/actors/turn/candidates.ts'
import type { ServiceAnswer, ServiceSpec } from '../../../src/answers.ts'
import type { AddressPolicy } from '../../../src/domain/address.ts'
import { absorb, NOT_MEASURED, putOwn, recordBurst, restoreRows } from '../../../src/domain/ip-table.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import type { TurnCandidate } from '../../../src/domain/turn-choice.ts'
import type { Failure } from '../../../src/ports.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

const ASH = '0123456789abcdef0123456789abcdef'
const ELM = '0123450000000000000000000000000f'
const AT = '192.0.2.1:8088'
const ELSEWHERE = '192.0.2.2:8088'
const MINE = '192.0.2.9:8088'
const NAME = 'ash.example:8088'
const ash = signedBy(ASH, AT, { name: 'ash' })
const elm = signedBy(ELM, ELSEWHERE, { name: 'elm' })
const WEB: ServiceSpec = { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null }

const FIGURES: SpeedResult = {
  ...{ type: 'speed', downMbps: 90, upMbps: 40, downBytes: 1, upBytes: 2, downMs: 3, upMs: 4, confidence: 0.9 },
  down: { mbps: 90, lowMbps: 88, highMbps: 92, coverage: 0.8, confidence: 0.9, settled: true, limitedBy: 'path' },
  up: { mbps: 40, lowMbps: 39, highMbps: 41, coverage: 0.8, confidence: 0.9, settled: true, limitedBy: 'path' },
}

type Spoken = SpeedResult | Failure | { readonly type: 'busy'; readonly retryAfterMs: number }

const FRPS: TurnCandidate = {
  ...{ key: 'frp://192.0.2.7:7000', id: null, name: '192.0.2.7:7000', address: '192.0.2.7:7000', kind: 'frp', rttMs: 3 },
  ...{ alive: true, offersTurn: true, behindNat: false },
}

interface Setting {
  readonly policy?: AddressPolicy
  readonly pinged?: Partial<Pinged>
  readonly speed?: Spoken
  /** What is answered before that. */
  readonly speedFirst?: Spoken
  readonly seeds?: readonly string[]
}

function start({ policy = 'lan', pinged = {}, speed = FIGURES, speedFirst, seeds = [] }: Setting = {}) {
  const first = speedFirst ? [speedFirst] : []
  const parts = stateParts()
  const { keeper, own } = parts
  const told: string[] = []
  const named: string[] = []
  const changes = new Subject<{ readonly type: 'added' | 'removed' | 'changed'; readonly name: string }>()
  const services = new Map<string, ServiceAnswer>()
  const stand = (spec: ServiceSpec, other: Partial<ServiceAnswer> = {}): void => {
    const { name, kind, local } = spec
    services.set(name, {
      ...{ name, kind, local, public: null, at: [], state: 'opening', error: null, phase: 'waiting', cause: null },
      ...{ since: null, provenAt: null, traffic: null },
      ...other,
    })
    changes.next({ type: 'changed', name })
  }
  const { methods, mapPort, addProxy } = createOperatorCalls({
    ...parts,
    policy,
    gate: { name: (address) => void named.push(address) },
    prober: {
      byHand: async (address, key) => {
        told.push(`ping ${address} for ${key}`)
        return {
          burst: { type: 'answered', rttMs: 1.23456 },
          by: null,
          samplesMs: [1.23456, 2],
          discarded: 0,
          connectMs: 3.00049,
          ...pinged,
        }
      },
    },
    speed: {
      test: async (address) => {
        told.push(`speed test with ${address}`)
        return first.shift() ?? speed
      },
    },
    joining: {
      addSeed: (address) => void told.push(`join ${address}`),
      seeds: () => seeds,
      forget: (key, address) => {
        told.push(`forget ${key} at ${address}`)
        return seeds.filter((seed) => seed === address || seed === NAME)
      },
    },
    services: {
      list: () => [...services.values()],
      specs: () => [...services.values()].map(({ name, kind, local }) => ({ name, kind, local, domain: null })),
      add: (spec) => {
        told.push(`expose ${spec.name}`)
        stand(spec)
      },
      remove: (name) => {
        const wasThere = services.delete(name)
        if (wasThere) changes.next({ type: 'removed', name })
        return wasThere
      },
      changes$: changes,
    },
    isControl: (local) => local === '127.0.0.1:8089',
    operatorChanges: {
      addSeed: (address) => void told.push(`remember seed ${address}`),
      dropSeed: (address) => void told.push(`drop seed ${address}`),
      addService: ({ name }) => void told.push(`remember service ${name}`),
      dropService: (name) => void told.push(`drop service ${name}`),
      hasService: () => false,
      noteRemoved: () => void told.push('remember who is removed'),
      notePinned: () => void told.push('remember who is pinned'),
    },
    wish: { pin: (keys) => void told.push(`pin ${keys.join(' ')}`) },
    candidates: () => candidates({ clock: parts.clock, keeper, turns: [{ type: 'moonwalk' }], external: { candidates: () => [FRPS] } }),
  })
  return {
    ...parts,
    ...methods,
    mapPort,
    addProxy,
    told,
    named,
    stand,
    announce: (address: string): void => {
      own.announce(address, null)
      const record = own.record()
      if (record) keeper.apply((table, wallMs) => putOwn(table, record, wallMs))
    },
    lose: (key: string): void => {
      for (let i = 0; i < 3; i++)
        keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'silent', refused: false, why: 'no answer' }, wallMs))
    },
    keys: () => [...keeper.current().rows.keys()],
  }
}
const FAR = 'fa'.repeat(16)
const refused = (text: string) => ({ type: 'refused', text })

describe('add', () => {
  test.each<[string, string, AddressPolicy, unknown]>([
    ['an address', AT, 'lan', { type: 'added', address: AT }],
    ['a host name', 'Ash.Example:8088', 'public', { type: 'added', address: NAME }],
    ['no port', '192.0.2.1', 'lan', refused('192.0.2.1 is not HOST:PORT')],
    ['no address', 'ash', 'lan', refused('ash is not HOST:PORT')],
    ['one that may not be contacted', AT, 'public', refused(`${AT} is outside the addresses this node may contact; see --addresses`)],
  ])('%s', async (_, text, policy, expected) => {
    const { add, told, named } = start({ policy })
    expect(await add(text)).toEqual(expected)
    const address = typeof expected === 'object' && expected !== null && 'address' in expected ? expected.address : null
    expect(told).toEqual(address === null ? [] : [`join ${address}`, `remember seed ${address}`])
    expect(named).toEqual(address === null ? [] : [address])
  })
})

describe('a peer is found by', () => {
  test.each<[string, string, string]>([
    ['its id', ASH, ASH],
    ['six characters of its id', '012345678'.slice(0, 7), ASH],
    ['the same in capitals', ASH.slice(0, 20).toUpperCase(), ASH],
    ['its name', 'elm', ELM],
    ['its name in capitals', 'ELM', ELM],
    ['its address', AT, ASH],
    ['the name that a person wrote for it', NAME, ASH],
  ])('%s', async (_, peer, key) => {
    const { prove, keeper, ping, told } = start()
    prove(ash)
    prove(elm)
    keeper.apply((table) => restoreRows(table, [{ record: unsignedRecord(NAME), stored: NOT_MEASURED, written: NAME }]))
    keeper.apply((table, wallMs) => absorb(table, NAME, ASH, wallMs))
    await ping(peer)
    expect(told.map((line) => line.split(' for ')[1])).toEqual([key])
  })

  test.each<[string, string, string]>([
    ['a name that two have', 'ash', `ash could be any of ash at ${AT}, ash at ${ELSEWHERE}; say its address`],
    ['the start of two ids', '012345', `012345 could be any of ash at ${AT}, ash at ${ELSEWHERE}; say its address`],
    ['too little of an id', '01234', 'no node 01234 in the table; see `moonwalk peers`'],
    ['a name that nobody has', 'oak', 'no node oak in the table; see `moonwalk peers`'],
    ['an id that another calls itself', FAR, `no node ${FAR} in the table; see \`moonwalk peers\``],
  ])('not by %s', async (_, peer, text) => {
    const { prove, ping, told } = start()
    prove(ash)
    prove({ ...elm, name: 'ash' })
    prove(signedBy('f1'.repeat(16), '192.0.2.4:8088', { name: FAR }))
    expect([await ping(peer), told]).toEqual([refused(text), []])
  })
})

describe('remove', () => {
  test('has a peer stay away, forgets every seed that it was, and remembers that', () => {
    const { prove, remove, keys, keeper, told } = start({ seeds: [NAME, ELSEWHERE] })
    prove(ash)
    expect(remove('ash')).toEqual({ type: 'removed', address: AT })
    expect([keys(), [...keeper.current().removed]]).toEqual([[], [[ASH, AT]]])
    expect(told).toEqual([`forget ${ASH} at ${AT}`, `drop seed ${NAME}`, 'remember who is removed'])
  })

  test('knows a seed that never answered', () => {
    const { remove, told } = start({ seeds: [ELSEWHERE] })
    expect(remove(ELSEWHERE)).toEqual({ type: 'removed', address: ELSEWHERE })
    expect(told).toEqual([`forget ${ELSEWHERE} at ${ELSEWHERE}`, `drop seed ${ELSEWHERE}`])
  })

  test('knows a seed by its host alone where no other is there', () => {
    const host = ELSEWHERE.replace(/:\d+$/, '')
    expect(start({ seeds: [ELSEWHERE] }).remove(host)).toEqual({ type: 'removed', address: ELSEWHERE })
    expect(start({ seeds: [ELSEWHERE, `${host}:1`] }).remove(host)).toEqual({
      type: 'refused',
      text: `no node ${host} in the table; see \`moonwalk peers\``,
    })
  })

  test('knows who is away', () => {
    const { prove, lose, remove, keeper } = start()
    prove(ash)
    lose(ASH)
    expect(remove('ash')).toEqual({ type: 'removed', address: AT })
    expect([...keeper.current().removed.keys()]).toEqual([ASH])
  })

  test('knows a row of the file that never answered', () => {
    const { keeper, remove, keys } = start()
    keeper.apply((table) => restoreRows(table, [{ record: unsignedRecord(NAME, 'ash'), stored: NOT_MEASURED, written: NAME }]))
    expect([remove(NAME), keys()]).toEqual([{ type: 'removed', address: NAME }, []])
  })

  test.each<[string, string, string]>([
    ['this node itself', MINE, 'that is this node itself'],
    ['nobody', 'oak', 'no node oak in the table; see `moonwalk peers`'],
  ])('refuses %s', (_, peer, text) => {
    const { announce, remove, told } = start()
    announce(MINE)
    expect([remove(peer), told]).toEqual([refused(text), []])
  })
})

describe('ping', () => {
  test('tells whole microseconds of the best and of each', async () => {
    const { prove, ping } = start()
    prove(ash)
    expect(await ping('ash')).toEqual({
      schemaVersion: 1,
      rttMs: 1.235,
      samples: [1.235, 2],
      discarded: 0,
      isLoaded: false,
      connectMs: 3,
      via: null,
    })
  })
  test('of an address that is in no table', async () => {
    const { ping, told, named } = start({ pinged: { connectMs: null } })
    expect([await ping(ELSEWHERE), [...named, ...told]]).toEqual([
      { schemaVersion: 1, rttMs: 1.235, samples: [1.235, 2], discarded: 0, isLoaded: false, connectMs: null, via: null },
      [ELSEWHERE, `ping ${ELSEWHERE} for null`],
    ])
  })
  test('of this node goes to its own listener', async () => {
    const { announce, own, ping, told } = start()
    announce(MINE)
    await ping(own.id)
    expect(told).toEqual([`ping 127.0.0.1:8088 for ${own.id}`])
  })
  test.each<[string, Setting, string, string]>([
    [
      'who does not answer',
      { pinged: { burst: { type: 'silent', refused: true, why: 'connection refused' } } },
      AT,
      `${AT} does not answer: connection refused`,
    ],
    [
      'who answers while this machine is too busy to time it',
      { pinged: { burst: { type: 'answered', rttMs: null } } },
      AT,
      `${AT} answers, but this machine was too busy to time it; try again`,
    ],
    ['what may not be contacted', { policy: 'public' }, AT, `${AT} is outside the addresses this node may contact; see --addresses`],
  ])('refuses %s', async (_, setting, peer, text) => expect(await start(setting).ping(peer)).toEqual(refused(text)))
})

describe('speedtest', () => {
  test('of an address that is in no table', async () => {
    const { speedtest, keys } = start()
    expect([await speedtest(ELSEWHERE), keys()]).toEqual([expect.objectContaining({ schemaVersion: 1, downMbps: 90 }), []])
  })

  test('goes into the table', async () => {
    const { prove, speedtest, keeper } = start()
    prove(ash)
    const { type: _, ...figures } = {
      ...FIGURES,
      down: { ...FIGURES.down, words: '90 Mbit/s, between 88 and 92' },
      up: { ...FIGURES.up, words: '40 Mbit/s, between 39 and 41' },
    }
    expect(await speedtest('ash')).toEqual({ schemaVersion: 1, ...figures })
    const row = keeper.current().rows.get(ASH)
    expect([row?.downMbps, row?.upMbps]).toEqual([90, 40])
  })

  test('waits for its turn where it is given one within seconds', async () => {
    const { prove, speedtest, clock } = start({ speedFirst: { type: 'busy', retryAfterMs: 3_000 } })
    prove(ash)
    expect(await clock.until(speedtest('ash'))).toMatchObject({ schemaVersion: 1, downMbps: 90 })
    expect(clock.now()).toEqual(3_000)
  })
  test.each<[string, Setting, string, string]>([
    ['nobody', {}, 'oak', 'no node oak in the table; see `moonwalk peers`'],
    [
      'while another runs',
      { speed: { type: 'busy', retryAfterMs: 60_000 } },
      'ash',
      'ash, or this node, has no time for a speed test now; try again in a minute',
    ],
    [
      'that fails',
      { speed: { type: 'failed', reason: 'reset', text: 'connection reset' } },
      'ash',
      'the speed test with ash failed: connection reset',
    ],
  ])('%s is refused', async (_, setting, peer, text) => {
    const { prove, speedtest, keeper } = start(setting)
    prove(ash)
    expect([await speedtest(peer), keeper.current().rows.get(ASH)?.speedAtMs]).toEqual([refused(text), null])
  })
})

describe('expose', () => {
  test('settles once the service is up, and is remembered', async () => {
    const { expose, stand, told, clock } = start()
    const exposed = expose(WEB, 30_000)
    await clock.advance(500)
    stand(WEB, { state: 'up', public: '192.0.2.1:20000' })
    const answer = await clock.until(exposed)
    expect([answer, clock.now(), told]).toEqual([
      expect.objectContaining({ name: 'web', state: 'up', public: '192.0.2.1:20000' }),
      500,
      ['expose web', 'remember service web'],
    ])
  })
  test.each<[string, Partial<ServiceAnswer> | null, string]>([
    ['why it is down', { state: 'down', error: 'the port is taken' }, 'web is not reachable yet: the port is taken'],
    ['that nothing is proven in time', null, 'web is not reachable yet: no public address is proven; see `moonwalk status`'],
  ])('settles with %s, and stays exposed', async (_, standing, text) => {
    const { expose, stand, clock } = start()
    const exposed = expose(WEB, 30_000)
    if (standing) stand(WEB, standing)
    expect(await clock.until(exposed)).toEqual({
      ...refused(text),
      left: 'web stays exposed and is tried again; `moonwalk unexpose web` takes it back',
    })
    expect(clock.now()).toEqual(standing ? 0 : 30_000)
  })
  test('that is taken back meanwhile says so, and not that it stays', async () => {
    const { expose, unexpose, clock } = start()
    const exposed = expose(WEB, 30_000)
    unexpose('web')
    expect(await clock.until(exposed)).toEqual(refused('web was taken back meanwhile'))
  })
  test.each<[string, ServiceSpec, string]>([
    [
      'the control port',
      { ...WEB, name: 'page', local: '127.0.0.1:8089' },
      '127.0.0.1:8089 is the control port of this node, which is not exposed; forward it with ssh -L instead',
    ],
    ['a name that is taken', WEB, 'a service named web is exposed already; choose another --name or unexpose it first'],
    ['http without a domain', { ...WEB, name: 'site', kind: 'http' }, 'an http service needs the domain it answers to'],
    ['https without a domain', { ...WEB, name: 'site', kind: 'https' }, 'an https service needs the domain it answers to'],
  ])('refuses %s', async (_, spec, text) => {
    const { expose, stand, told } = start()
    stand(WEB)
    expect([await expose(spec, 1), told]).toEqual([refused(text), []])
  })
  test('pin takes nodes by any of their names, once each, and stock frps; in place of those before', () => {
    const { prove, pin, told } = start()
    prove(ash)
    prove(elm)
    expect([pin(['elm', 'ASH', AT, FRPS.key]), pin([]), told]).toEqual([
      {
        type: 'pinned',
        turns: [
          { name: 'elm', address: ELSEWHERE },
          { name: 'ash', address: AT },
          { name: FRPS.name, address: FRPS.address },
        ],
      },
      { type: 'pinned', turns: [] },
      [`pin ${ELM} ${ASH} ${FRPS.key}`, 'remember who is pinned', 'pin ', 'remember who is pinned'],
    ])
  })

  test.each([
    ['who is not there', 'oak', 'no node oak in the table; see `moonwalk peers`'],
    ['who carries nobody', 'fir', "fir can't be pinned: it does not offer TURN"],
    ['this node itself', 'me', "me can't be pinned: it is this node"],
    ['a name that two have', 'ash', `ash could be any of ash at ${AT}, ash at ${ELSEWHERE}; say its address`],
  ])('pin refuses %s, and nothing changes', (_, peer, text) => {
    const { prove, announce, pin, told } = start()
    prove(ash)
    prove({ ...elm, name: 'ash' })
    prove(signedBy('f1'.repeat(16), '192.0.2.4:8088', { name: 'fir', offersTurn: false }))
    announce(MINE)
    expect([pin([AT, peer]), told]).toEqual([{ type: 'refused', text }, []])
  })

  test('unexpose forgets it, and knows none that is not there', () => {
    const { stand, unexpose, told } = start()
    stand(WEB)
    expect([unexpose('web'), unexpose('web'), told]).toEqual([
      { type: 'unexposed', name: 'web' },
      refused('no service named web; see `moonwalk status`'),
      ['drop service web'],
    ])
  })
})

const TCP = { port: 3_000, isUdp: false, domain: null }

describe('/MAPPort', () => {
  test('exposes a port of UDP as such, and has a domain lead to it where one is named', async () => {
    const { mapPort, stand, told, clock } = start()
    const udp = mapPort({ ...TCP, isUdp: true })
    stand({ ...WEB, name: 'port-3000-udp' }, { state: 'up', public: '192.0.2.1:20000' })
    const named = mapPort({ ...TCP, domain: 'app.example.org' })
    stand({ ...WEB, name: 'port-3000' }, { state: 'up', public: '192.0.2.1:20001' })
    expect([await clock.until(udp), await clock.until(named), told]).toEqual([
      { type: 'mapped', address: '192.0.2.1:20000' },
      { type: 'mapped', address: '192.0.2.1:20001' },
      ['expose port-3000-udp', 'expose app.example.org', 'expose port-3000'],
    ])
  })
  test('exposes the port until the node stops, once', async () => {
    const { mapPort, stand, told, clock } = start()
    const mapped = mapPort(TCP)
    stand({ ...WEB, name: 'port-3000' }, { state: 'up', public: '192.0.2.1:20000' })
    expect([await clock.until(mapped), await mapPort(TCP), told]).toEqual([
      { type: 'mapped', address: '192.0.2.1:20000' },
      { type: 'mapped', address: '192.0.2.1:20000' },
      ['expose port-3000'],
    ])
  })
  test.each([
    [8_088, 'port 8088 is the public port of this node; it is public already'],
    [8_089, '127.0.0.1:8089 is the control port of this node, which is not exposed; forward it with ssh -L instead'],
  ])("never maps the node's own port %i", async (port, text) => {
    const { mapPort, own, told } = start()
    own.setListening({ host: '0.0.0.0', port: 8_088 })
    expect([await mapPort({ ...TCP, port }), told]).toEqual([refused(text), []])
  })
  test('says why not', async () => {
    const { mapPort, clock } = start()
    expect(await clock.until(mapPort(TCP))).toEqual(
      refused('port-3000 is not reachable yet: no public address is proven; see `moonwalk status`'),
    )
  })
})

describe('/AddProxy', () => {
  const ask = { domain: 'app.example.org', local: '10.0.0.7:3000' }
  test('has a domain lead to a web service, once, and to no other', () => {
    const { addProxy, told } = start()
    expect([addProxy(ask), addProxy(ask), addProxy({ ...ask, local: '10.0.0.8:3000' }), told]).toEqual([
      { type: 'added' },
      { type: 'added' },
      refused('app.example.org leads to 10.0.0.7:3000 already'),
      ['expose app.example.org'],
    ])
  })
  test('never leads to the control port', () => {
    const { addProxy, told } = start()
    expect([addProxy({ ...ask, local: '127.0.0.1:8089' }), told]).toEqual([
      refused('127.0.0.1:8089 is the control port of this node, which is not exposed; forward it with ssh -L instead'),
      [],
    ])
  })
})
