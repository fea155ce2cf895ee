import { expect, test } from 'vitest'
import { createStanding } from '../../../src/actors/membership/standing.ts'
import { merge, recordBurst } from '../../../src/domain/ip-table.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

const TURN = '192.0.2.7:8088'
const AT_TURN = '192.0.2.7:20001'
const ELSEWHERE = '192.0.2.8:20001'

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
