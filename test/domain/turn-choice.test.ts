import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BY_LATENCY,
  fitOf,
  isMuchBetter,
  isWorthMove,
  pickTurn,
  preferenceWith,
  reasonOf,
  sameness,
  type TurnCandidate,
  type TurnPreference,
  unfit,
} from '../../src/domain/turn-choice.ts'

const SELF = 'me'
const candidate = (name: string, rttMs: number | null, other: Partial<TurnCandidate> = {}): TurnCandidate => ({
  key: name,
  id: name,
  name,
  address: `${name}.test:8088`,
  kind: 'moonwalk',
  rttMs,
  alive: true,
  offersTurn: true,
  behindNat: false,
  ...other,
})

const ash = candidate('ash', 40)
const elm = candidate('elm', 1.5)
const oak = candidate('oak', 90)
const THROUGHPUT: TurnPreference = { mode: 'throughput' }
const PINNED: TurnPreference = { mode: 'pinned', pins: ['oak', 'ash.test:8088'] }

test.each<[Partial<TurnCandidate>, string | null]>([
  [{}, null],
  [{ id: null, kind: 'p2prc' }, null],
  [{ id: SELF }, 'it is this node'],
  [{ objection: 'wrong token' }, 'wrong token'],
  [{ alive: false }, 'it does not answer'],
  [{ offersTurn: false }, 'it does not offer TURN'],
  [{ behindNat: true }, 'it is behind NAT itself'],
  [{ rttMs: null }, 'its latency is not known'],
])('with %j what is wrong is: %s', (other, expected) => expect(unfit(candidate('ash', 40, other), SELF)).toEqual(expected))

test('where some are pinned nobody else is fit', () =>
  expect([oak, ash, elm].map((one) => unfit(one, SELF, PINNED))).toEqual([null, null, 'it is not among the pinned ones']))

test.each<[string, TurnPreference, readonly TurnCandidate[], readonly string[]]>([
  ['by latency', BY_LATENCY, [ash, elm, oak], ['elm', 'ash', 'oak']],
  ['equals by key', BY_LATENCY, [candidate('b', 5), candidate('a', 5)], ['a', 'b']],
  ['by throughput, those not measured last', THROUGHPUT, [{ ...ash, mbps: 10 }, elm, { ...oak, mbps: 90 }], ['oak', 'ash', 'elm']],
  [
    'by what one connection keeps up where that is known',
    THROUGHPUT,
    [
      { ...ash, mbps: 40 },
      { ...elm, mbps: 60, sustainedMbps: 20 },
      { ...oak, mbps: 90, sustainedMbps: 50 },
    ],
    ['oak', 'ash', 'elm'],
  ],
  ['as pinned', PINNED, [ash, elm, oak], ['oak', 'ash']],
  ['this node is none', BY_LATENCY, [candidate(SELF, 0.1), ash], ['ash']],
])('ranked %s', (_, preference, candidates, expected) =>
  expect(fitOf({ candidates, self: SELF, preference }).map(({ name }) => name)).toEqual(expected),
)

describe('the best of a pool', () => {
  const at = (name: string, rttMs: number, host: string): TurnCandidate => candidate(name, rttMs, { address: `${host}:8088` })
  test.each<[string, readonly TurnCandidate[], readonly TurnCandidate[], string | null]>([
    ['nobody', [], [], null],
    ['the only one', [ash], [], 'ash'],
    ['the nearest by more than 10 ms and 20 %', [ash, elm, oak], [], 'elm'],
    [
      'in another network than the one held',
      [at('near', 5, '192.0.2.7'), at('far', 50, '198.51.100.1')],
      [at('held', 4, '192.0.2.1')],
      'far',
    ],
    [
      'at another IP where there is no other network',
      [at('near', 5, '192.0.2.1'), at('far', 50, '192.0.2.9')],
      [at('held', 4, '192.0.2.1')],
      'far',
    ],
    ['at the same IP where there is nobody else', [at('near', 5, '192.0.2.1')], [at('held', 4, '192.0.2.1')], 'near'],
    ['in another /48', [at('near', 5, '[2001:db8:1:2::1]'), at('far', 50, '[2001:db8:2::1]')], [at('held', 4, '[2001:db8:1::1]')], 'far'],
  ])('is %s', (_, pool, held, expected) => expect(pickTurn(pool, held, SELF, BY_LATENCY)?.name ?? null).toEqual(expected))

  test.each([
    ['192.0.2.1', '192.0.2.1', 2],
    ['192.0.2.1', '192.0.2.9', 1],
    ['192.0.2.1', '192.0.3.1', 0],
    ['[2001:db8::1]', '[2001:db8:0:7::1]', 1],
    ['[2001:db8::1]', '[2001:db8:1::1]', 0],
    ['a.test', 'a.test', 2],
    ['a.test', 'b.test', 0],
  ])('%s and %s are as close as %d', (one, other, expected) => expect(sameness(at('a', 1, one), at('b', 1, other))).toEqual(expected))

  test('200 nodes spread over ten that are near-equals: none carries more than twice the mean', () => {
    const ten = Array.from({ length: 10 }, (_, i) => at(`turn${i}`, 40 + i * 0.9, `192.0.${i}.1`))
    const [first, both]: [Map<string, number>, Map<string, number>] = [new Map(), new Map()]
    const count = (counts: Map<string, number>, key: string): unknown => counts.set(key, (counts.get(key) ?? 0) + 1)
    for (let node = 0; node < 200; node++) {
      const one = pickTurn(ten, [], `node${node}`, BY_LATENCY)
      const other =
        one &&
        pickTurn(
          ten.filter((turn) => turn !== one),
          [one],
          `node${node}`,
          BY_LATENCY,
        )
      if (!one || !other) throw new Error('there are ten')
      count(first, one.key)
      for (const { key } of [one, other]) count(both, key)
    }
    expect([first.size, Math.max(...first.values()) <= 40, Math.max(...both.values()) <= 80]).toEqual([10, true, true])
  })

  test('and each goes back to the same one', () => {
    const near = [at('a', 40, '192.0.1.1'), at('b', 41, '192.0.2.1'), at('c', 42, '192.0.3.1')]
    expect(pickTurn(near.toReversed(), [], SELF, BY_LATENCY)).toEqual(pickTurn(near, [], SELF, BY_LATENCY))
  })
})

test.each([
  [90, 100, false],
  [67, 100, false],
  [66, 100, true],
  [20, 30, true],
  [10, 19, false],
  [1, 10, false],
  [0, 10, true],
  [100, 10, false],
])('%d ms instead of %d ms is much better: %s', (next, current, expected) => expect(isMuchBetter(next, current)).toEqual(expected))

test.each<[string, TurnCandidate, TurnCandidate, TurnPreference, boolean]>([
  ['one much nearer', elm, ash, BY_LATENCY, true],
  ['one whose latency is not known', candidate('x', null), ash, BY_LATENCY, false],
  ['half as much throughput again', { ...ash, mbps: 15 }, { ...oak, mbps: 10 }, THROUGHPUT, true],
  ['a little more throughput', { ...ash, mbps: 14 }, { ...oak, mbps: 10 }, THROUGHPUT, false],
  ['throughput that was not measured', ash, { ...oak, mbps: 10 }, THROUGHPUT, false],
  ['half as much over one connection', { ...ash, mbps: 90, sustainedMbps: 15 }, { ...oak, mbps: 90, sustainedMbps: 10 }, THROUGHPUT, true],
  ['one whose single connection is not known', { ...ash, mbps: 90 }, { ...oak, mbps: 90, sustainedMbps: 10 }, THROUGHPUT, false],
  ['one whose single connection is known', { ...ash, mbps: 90, sustainedMbps: 80 }, { ...oak, mbps: 50 }, THROUGHPUT, true],
  ['one pinned before', oak, ash, PINNED, true],
  ['one pinned behind', ash, oak, PINNED, false],
])('a move to %s is worth it or not', (_, to, from, preference, expected) => expect(isWorthMove(to, from, preference)).toEqual(expected))

test.each<[string, TurnCandidate, readonly TurnCandidate[], readonly string[], readonly string[], string]>([
  ['the only one', ash, [ash], [], [], 'the only one: 40.0 ms'],
  ['the nearest', elm, [ash, elm, oak], [], [], 'least latency of 3: 1.50 ms; next ash 40.0 ms'],
  ['others failed', ash, [ash, elm, oak], ['elm'], [], 'least latency of 2: 40.0 ms; next oak 90.0 ms; 1 left out since it failed lately'],
  ['it failed too', elm, [ash, elm], ['elm', 'ash'], [], 'the only one: 1.50 ms; 1 left out since it failed lately'],
  ['beside another', ash, [ash, elm, oak], [], ['elm'], 'least latency of 2 others: 40.0 ms; next oak 90.0 ms'],
  ['the only other one', ash, [ash, elm], [], ['elm'], 'the only other one: 40.0 ms'],
  [
    'nearer, but not by 10 ms',
    ash,
    [ash, candidate('cedar', 37.7)],
    [],
    [],
    'least latency of 2, give or take 10 ms: cedar 37.7 ms is nearer than ash 40.0 ms, but not by 10 ms',
  ],
  [
    'nearer, but not by a third',
    oak,
    [oak, candidate('cedar', 70)],
    [],
    [],
    'least latency of 2, give or take a third: cedar 70.0 ms is nearer than oak 90.0 ms, but not by a third',
  ],
  [
    'much nearer',
    ash,
    [ash, elm],
    [],
    [],
    'least latency of 2 when it was chosen: elm 1.50 ms is nearer than ash 40.0 ms, and is moved to if that lasts',
  ],
])('the reason tells of %s', (_, turn, candidates, barred, beside, expected) =>
  expect(reasonOf(turn, { candidates, self: SELF, preference: BY_LATENCY, barred }, beside)).toEqual(expected),
)

test.each<[string, TurnCandidate, readonly TurnCandidate[], TurnPreference, string]>([
  [
    'throughput',
    { ...oak, mbps: 90 },
    [
      { ...oak, mbps: 90 },
      { ...ash, mbps: 10 },
    ],
    THROUGHPUT,
    'most throughput of 2: 90.0 Mbit/s; next ash 10.0 Mbit/s',
  ],
  [
    'a little less throughput',
    { ...ash, mbps: 80 },
    [
      { ...oak, mbps: 90 },
      { ...ash, mbps: 80 },
    ],
    THROUGHPUT,
    'most throughput of 2, give or take a third: 80.0 Mbit/s; oak 90.0 Mbit/s',
  ],
  [
    'what one connection keeps up',
    { ...oak, mbps: 90, sustainedMbps: 41.5 },
    [
      { ...oak, mbps: 90, sustainedMbps: 41.5 },
      { ...ash, mbps: 10 },
    ],
    THROUGHPUT,
    'most throughput of 2: 41.5 Mbit/s over one connection; next ash 10.0 Mbit/s',
  ],
  ['being pinned', oak, [oak, ash], PINNED, 'pinned: 90.0 ms'],
  ['being pinned by a person', oak, [oak], preferenceWith(BY_LATENCY, ['oak']), 'pinned by a person: 90.0 ms'],
  ['being pinned behind another', ash, [oak, ash], PINNED, 'pinned after oak: 40.0 ms'],
])('the reason tells of %s', (_, turn, candidates, preference, expected) =>
  expect(reasonOf(turn, { candidates, self: SELF, preference, barred: [] })).toEqual(expected),
)

const anyCandidates = fc.uniqueArray(
  fc
    .record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      rttMs: fc.integer({ min: 0, max: 300 }),
      host: fc.constantFrom('192.0.2.1', '192.0.2.2', '198.51.100.1', '203.0.113.1'),
    })
    .map(({ key, rttMs, host }) => candidate(key, rttMs, { address: `${host}:8088` })),
  { selector: ({ key }) => key },
)

test('whoever is picked is no further than the nearest and 10 ms or a fifth', () =>
  fc.assert(
    fc.property(anyCandidates, fc.string(), (pool, self) => {
      const picked = pickTurn(pool, [], self, BY_LATENCY)
      const nearest = Math.min(...pool.map(({ rttMs }) => rttMs ?? Number.NaN))
      expect(picked === null ? pool.length === 0 : (picked.rttMs ?? 0) <= nearest + Math.max(10, nearest * 0.2)).toEqual(true)
    }),
  ))

test('the order of the candidates does not matter', () =>
  fc.assert(
    fc.property(
      anyCandidates,
      anyCandidates,
      (pool, held) => void expect(pickTurn(pool.toReversed(), held, SELF, BY_LATENCY)).toEqual(pickTurn(pool, held, SELF, BY_LATENCY)),
    ),
  ))
