import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseTurn, isMuchBetter, type TurnCandidate, unfit } from '../../src/domain/turn-choice.ts'

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

test.each<[string, readonly TurnCandidate[], readonly string[], readonly [string, string] | null]>([
  ['nobody', [], [], null],
  ['the only one', [ash], [], ['ash', 'the only one: 40.0 ms']],
  ['the fastest wins', [ash, elm, oak], [], ['elm', 'least latency of 3: 1.50 ms; next ash 40.0 ms']],
  [
    'a barred one does not',
    [ash, elm, oak],
    ['elm'],
    ['ash', 'least latency of 2: 40.0 ms; next oak 90.0 ms; 1 left out since it failed lately'],
  ],
  ['a barred one beats none', [ash], ['ash'], ['ash', 'the only one: 40.0 ms']],
  ['when all are barred, the fastest wins', [ash, elm], ['elm', 'ash'], ['elm', 'least latency of 2: 1.50 ms; next ash 40.0 ms']],
  ['equals go by key', [candidate('b', 5), candidate('a', 5)], [], ['a', 'least latency of 2: 5.00 ms; next b 5.00 ms']],
  ['this node is none', [candidate(SELF, 0.1), ash], [], ['ash', 'the only one: 40.0 ms']],
  ['what has something against it is none', [candidate('x', 1, { objection: 'wrong token' }), ash], [], ['ash', 'the only one: 40.0 ms']],
  ['only what is unfit', [candidate('x', 1, { alive: false }), candidate('y', null)], [], null],
])('%s', (_, candidates, barred, expected) => {
  const choice = chooseTurn(candidates, SELF, barred)
  expect(choice && [choice.turn.name, choice.reason]).toEqual(expected)
})

test.each<[Partial<TurnCandidate>, string | null]>([
  [{}, null],
  [{ id: null, kind: 'p2prc' }, null],
  [{ id: SELF }, 'it is this node'],
  [{ alive: false }, 'it does not answer'],
  [{ offersTurn: false }, 'it does not offer TURN'],
  [{ behindNat: true }, 'it is behind NAT itself'],
  [{ rttMs: null }, 'its latency is not known'],
])('with %j what is wrong is: %s', (other, expected) => expect(unfit(candidate('ash', 40, other), SELF)).toEqual(expected))

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

const anyCandidate = fc
  .record({
    key: fc.constantFrom(SELF, 'a', 'b', 'c', 'd', 'e', 'f'),
    rttMs: fc.option(fc.integer({ min: 0, max: 300 })),
    alive: fc.boolean(),
    offersTurn: fc.boolean(),
    behindNat: fc.boolean(),
  })
  .map(({ key, rttMs, ...other }) => candidate(key, rttMs, other))
const anyCandidates = fc.uniqueArray(anyCandidate, { selector: ({ key }) => key })

test('whoever is chosen is fit and nobody fit is faster, but for those barred', () =>
  fc.assert(
    fc.property(anyCandidates, fc.subarray(['a', 'b', 'c', 'd']), (candidates, barred) => {
      const fit = candidates.filter((one) => unfit(one, SELF) === null)
      const free = fit.filter(({ key }) => !barred.includes(key))
      const from = free.length > 0 ? free : fit
      expect(chooseTurn(candidates, SELF, barred)?.turn.rttMs ?? null).toEqual(
        from.length > 0 ? Math.min(...from.map(({ rttMs }) => rttMs ?? Number.NaN)) : null,
      )
    }),
  ))

test('the order of the candidates does not matter', () =>
  fc.assert(
    fc.property(
      anyCandidates,
      (candidates) => void expect(chooseTurn(candidates.toReversed(), SELF, [])).toEqual(chooseTurn(candidates, SELF, [])),
    ),
  ))
