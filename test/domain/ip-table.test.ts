import { describe, expect, test } from 'vitest'
import { type Change, type Row, shownRows } from '../../src/domain/ip-table.ts'
import { NO_LATENCY } from '../../src/domain/latency.ts'
import type { P2prcFields, PeerRecord } from '../../src/domain/record.ts'
import { NO_P2PRC_FIELDS } from '../../src/p2prc/wire-table.ts'
import {
  EMPTY_TABLE,
  factsOf,
  type IpTable,
  merge,
  type Outcome,
  putOwn,
  recordBurst,
  recordSpeed,
  removeRow,
  turnTo,
} from './pure-table.ts'

const AT = '192.0.2.1:8088'
const ELSEWHERE = '192.0.2.2:8088'

const signed = (id: string, seq: number, address = AT, other: Partial<PeerRecord> = {}): PeerRecord => ({
  id,
  name: id,
  address,
  seq,
  via: null,
  offersTurn: true,
  left: false,
  envelope: `${id} ${seq} ${address}`,
  p2prc: null,
  ...other,
})
const stranger = (name: string, p2prc: P2prcFields | null = null, address = AT): PeerRecord => ({
  ...signed('', 0, address),
  id: null,
  name,
  envelope: null,
  p2prc,
})
const answered = { type: 'answered', rttMs: 5 } as const
const silent = { type: 'silent', refused: false, why: 'no answer' } as const

type Step = (table: IpTable) => Outcome
const hear =
  (...records: readonly PeerRecord[]): Step =>
  (table) =>
    merge(table, records, 1_000)
const ping =
  (key: string, answeredBy: string | null = null): Step =>
  (table) =>
    recordBurst(table, key, answered, 2_000, answeredBy)
const miss =
  (key: string): Step =>
  (table) =>
    recordBurst(table, key, silent, 3_000)
const own =
  (record: PeerRecord): Step =>
  (table) =>
    putOwn(table, record, 4_000)
const forget =
  (key: string): Step =>
  (table) =>
    removeRow(table, key, 'a person removed it', 5_000)
const at =
  (wallMs: number, ...records: readonly PeerRecord[]): Step =>
  (table) =>
    merge(table, records, wallMs)

const play = (...steps: readonly Step[]): Outcome =>
  steps.reduce<Outcome>(
    (so, step) => {
      const next = step(so.table)
      return { table: next.table, changes: [...so.changes, ...next.changes] }
    },
    { table: EMPTY_TABLE, changes: [] },
  )

const told = (changes: readonly Change[]) =>
  changes.map((change) => `${change.type} ${change.row.key} at ${change.row.record.address}${'why' in change ? `: ${change.why}` : ''}`)
const held = ({ rows }: IpTable) => [...rows.values()].map(({ key, state, record }) => `${key} ${record.seq} ${state} at ${record.address}`)

const gone60s = 65_000
const FIELDS: P2prcFields = { ...NO_P2PRC_FIELDS, machineUsername: 'ada', nat: true }

test.each<[string, readonly Step[], readonly string[], readonly string[]]>([
  ['what is heard is not believed', [hear(signed('ash', 1))], [`ash 1 unknown at ${AT}`], [`heard ash at ${AT}`]],
  [
    'what answers is',
    [hear(signed('ash', 1)), ping('ash')],
    [`ash 1 alive at ${AT}`],
    [`heard ash at ${AT}`, `added ash at ${AT}`, `measured ash at ${AT}`],
  ],
  [
    'an older word changes nothing',
    [hear(signed('ash', 2)), hear(signed('ash', 1, ELSEWHERE))],
    [`ash 2 unknown at ${AT}`],
    [`heard ash at ${AT}`],
  ],
  [
    'an equal word changes nothing',
    [hear(signed('ash', 2)), hear(signed('ash', 2, ELSEWHERE))],
    [`ash 2 unknown at ${AT}`],
    [`heard ash at ${AT}`],
  ],
  [
    'a newer word from the same address keeps the proof',
    [hear(signed('ash', 1)), ping('ash'), hear(signed('ash', 2))],
    [`ash 2 alive at ${AT}`],
    [`heard ash at ${AT}`, `added ash at ${AT}`, `measured ash at ${AT}`, `changed ash at ${AT}`],
  ],
  [
    'a new address must be proven anew',
    [hear(signed('ash', 1)), ping('ash'), hear(signed('ash', 2, ELSEWHERE)), ping('ash')],
    [`ash 2 alive at ${ELSEWHERE}`],
    [
      `heard ash at ${AT}`,
      `added ash at ${AT}`,
      `measured ash at ${AT}`,
      `heard ash at ${ELSEWHERE}`,
      `changed ash at ${ELSEWHERE}`,
      `measured ash at ${ELSEWHERE}`,
    ],
  ],
  [
    'an unsigned word never beats a signed one',
    [hear(signed('ash', 1)), hear(signed('ash', 9, ELSEWHERE, { envelope: null }))],
    [`ash 1 unknown at ${AT}`],
    [`heard ash at ${AT}`],
  ],
  [
    'a goodbye removes, and keeps older words out',
    [hear(signed('ash', 1)), ping('ash'), hear(signed('ash', 3, AT, { left: true })), hear(signed('ash', 2)), hear(signed('ash', 3))],
    [],
    [`heard ash at ${AT}`, `added ash at ${AT}`, `measured ash at ${AT}`, `removed ash at ${AT}: it said goodbye`],
  ],
  [
    'a goodbye that is older than what is known is not meant',
    [hear(signed('ash', 3)), hear(signed('ash', 2, AT, { left: true }))],
    [`ash 3 unknown at ${AT}`],
    [`heard ash at ${AT}`],
  ],
  ['a goodbye of a stranger is nothing', [hear(signed('ash', 3, AT, { left: true }))], [], []],
  [
    'who said goodbye may come back with a newer word',
    [hear(signed('ash', 1)), hear(signed('ash', 3, AT, { left: true })), hear(signed('ash', 4))],
    [`ash 4 unknown at ${AT}`],
    [`heard ash at ${AT}`, `dropped ash at ${AT}: it said goodbye`, `heard ash at ${AT}`],
  ],
  [
    'one silence suspects, an answer clears',
    [hear(signed('ash', 1)), ping('ash'), miss('ash'), miss('ash'), ping('ash')],
    [`ash 1 alive at ${AT}`],
    [
      `heard ash at ${AT}`,
      `added ash at ${AT}`,
      `measured ash at ${AT}`,
      `suspected ash at ${AT}: no answer`,
      `cleared ash at ${AT}`,
      `measured ash at ${AT}`,
    ],
  ],
  [
    'three in a row remove',
    [hear(signed('ash', 1)), ping('ash'), miss('ash'), miss('ash'), miss('ash'), miss('ash')],
    [],
    [
      `heard ash at ${AT}`,
      `added ash at ${AT}`,
      `measured ash at ${AT}`,
      `suspected ash at ${AT}: no answer`,
      `removed ash at ${AT}: no answer`,
    ],
  ],
  [
    'what never answered is dropped without a word',
    [hear(signed('ash', 1)), miss('ash'), miss('ash'), miss('ash')],
    [],
    [`heard ash at ${AT}`, `dropped ash at ${AT}: no answer`],
  ],
  [
    'what was removed is not believed again for a minute',
    [hear(signed('ash', 1)), ping('ash'), forget('ash'), at(gone60s - 1, signed('ash', 1))],
    [],
    [`heard ash at ${AT}`, `added ash at ${AT}`, `measured ash at ${AT}`, `removed ash at ${AT}: a person removed it`],
  ],
  [
    'and then it is',
    [hear(signed('ash', 1)), forget('ash'), at(gone60s, signed('ash', 1))],
    [`ash 1 unknown at ${AT}`],
    [`heard ash at ${AT}`, `dropped ash at ${AT}: a person removed it`, `heard ash at ${AT}`],
  ],
  [
    'another node at its address ends a row',
    [hear(signed('ash', 1)), ping('ash'), ping('ash', 'elm')],
    [],
    [`heard ash at ${AT}`, `added ash at ${AT}`, `measured ash at ${AT}`, `removed ash at ${AT}: another node answers there`],
  ],
  [
    'its own id at its address is no trouble',
    [hear(signed('ash', 1)), ping('ash', 'ash')],
    [`ash 1 alive at ${AT}`],
    [`heard ash at ${AT}`, `added ash at ${AT}`, `measured ash at ${AT}`],
  ],
  [
    'the proven one of two at an address stays',
    [hear(signed('ash', 1), signed('elm', 1)), ping('elm')],
    [`elm 1 alive at ${AT}`],
    [
      `heard ash at ${AT}`,
      `heard elm at ${AT}`,
      `dropped ash at ${AT}: another node answers there`,
      `added elm at ${AT}`,
      `measured elm at ${AT}`,
    ],
  ],
  [
    'that a P2PRC row is a node of ours is not believed because it is said',
    [hear(stranger('pc')), ping(AT), hear(signed('ash', 1))],
    [`${AT} 0 alive at ${AT}`, `ash 1 unknown at ${AT}`],
    [`heard ${AT} at ${AT}`, `added ${AT} at ${AT}`, `measured ${AT} at ${AT}`, `heard ash at ${AT}`],
  ],
  [
    'a P2PRC row turns out to be a node of ours once that answers',
    [hear(stranger('pc')), ping(AT), hear(signed('ash', 1)), ping('ash', 'ash')],
    [`ash 1 alive at ${AT}`],
    [
      `heard ${AT} at ${AT}`,
      `added ${AT} at ${AT}`,
      `measured ${AT} at ${AT}`,
      `heard ash at ${AT}`,
      `changed ash at ${AT}`,
      `measured ash at ${AT}`,
    ],
  ],
  [
    'a P2PRC row never stands beside one with an id that is proven',
    [hear(signed('ash', 1)), ping('ash'), hear(stranger('pc'))],
    [`ash 1 alive at ${AT}`],
    [`heard ash at ${AT}`, `added ash at ${AT}`, `measured ash at ${AT}`],
  ],
  [
    'who is only said to be at its address keeps a P2PRC row away no more than it ends one',
    [hear(signed('ash', 1)), hear(stranger('pc')), ping(AT)],
    [`ash 1 unknown at ${AT}`, `${AT} 0 alive at ${AT}`],
    [`heard ash at ${AT}`, `heard ${AT} at ${AT}`, `added ${AT} at ${AT}`, `measured ${AT} at ${AT}`],
  ],
  [
    "a P2PRC row gives way to its address's proven owner, whichever of the two is looked at first",
    [hear(signed('ash', 1)), hear(stranger('pc')), ping('ash', 'ash'), ping(AT, 'ash')],
    [`ash 1 alive at ${AT}`],
    [`heard ash at ${AT}`, `heard ${AT} at ${AT}`, `added ash at ${AT}`, `measured ash at ${AT}`],
  ],
  [
    'this node ends whoever claims its address',
    [hear(signed('ash', 1)), ping('ash'), own(signed('me', 1))],
    [`me 1 alive at ${AT}`],
    [`heard ash at ${AT}`, `added ash at ${AT}`, `measured ash at ${AT}`, `removed ash at ${AT}: it is this node`, `added me at ${AT}`],
  ],
  [
    'this node moves with its row',
    [own(signed('me', 1)), own(signed('me', 2, ELSEWHERE))],
    [`me 2 alive at ${ELSEWHERE}`],
    [`added me at ${AT}`, `changed me at ${ELSEWHERE}`],
  ],
])('%s', (_, steps, rows, changes) => {
  const outcome = play(...steps)
  expect(held(outcome.table)).toEqual(rows)
  expect(told(outcome.changes)).toEqual(changes)
})

describe("a P2PRC row's name and fields", () => {
  const known = (...steps: readonly Step[]) => {
    const row = play(...steps).table.rows.get(AT)
    return row && [row.record.name, row.record.p2prc?.machineUsername ?? null]
  }
  test.each<[string, readonly PeerRecord[], readonly [string, string | null]]>([
    ['are taken from its table', [stranger(AT), stranger('pc', FIELDS)], ['pc', 'ada']],
    ["do not follow another's table", [stranger('pc', FIELDS), stranger('laptop', NO_P2PRC_FIELDS)], ['pc', 'ada']],
    ['are not lost to hearsay', [stranger('pc', FIELDS), stranger('other')], ['pc', 'ada']],
    ['are not lost to meeting it', [stranger('pc', FIELDS), stranger(AT)], ['pc', 'ada']],
    ['a nameless row is named by hearsay', [stranger(AT), stranger('pc')], ['pc', null]],
    ['a named row is not renamed by it', [stranger('pc'), stranger('other')], ['pc', null]],
  ])('%s', (_, records, expected) => expect(known(...records.map((record) => hear(record)))).toEqual(expected))

  test('follow its own word', () => {
    const first = merge(EMPTY_TABLE, [stranger('pc', FIELDS)], 0)
    const row = merge(first.table, [stranger('laptop', NO_P2PRC_FIELDS)], 0, 'firsthand').table.rows.get(AT)
    expect([row?.record.name, row?.record.p2prc]).toEqual(['laptop', NO_P2PRC_FIELDS])
  })

  test('do not go to and fro between two nodes that tell each other', () => {
    let [one, other] = [play(hear(stranger('pc')), ping(AT)).table, play(hear(stranger('laptop')), ping(AT)).table]
    const changes: Change[] = []
    for (let turn = 0; turn < 4; turn++) {
      const nameOf = (table: IpTable) => table.rows.get(AT)?.record.name ?? ''
      const [a, b] = [hear(stranger(nameOf(other)))(one), hear(stranger(nameOf(one)))(other)]
      changes.push(...a.changes, ...b.changes)
      ;[one, other] = [a.table, b.table]
    }
    expect(told(changes)).toEqual([])
  })
})

test('a row as a whole, from first word to suspicion', () => {
  const row: Row = {
    key: 'ash',
    record: signed('ash', 1),
    state: 'suspect',
    latency: {
      rttMs: 5,
      rttAtMs: 2_000,
      burstAtMs: 2_000,
      samplesMs: [5],
      isCold: true,
      recent: { minute: 0, leastMs: [5] },
      connect: null,
      loaded: null,
      history: 1,
      bursts: 2,
    },
    downMbps: 90,
    upMbps: 40,
    speedAtMs: 7_000,
    sustained: null,
    lastProofMs: 2_000,
    strikes: 1,
    version: 2,
    stored: null,
    written: null,
    suspicion: { sinceMs: 3_000, by: [] },
    reachedBy: [],
    heard: null,
  }
  const speed: Step = (table) => recordSpeed(table, 'ash', { downMbps: 90, upMbps: 40 }, 7_000)
  const { table } = play(hear(signed('ash', 1)), ping('ash'), speed, miss('ash'))
  expect(factsOf(table)).toEqual({ ...factsOf(EMPTY_TABLE), rows: new Map([['ash', row]]), holders: new Map([[AT, 'ash']]), version: 2 })
})

test('a failed speed test is remembered, and keeps the figures', () => {
  const before = play(hear(signed('ash', 1)), (table) => recordSpeed(table, 'ash', { downMbps: 90, upMbps: 40 }, 7_000)).table
  const row = recordSpeed(before, 'ash', null, 8_000).table.rows.get('ash')
  expect(row && [row.downMbps, row.upMbps, row.speedAtMs]).toEqual([90, 40, 8_000])
})

test("this node's figures start anew at a new address", () => {
  const { table } = play(own(signed('me', 1)), ping('me'), own(signed('me', 2, ELSEWHERE)))
  expect(table.rows.get('me')?.latency).toEqual(NO_LATENCY)
})

test('what changes nothing answers the same table', () => {
  const { table } = play(hear(signed('ash', 2)), ping('ash'))
  const still: readonly Step[] = [
    hear(),
    hear(signed('ash', 2)),
    hear(signed('ash', 1, ELSEWHERE)),
    hear(stranger('pc')),
    ping('nobody'),
    forget('nobody'),
    (before) => recordSpeed(before, 'nobody', null, 1),
  ]
  for (const step of still) expect(step(table)).toEqual({ table, changes: [] })
})

test('people see proven rows, the nearest first, then by address', () => {
  const near =
    (key: string, rttMs: number): Step =>
    (table) =>
      recordBurst(table, key, { type: 'answered', rttMs }, 2_000)
  const { table } = play(
    hear(signed('a', 1, '192.0.2.4:1'), signed('b', 1, '192.0.2.3:1'), signed('c', 1, '192.0.2.2:1'), signed('d', 1, '192.0.2.5:1')),
    near('a', 5),
    near('b', 5),
    near('c', 9),
    own(signed('me', 1, '192.0.2.6:1')),
    miss('b'),
  )
  expect(shownRows(table).map(({ key }) => key)).toEqual(['b', 'a', 'c', 'me'])
})

describe('a row turns to another of its own addresses', () => {
  const two = signed('ash', 1, AT, { alsoAt: [ELSEWHERE] })
  test('and stands there, as alive as before, until its owner says something new', () => {
    const turned = turnTo(play(hear(two), ping('ash')).table, 'ash', ELSEWHERE, 3_000)
    const row = turned.table.rows.get('ash')
    expect([turned.changes.map(({ type }) => type), row?.record, row?.state, [...turned.table.holders]]).toEqual([
      ['changed'],
      { ...two, address: ELSEWHERE, alsoAt: [AT], silentAt: AT },
      'alive',
      [[ELSEWHERE, 'ash']],
    ])
    expect(merge(turned.table, [two], 4_000).table).toBe(turned.table)
    expect(merge(turned.table, [{ ...two, seq: 2 }], 4_000).table.rows.get('ash')?.record.address).toEqual(AT)
  })

  test('and goes back to its first as it was', () => {
    const { table } = play(hear({ ...two, alsoAt: [ELSEWHERE, '192.0.2.9:1'] }), ping('ash'))
    const back = [ELSEWHERE, '192.0.2.9:1', AT].reduce((before, address) => turnTo(before, 'ash', address, 3_000).table, table)
    expect(back.rows.get('ash')?.record.silentAt).toBeUndefined()
    expect(turnTo(turnTo(table, 'ash', ELSEWHERE, 1).table, 'ash', AT, 2).table.rows).toEqual(table.rows)
  })

  test.each<[string, string, string]>([
    ['nobody', 'oak', ELSEWHERE],
    ['one at that address', 'ash', AT],
    ['one that does not name it', 'ash', '192.0.2.9:1'],
  ])('but not %s', (_, key, address) => {
    const { table } = play(hear(two), ping('ash'))
    expect(turnTo(table, key, address, 3_000)).toEqual({ table, changes: [] })
  })

  test('and whoever stood there goes', () => {
    const { table } = play(hear(two, signed('elm', 1, ELSEWHERE)), ping('ash'), ping('elm'))
    expect(turnTo(table, 'ash', ELSEWHERE, 3_000).changes.map(({ type, row }) => `${type} ${row.key}`)).toEqual([
      'removed elm',
      'changed ash',
    ])
  })
})
