import { expect, test } from 'vitest'
import { createStanding } from '../../../src/actors/membership/standing.ts'
import { merge, recordBurst, recordVouched } from '../../../src/domain/ip-table.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

const TURN = '192.0.2.7:8088'
const AT_TURN = '192.0.2.7:20001'
const ELSEWHERE = '192.0.2.8:20001'

test('the address of a client of this node as TURN is known, also where an unsigned row holds it', () => {
  const { keeper, own } = stateParts()
  own.announce('192.0.2.1:8088', null)
  const at = '192.0.2.1:20001'
  keeper.apply((table, wallMs) => merge(table, [unsignedRecord(at)], wallMs))
  const standing = createStanding({ keeper, own, named: () => [] })
  expect(standing(at)).toEqual(null)
  keeper.apply((table, wallMs) => merge(table, [signedBy('elm', at, { via: own.id })], wallMs))
  expect([standing(at), standing('192.0.2.1:20002')]).toEqual(['known', null])
})

test.each<[string, string, boolean, 'known' | null]>([
  ['at a TURN that lives is known', AT_TURN, true, 'known'],
  ['at a TURN that was never reached is what others tell', AT_TURN, false, null],
  ['that is not at the TURN it names is what others tell', ELSEWHERE, true, null],
])('the address of a node %s', (_, address, isReached, expected) => {
  const { keeper, own } = stateParts()
  keeper.apply((table, wallMs) => merge(table, [signedBy('ash', TURN), signedBy('elm', address, { via: 'ash' })], wallMs))
  if (isReached) keeper.apply((table, wallMs) => recordBurst(table, 'ash', { type: 'answered', rttMs: 1 }, wallMs, 'ash'))
  expect(createStanding({ keeper, own, named: () => [] })(address)).toEqual(expected)
})

test('the address of a node behind a TURN that carries this node is known, also where that is a stock frps', () => {
  const { keeper, own } = stateParts()
  const frps = 'frp://192.0.2.7:7000'
  const [behind, alsoBehind, public_, elsewhere] = ['192.0.2.7:30001', '192.0.2.9:30001', '192.0.2.7:30002', ELSEWHERE]
  const words = [
    ...[signedBy('elm', behind, { via: frps }), signedBy('fir', alsoBehind, { via: 'cedar' })],
    ...[signedBy('gorse', public_), signedBy('ivy', elsewhere, { via: frps })],
  ]
  keeper.apply((table, wallMs) => merge(table, words, wallMs))
  const standings = () => [behind, alsoBehind, public_, elsewhere].map(createStanding({ keeper, own, named: () => [] }))
  const before = standings()
  own.announce('192.0.2.7:30055', frps, ['192.0.2.9:30055'])
  const tunnelled = standings()
  own.announce('192.0.2.7:8088', null)
  expect([before, tunnelled, standings()]).toEqual([
    [null, null, null, null],
    ['known', 'known', null, null],
    [null, null, null, null],
  ])
})

test('the address of a node that others vouch for is what others tell, until this node has reached it', () => {
  const { keeper, own } = stateParts()
  const standing = createStanding({ keeper, own, named: () => [] })
  keeper.apply((table, wallMs) => merge(table, [signedBy('ash', ELSEWHERE)], wallMs))
  keeper.apply((table) => recordVouched(table, 'ash', ['elm', 'fir']))
  const before = standing(ELSEWHERE)
  keeper.apply((table, wallMs) => recordBurst(table, 'ash', { type: 'answered', rttMs: 1 }, wallMs, 'ash'))
  expect([before, standing(ELSEWHERE)]).toEqual([null, 'known'])
})
