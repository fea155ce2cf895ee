// Who is away, who is to stay away, and what is this node itself.
import { describe, expect, test } from 'vitest'
import { offlineRows } from '../../src/domain/ip-table.ts'
import { figuresOf, NO_LATENCY } from '../../src/domain/latency.ts'
import { type PeerRecord, unsignedRecord } from '../../src/domain/record.ts'
import { GONE_FOR, MINE_FOR, MOST_GONE, MOST_MINE, MOST_UNPROVEN, OFFLINE_FOR } from '../../src/domain/timings.ts'
import { signedBy } from '../records.ts'
import { EMPTY_TABLE, type IpTable, merge, recordSpeed } from './pure-table.ts'
import {
  admit,
  forget,
  hear,
  held,
  mine,
  miss,
  own,
  ownPing,
  ownProof,
  ping,
  play,
  restore,
  type Step,
  shutOut,
  told,
  turnsOutToBe,
} from './table-steps.ts'

const AT = '192.0.2.1:8088'
const ELSEWHERE = '192.0.2.2:8088'
const ash = signedBy('ash', AT)
const elm = signedBy('elm', ELSEWHERE)
const pc = unsignedRecord(AT, 'pc')
const thrice = (key: string, atMs = 0): readonly Step[] => [miss(key, { atMs }), miss(key, { atMs }), miss(key, { atMs })]

describe('offline', () => {
  const offline = (atMs: number, ...steps: readonly Step[]): readonly string[] =>
    offlineRows(play(...steps).table, atMs).map(({ row, why }) => `${row.key} at ${row.record.address}: ${why}`)
  const wasHere = [hear(ash), ping('ash', { atMs: 0 })]

  test.each<[string, readonly Step[], readonly string[]]>([
    ['who was here and is silent', [...wasHere, ...thrice('ash')], [`ash at ${AT}: no answer`]],
    ['who said goodbye', [...wasHere, hear(signedBy('ash', AT, { seq: 2, left: true }))], [`ash at ${AT}: it said goodbye`]],
    [
      'who has moved to where it is silent',
      [...wasHere, hear(signedBy('ash', ELSEWHERE, { seq: 2 })), ...thrice('ash')],
      [`ash at ${ELSEWHERE}: no answer`],
    ],
    [
      'whoever left last, first',
      [...wasHere, hear(elm), ping('elm'), ...thrice('ash'), ...thrice('elm')],
      [`elm at ${ELSEWHERE}: no answer`, `ash at ${AT}: no answer`],
    ],
    ['not who never answered', [hear(ash), ...thrice('ash')], []],
    ['not a row of the file that was not proven', [restore(ash), miss('ash'), miss('ash', { atMs: OFFLINE_FOR - 1 })], []],
    ['not who is suspect', [...wasHere, miss('ash')], []],
    ['not who is back', [...wasHere, ...thrice('ash'), hear(signedBy('ash', AT, { seq: 2 })), ping('ash')], []],
    ['not whom a person removed', [...wasHere, shutOut('ash', AT)], []],
    ['not whom a person removed while it was away', [...wasHere, ...thrice('ash'), shutOut('ash', AT)], []],
    ['not who stands here under its id', [hear(pc), ping(AT), hear(elm), ping('elm'), turnsOutToBe(AT, 'elm')], []],
    ['not who was this node', [hear(pc), ping(AT), mine(AT)], []],
    ['not whom this node forgot by itself', [...wasHere, forget('ash')], []],
    ['not while it is looked at again', [...wasHere, ...thrice('ash'), hear(ash, { atMs: GONE_FOR })], []],
    [
      'again, when it was looked at again in vain',
      [...wasHere, ...thrice('ash'), hear(ash, { atMs: GONE_FOR }), ...thrice('ash', GONE_FOR)],
      [`ash at ${AT}: no answer`],
    ],
  ])('%s', (_, steps, expected) => expect(offline(GONE_FOR, ...steps)).toEqual(expected))

  test('a day from when it left, or was looked at again in vain', () => {
    const left = [...wasHere, ...thrice('ash')]
    expect([offline(OFFLINE_FOR - 1, ...left).length, offline(OFFLINE_FOR, ...left).length]).toEqual([1, 0])
    const again = [...left, hear(ash, { atMs: GONE_FOR }), ...thrice('ash', OFFLINE_FOR - 2)]
    expect([offline(2 * OFFLINE_FOR - 3, ...again).length, offline(2 * OFFLINE_FOR - 2, ...again).length]).toEqual([1, 0])
    // Heard of after that it is a stranger, who was never here.
    expect(offline(OFFLINE_FOR, ...left, hear(ash, { atMs: OFFLINE_FOR }), ...thrice('ash', OFFLINE_FOR))).toEqual([])
  })

  test(`${MOST_GONE} removed rows are remembered; the oldest makes room, and who was removed a day ago goes too`, () => {
    const all = Array.from({ length: MOST_GONE + 2 }, (_, i) => signedBy(`peer${i}`, `10.0.${i >> 8}.${i & 255}:1`))
    const comeAndGo = (before: IpTable, peers: readonly PeerRecord[]): IpTable =>
      merge(
        merge(before, peers, 0).table,
        peers.map((peer) => ({ ...peer, seq: 2, left: true })),
        0,
      ).table
    // No more than so many may be heard of at once.
    const pages = Array.from({ length: Math.ceil(all.length / MOST_UNPROVEN) }, (_, page) =>
      all.slice(page * MOST_UNPROVEN).slice(0, MOST_UNPROVEN),
    )
    const table = pages.reduce(comeAndGo, EMPTY_TABLE)
    expect([table.gone.size, table.gone.has('peer1'), table.gone.has('peer2')]).toEqual([MOST_GONE, false, true])
    const later = play(() => ({ table, changes: [] }), hear(ash), ...thrice('ash', OFFLINE_FOR)).table
    expect([...later.gone.keys()]).toEqual(['ash'])
  })

  test('whoever is away is remembered before strangers, of whom any number can be told', () => {
    const before = play(...wasHere, ...thrice('ash'), hear(pc), ...thrice(AT)).table
    const stranger = before.gone.get(AT)
    if (!stranger) throw new Error('it was dropped')
    const strangers = Array.from({ length: MOST_GONE - 2 }, (_, i) => [`stranger${i}`, stranger] as const)
    const full = before.copy()
    for (const [key, gone] of strangers) full.gone.set(key, gone)
    const { table } = play(() => ({ table: full, changes: [] }), hear(elm), ...thrice('elm'))
    expect([table.gone.size, offlineRows(table, 1).map(({ row }) => row.key)]).toEqual([MOST_GONE, ['ash']])
  })

  test('who was looked at again keeps its highest count, so that an older word is not believed', () => {
    const goodbye = hear(signedBy('ash', AT, { seq: 5, left: true }))
    const again = hear(signedBy('ash', AT, { seq: 3 }), { atMs: GONE_FOR })
    const steps = [...wasHere, goodbye, again, ...thrice('ash', GONE_FOR), hear(signedBy('ash', AT, { seq: 4 }), { atMs: GONE_FOR + 1 })]
    expect(held(play(...steps).table)).toEqual([])
  })
})

describe('whom a person removed', () => {
  test.each<[string, readonly Step[], readonly string[]]>([
    ['stays away, whoever tells of it', [shutOut('ash', AT), hear(signedBy('ash', AT, { seq: 9 }), { atMs: OFFLINE_FOR })], []],
    ['and if it speaks to us itself', [shutOut('ash', AT), hear(signedBy('ash', AT, { seq: 9 }), { source: 'firsthand' })], []],
    ['and from anywhere else', [shutOut('ash', AT), hear(signedBy('ash', ELSEWHERE, { seq: 9 }))], []],
    ['and without its name', [shutOut('ash', AT), hear(pc)], []],
    ['takes rows with it that nobody signs at its address', [hear(pc), ping(AT), shutOut('elm', AT)], []],
    ['makes room for another node at its address', [hear(ash), shutOut('ash', AT), hear(signedBy('oak', AT))], [`oak 1 unknown at ${AT}`]],
    ['comes back when it is added by its key', [shutOut('ash', AT), admit('ash'), hear(ash, { atMs: 1 })], [`ash 1 unknown at ${AT}`]],
    ['or by its address', [shutOut('ash', AT), admit(AT), hear(ash, { atMs: 1 })], [`ash 1 unknown at ${AT}`]],
    ['but not because another is', [shutOut('ash', AT), admit('elm'), admit(ELSEWHERE), hear(ash)], []],
  ])('%s', (_, steps, expected) => expect(held(play(...steps).table)).toEqual(expected))

  test('is told as removed, with the reason', () =>
    expect(told(play(hear(ash), ping('ash'), shutOut('ash', AT)).changes.slice(-1))).toEqual([`removed ash at ${AT}: a person removed it`]))

  test('that nobody was removed changes nothing', () => {
    const { table } = play(hear(ash), shutOut('elm', ELSEWHERE))
    expect(admit('oak')(table).table).toBe(table)
  })
})

describe('an address that is this node', () => {
  test.each<[string, readonly Step[], readonly string[]]>([
    ['has its row go', [hear(pc), ping(AT), mine(AT)], []],
    ['is not looked at again when others tell of it', [mine(AT), hear(pc, { atMs: MINE_FOR - 1 })], []],
    ['may be somebody else one day', [mine(AT), hear(pc, { atMs: MINE_FOR })], [`${AT} 0 unknown at ${AT}`]],
    ['does not keep away who has an identity', [mine(AT), hear(ash)], [`ash 1 unknown at ${AT}`]],
    ['does not end the row of who has one', [hear(ash), ping('ash'), mine(AT)], [`ash 1 alive at ${AT}`]],
  ])('%s', (_, steps, expected) => expect(held(play(...steps).table)).toEqual(expected))

  test(`is one of ${MOST_MINE}; the oldest and those of an hour ago make room`, () => {
    const addresses = Array.from({ length: MOST_MINE + 1 }, (_, i) => `10.0.0.${i}:1`)
    const { table } = play(...addresses.map((address) => mine(address)))
    expect([...table.mine.keys()]).toEqual(addresses.slice(1))
    expect([...mine(AT, { atMs: MINE_FOR })(table).table.mine]).toEqual([[AT, 2 * MINE_FOR]])
  })
})

describe("this node's own row", () => {
  const me = signedBy('me', AT)
  const row = (...steps: readonly Step[]) => {
    const found = play(own(me), ...steps).table.rows.get('me')
    return found && [found.state, found.lastProofMs, found.latency.rttMs, found.strikes]
  }
  test.each<[string, readonly Step[], readonly unknown[]]>([
    ['is alive by being announced', [], ['alive', 0, null, 0]],
    ['is proven again by others', [ownProof('me', { atMs: 9 })], ['alive', 9, null, 0]],
    ['is measured by itself, which proves nothing', [ownPing('me', 3)], ['alive', 0, 3, 0]],
    ['at another address was not measured', [ownPing('me', 3), own(signedBy('me', ELSEWHERE), { atMs: 5 })], ['alive', 5, null, 0]],
  ])('%s', (_, steps, expected) => expect(row(...steps)).toEqual(expected))

  test('a proof again is no change, a ping is a measurement', () => {
    const { table } = play(own(me))
    expect([told(ownProof('me')(table).changes), told(ownPing('me', 3)(table).changes)]).toEqual([[], [`measured me at ${AT}`]])
  })
  test('where there is none nothing changes', () => {
    const { table } = play(hear(ash))
    expect([ownProof('me')(table), ownPing('me', 3)(table)]).toEqual([
      { table, changes: [] },
      { table, changes: [] },
    ])
  })
})

describe('while this node is in doubt of itself', () => {
  const lost = (key: string): Step => miss(key, { surroundings: 'isolated' })
  test('silence removes nobody, and afterwards counts anew', () => {
    const { table, changes } = play(hear(ash), ping('ash'), miss('ash'), miss('ash'), lost('ash'), lost('ash'), lost('ash'), miss('ash'))
    expect([held(table), table.rows.get('ash')?.strikes]).toEqual([[`ash 1 suspect at ${AT}`], 2])
    expect(told(changes).filter((line) => line.startsWith('removed'))).toEqual([])
    expect(held(miss('ash')(table).table)).toEqual([])
  })
  test('loss is counted all the same', () =>
    expect(figuresOf(play(hear(ash), ping('ash'), lost('ash')).table.rows.get('ash')?.latency ?? NO_LATENCY, 0).lossPct).toEqual(50))
})

test('a row known by its address alone leaves its speeds to its node, and nothing to be offline', () => {
  const speed: Step = (table) => recordSpeed(table, AT, { downMbps: 90, upMbps: 40 }, 1)
  const { table } = play(hear(pc), ping(AT), speed, hear(ash), ping('ash'))
  const row = table.rows.get('ash')
  expect([held(table), row?.downMbps, row?.upMbps, offlineRows(table, 1)]).toEqual([[`ash 1 alive at ${AT}`], 90, 40, []])
})

test('a row known by its address alone says which it was once its node is known', () => {
  const changed = (...steps: readonly Step[]) =>
    play(...steps)
      .changes.filter((change) => 'formerKey' in change)
      .map((change) => [change.type, change.row.key, 'formerKey' in change && change.formerKey])
  expect([
    changed(hear(pc), ping(AT), hear(ash)),
    changed(hear(pc), ping(AT), hear(ash), ping('ash')),
    changed(hear(pc), hear(ash), ping('ash')),
    changed(hear(ash), ping('ash')),
  ]).toEqual([[], [['changed', 'ash', AT]], [['added', 'ash', AT]], []])
})
