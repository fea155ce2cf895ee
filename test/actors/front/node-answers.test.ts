import { describe, expect, test } from 'vitest'
import { answersOf } from '../../../src/actors/front/node-answers.ts'
import { waitingFor } from '../../../src/actors/services/service-standing.ts'
import type { HealthAnswer } from '../../../src/answers.ts'
import { UNPLACED } from '../../../src/domain/coordinates.ts'
import { keptRows, putOwn, recordBurst, recordLooks, recordSpeed } from '../../../src/domain/ip-table.ts'
import { type NetworkKind, OPEN } from '../../../src/domain/network-kind.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import { BY_LATENCY, preferenceWith, type TurnCandidate, type TurnChoice } from '../../../src/domain/turn-choice.ts'
import type { HeldTunnel } from '../../../src/machines/held-tunnels.ts'
import type { NodeContext } from '../../../src/machines/node-machine.ts'
import type { StoreNote } from '../../../src/ports.ts'
import { signedBy } from '../../records.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { stateParts } from '../state-parts.ts'

const AT = '192.0.2.1:8088'
const ELSEWHERE = '192.0.2.2:8088'
const MINE = '192.0.2.9:8088'
const STARTED = '2030-01-01T00:00:00.000Z'
const ash = signedBy('ash', AT)
const turn: TurnCandidate = {
  key: 'ash',
  id: 'ash',
  name: 'ash',
  address: AT,
  kind: 'moonwalk',
  rttMs: 9,
  alive: true,
  offersTurn: true,
  behindNat: false,
}
const choice: TurnChoice = { turn, reason: 'the only one: 9.00 ms' }
const TUNNEL = '192.0.2.1:20000'
const OPENING: HeldTunnel = {
  choice,
  state: 'opening',
  replaces: null,
  isFirst: false,
  address: null,
  sinceMs: null,
  provenAtMs: null,
}
const PLACE = { ...UNPLACED, at: [3, 4, 0, 0, 0, 0, 0, 0], error: 0.2 }
const CARRIED = { clients: 0, proxies: 0, connectionsNow: 0, connectionsEver: 0, bytesIn: 0, bytesOut: 0, errorsEver: 0 }

interface Setting {
  readonly state?: string | { readonly tunnelling: 'up' | 'down' }
  readonly context?: Partial<NodeContext>
  readonly seeds?: readonly string[]
  readonly network?: NetworkKind
  readonly reachability?: 'public' | 'tunnelled' | 'unknown'
  readonly candidates?: readonly TurnCandidate[]
  readonly external?: readonly TurnCandidate[]
  readonly notes?: readonly StoreNote[]
  readonly pins?: readonly string[]
}

function start({
  state = 'serving',
  context = {},
  seeds = [],
  network = OPEN,
  reachability = 'public',
  candidates = [],
  external = [],
  notes = [],
  pins = [],
}: Setting = {}) {
  const parts = stateParts()
  const { keeper, own } = parts
  const named: (string | null)[] = []
  const answers = answersOf({
    ...parts,
    wish: { preference: () => preferenceWith(BY_LATENCY, pins), pins: () => pins },
    clock: parts.time,
    options: { version: '1.2.3', network, speedtestBudgetBytes: 500_000_000 },
    ownHosts: () => ['192.0.2.1'],
    services: {
      list: () => [],
      standings: () => [{ ...waitingFor({ name: 'web', kind: 'tcp', local: '127.0.0.1:1', domain: null }), places: [] }],
    },
    turnServer: {
      clients: (nameOf) => {
        named.push(nameOf({ member: null, ports: [19_999, 20_000] }), nameOf({ member: null, ports: [20_001] }))
        return []
      },
      carried: () => CARRIED,
    },
    place: () => PLACE,
    speedAccount: { usedBytes: () => 7 },
    startedAt: STARTED,
    snapshot: () => ({
      value: state,
      context: { mayTunnel: true, reach: 'unknown', tunnels: [], could: 0, needsTunnels: false, ...context },
    }),
    announcer: { reachability: () => reachability },
    joining: { seeds: () => seeds },
    file: {
      stored: () => ({
        rows: keptRows(keeper.current()).map(({ record }) => ({
          ...{ id: record.id, name: record.name, host: '192.0.2.1', port: 8_088, latency: 5, download: null, upload: null },
          ...{ speedAt: null, lastSeen: null, envelope: null, p2prc: null },
        })),
      }),
    },
    external: { rttMs: () => null, candidates: () => external },
    notes: () => notes,
    candidates: () => candidates,
  })
  return {
    ...parts,
    ...answers,
    named,
    miss: (key: string, times: number): void => {
      for (let i = 0; i < times; i++)
        keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'silent', refused: false, why: 'no answer' }, wallMs))
    },
    announce: (address: string): void => {
      own.announce(address, null)
      const record = own.record()
      if (record) keeper.apply((table, wallMs) => putOwn(table, record, wallMs))
    },
  }
}

describe('status', () => {
  test('of a node that serves', () => {
    const { status, announce, own } = start()
    announce(MINE)
    expect(status()).toEqual({
      schemaVersion: 1,
      node: {
        ...{ id: own.id, name: 'me', version: '1.2.3', state: 'serving', address: MINE, reachability: 'public', startedAt: STARTED },
        network: { kind: 'open', text: 'an open network: anybody may join it and see its servers' },
      },
      turn: null,
      turns: [],
      services: [],
      clients: [],
      carried: CARRIED,
      speedtests: { budgetBytes: 500_000_000, usedBytes: 7 },
      health: [],
    })
  })

  test('of one behind a TURN tells since when the tunnel is up, and how old its proof is', () => {
    const since = VirtualClock.epochMs + 5_000
    const { status, prove } = start({
      state: { tunnelling: 'up' },
      context: { tunnels: [{ ...OPENING, state: 'open', address: TUNNEL, sinceMs: since, provenAtMs: since + 4_000 }] },
      reachability: 'tunnelled',
    })
    const before = status().turn
    prove(ash)
    expect([before?.rttMs, status().node.state, status().turn]).toEqual([
      9,
      'tunnelling.up',
      {
        id: 'ash',
        name: 'ash',
        address: AT,
        rttMs: 5,
        reason: 'the only one: 9.00 ms',
        reasonAt: STARTED,
        since: '2030-01-01T00:00:05.000Z',
        provenAt: '2030-01-01T00:00:09.000Z',
      },
    ])
  })

  test('of one behind several TURNs tells each tunnel, best first', () => {
    const elm: TurnChoice = { turn: { ...turn, key: 'elm', id: 'elm', name: 'elm', address: ELSEWHERE }, reason: '' }
    const { status } = start({
      state: { tunnelling: 'up' },
      context: {
        tunnels: [
          {
            ...OPENING,
            choice: elm,
            state: 'open',
            address: '192.0.2.2:20000',
            sinceMs: VirtualClock.epochMs,
            provenAtMs: VirtualClock.epochMs,
          },
          { ...OPENING, state: 'retiring', address: TUNNEL },
        ],
      },
    })
    expect([status().turn?.name, status().turns]).toEqual([
      'elm',
      [
        {
          ...{ id: 'elm', name: 'elm', address: ELSEWHERE, rttMs: 9, state: 'open', public: '192.0.2.2:20000' },
          ...{ since: STARTED, provenAt: STARTED },
        },
        { id: 'ash', name: 'ash', address: AT, rttMs: 9, state: 'retiring', public: null, since: null, provenAt: null },
      ],
    ])
  })

  test('of one whose tunnel is not up has no proof', () =>
    expect(start({ state: { tunnelling: 'down' }, context: { tunnels: [OPENING] } }).status().turn?.provenAt).toEqual(null))

  test('names clients by what they sign of being reached through a port of this node', () => {
    const { status, hear, own, named } = start()
    hear(signedBy('oak', '192.0.2.9:20000', { via: own.id }))
    hear(signedBy('fir', '192.0.2.9:20001', { via: 'elm' }))
    status()
    expect(named).toEqual(['oak', null])
  })
})

describe('peers', () => {
  const NONE = { rttMs: null, rttAt: null, minMs: null, medianMs: null, p95Ms: null, lossPct: null, measured: null }
  const row = (other: { readonly address?: string; readonly [field: string]: unknown }) => ({
    ...{ id: 'ash', name: 'ash', address: AT, addresses: [other.address ?? AT], state: 'alive', self: false, rttMs: 5, rttAt: STARTED },
    ...{ minMs: 5, medianMs: 5, p95Ms: 5, jitterMs: null, lossPct: 0, connectMs: null, connectAt: null, serverBusy: null },
    ...{ loadedMs: null, loadedAt: null, measured: 'self', rttErrorPct: null, place: null },
    ...{ downMbps: null, upMbps: null, speedAt: null, turn: true, via: null, lastProof: STARTED, dialect: 'moonwalk' },
    ...other,
  })

  test('say who reaches whom this node can’t', () => {
    const { peers, prove, keeper } = start()
    prove(ash)
    prove(signedBy('elm', ELSEWHERE))
    const company = { canAsk: true, members: 3, slowness: 0, isToldDead: false }
    const silent = { type: 'silent', refused: false, why: 'no answer' } as const
    keeper.apply((table, wallMs) => recordBurst(table, 'ash', silent, wallMs, null, 'fine', company))
    keeper.apply((table, wallMs) => recordLooks(table, 'ash', { reachedBy: ['elm'], missedBy: [] }, 'no answer', wallMs))
    expect(peers().peers.map(({ name, state, measured, reachedBy }) => ({ name, state, measured, reachedBy }))).toEqual([
      { name: 'ash', state: 'alive', measured: 'told', reachedBy: ['elm'] },
      { name: 'elm', state: 'alive', measured: 'self', reachedBy: undefined },
    ])
  })

  test('are those proven, the nearest first, this node among them', () => {
    const { peers, prove, hear, announce, miss, own, keeper } = start()
    prove(ash)
    prove(unsignedRecord(ELSEWHERE, 'pc'))
    hear(signedBy('oak', '192.0.2.3:8088'))
    prove(signedBy('fir', '192.0.2.4:8088', { via: 'ash' }))
    announce(MINE)
    keeper.apply((table, wallMs) => recordSpeed(table, 'ash', { downMbps: 90, upMbps: 40 }, wallMs))
    miss('fir', 1)
    expect(peers()).toEqual({
      schemaVersion: 1,
      self: own.id,
      peers: [
        row({ downMbps: 90, upMbps: 40, speedAt: STARTED }),
        row({ id: null, name: 'pc', address: ELSEWHERE, dialect: 'p2prc' }),
        row({ id: 'fir', name: 'fir', address: '192.0.2.4:8088', state: 'suspect', via: 'ash', turn: false, lossPct: 50 }),
        row({ id: own.id, name: 'me', address: MINE, self: true, ...NONE }),
      ],
    })
  })

  test('of which one could not be timed are estimated by where it says that it is', () => {
    const { peers, hear, keeper } = start()
    hear(signedBy('ash', AT, { place: { ...PLACE, at: UNPLACED.at, heightMs: 1, error: 0.1 } }))
    keeper.apply((table, wallMs) => recordBurst(table, 'ash', { type: 'answered', rttMs: null }, wallMs, 'ash'))
    expect(peers().peers.map(({ rttMs, measured, rttErrorPct, place }) => ({ rttMs, measured, rttErrorPct, place }))).toEqual([
      { rttMs: 6.01, measured: 'estimated', rttErrorPct: 20, place: [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0.1] },
    ])
  })

  test('that are away are there only when asked for, with when they were last seen and no figures of now', () => {
    const { peers, prove, miss, leap } = start()
    prove(ash)
    leap(60_000)
    miss('ash', 3)
    expect([peers().peers, peers('here').peers, peers('all').peers]).toEqual([[], [], [row({ state: 'offline', ...NONE })]])
    leap(24 * 3_600_000)
    expect(peers('all').peers).toEqual([])
  })
  test('in pages, those that are away on the last', () => {
    const { peers, prove, miss, announce, own } = start()
    const [birch, elm] = [signedBy('birch', '192.0.2.11:8088'), signedBy('elm', '192.0.2.12:8088')]
    for (const one of [ash, birch, elm]) prove(one)
    miss('elm', 3)
    announce(MINE)
    const named = (offset: number, search = '') =>
      peers('all', { offset, limit: 2, search }).peers.map(({ name, state }) => `${name} ${state}`)
    expect([named(0), named(2), named(4), named(0, '192.0.2.1')]).toEqual([
      ['ash alive', 'birch alive'],
      ['me alive', 'elm offline'],
      [],
      expect.arrayContaining(['birch alive']),
    ])
    const { page } = peers('all', { limit: 1 })
    expect(page).toEqual({ offset: 0, total: 4, self: expect.objectContaining({ id: own.id, self: true }), here: 3, alive: 3, offline: 1 })
  })
})

test('of the others it is counted how they stand, without this node itself', () => {
  const { peerCounts, prove, hear, announce, miss } = start()
  const none = { alive: 0, suspect: 0, unknown: 0, turns: 0, nearestRttMs: null }
  announce(MINE)
  expect(peerCounts()).toEqual(none)
  prove(ash)
  prove(unsignedRecord(ELSEWHERE, 'pc'))
  hear(signedBy('oak', '192.0.2.3:8088'))
  prove(signedBy('fir', '192.0.2.4:8088', { via: 'ash' }))
  miss('ash', 1)
  expect(peerCounts()).toEqual({ alive: 2, suspect: 1, unknown: 1, turns: 2, nearestRttMs: 5 })
  miss('ash', 2)
  expect(peerCounts()).toEqual({ alive: 2, suspect: 0, unknown: 1, turns: 1, nearestRttMs: 5 })
})

test('the table is as its file shows it', () => {
  const { table, prove } = start()
  prove(ash)
  expect(table().ip_address.map(({ ipv4, name }) => [ipv4, name])).toEqual([['192.0.2.1', 'ash']])
})

describe('health', () => {
  const texts = (setting: Setting, happen: (run: ReturnType<typeof start>) => void = () => {}): readonly string[] => {
    const run = start(setting)
    happen(run)
    return run.status().health.map(({ level, text }) => `${level}: ${text}`)
  }
  const finding = (level: HealthAnswer['level']): HealthAnswer => ({ level, text: `found ${level}`, fix: 'Mend it.' })

  test.each<[string, Setting, (run: ReturnType<typeof start>) => void, readonly string[]]>([
    ['all is well', {}, () => {}, []],
    [
      'its seeds are silent',
      { state: 'bootstrapping', seeds: [AT, ELSEWHERE] },
      () => {},
      [`warn: none of the known addresses (--join, add) answers: ${AT}, ${ELSEWHERE}`],
    ],
    [
      'only rows of the file are there, and silent',
      { state: 'bootstrapping' },
      () => {},
      ['warn: none of the servers in the IP table answers'],
    ],
    [
      'there is no TURN',
      { state: 'selectingTurn', candidates: [{ ...turn, alive: false }, { ...turn, name: 'elm', offersTurn: false }, turn] },
      () => {},
      ['error: nobody can be reached who carries traffic for others (ash: it does not answer; elm: it does not offer TURN; ash: fit)'],
    ],
    [
      'those that are pinned are not there, or can not carry',
      { state: 'selectingTurn', candidates: [turn, { ...turn, key: 'elm', id: null, name: 'elm', alive: false }], pins: ['oak', 'elm'] },
      () => {},
      ['error: none of the TURNs that are pinned can be used (oak: it is not in the table; elm: it does not answer)'],
    ],
    ['there is nobody at all', { state: 'selectingTurn' }, () => {}, ['error: nobody can be reached who carries traffic for others']],
    [
      'it is the first',
      { reachability: 'unknown' },
      ({ hear }) => hear(ash),
      ['info: this is the first node: nobody has proven yet that it can be reached'],
    ],
    [
      'others are there and prove nothing',
      { reachability: 'unknown' },
      ({ prove }) => prove(ash),
      ['warn: nobody has proven yet that this node can be reached'],
    ],
    [
      'a stock frps can not be used',
      { external: [{ ...turn, name: 'frps', objection: 'token does not match' }, turn] },
      () => {},
      ["warn: the stock frps frps can't be used as TURN: token does not match"],
    ],
    [
      'rows of its file are amiss',
      { notes: [{ text: 'line 3 has no usable port', fix: 'Mend it.' }] },
      ({ health }) => health.set('table', { level: 'error', text: 'the disk is full', fix: 'Make room.' }),
      ['error: the disk is full', 'warn: line 3 has no usable port'],
    ],
    [
      'parts found something: the worst comes first',
      { reachability: 'unknown' },
      ({ health }) => {
        for (const level of ['info', 'warn', 'error'] as const) health.set(level, finding(level))
      },
      [
        'error: found error',
        'warn: found warn',
        'info: found info',
        'info: this is the first node: nobody has proven yet that it can be reached',
      ],
    ],
  ])('%s', (_, setting, happen, expected) => expect(texts(setting, happen)).toEqual(expected))

  test('silent seeds of a private network may be silent because the secret is another one', () => {
    const silent = { state: 'bootstrapping', seeds: [AT] }
    const fixes = [start(silent), start({ ...silent, network: { type: 'private', secrets: ['s'] } })].map(
      (run) => run.status().health[0]?.fix,
    )
    expect(fixes).toEqual([
      'Check that one of them runs and can be reached from here; they are tried again and again.',
      'Check that one of them runs and can be reached from here, and that the invitation is a new one (`moonwalk invite`): members do not answer who has another secret. They are tried again and again.',
    ])
  })
})
