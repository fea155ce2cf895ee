import { expect, test } from 'vitest'
import { createDialBacks } from '../../../src/actors/front/dial-backs.ts'

const [EVE, ASH] = ['192.0.2.1', '192.0.2.2']

test('one asker has half of the places, and others find one then', () => {
  const backs = createDialBacks({ now: () => 0 })
  const begin = (asker: string | null) => (backs.begin(asker) === null ? 0 : 1)
  const count = (asker: string | null): number => Array.from({ length: 40 }, () => begin(asker)).reduce<number>((sum, one) => sum + one, 0)
  expect([EVE, ASH, null, '2001:db8::1', '2001:db8::2'].map(count)).toEqual([16, 2, 2, 2, 0])
})

test('a place that was given back is there again', () => {
  const backs = createDialBacks({ now: () => 0 })
  const ends = Array.from({ length: 16 }, () => backs.begin(EVE))
  expect(backs.begin(EVE)).toEqual(null)
  ends[0]?.('fine')
  expect(backs.begin(EVE)).not.toEqual(null)
})

test('who names address after address at which nothing is has no more of them, until ten minutes are over', () => {
  let nowMs = 0
  const backs = createDialBacks({ now: () => nowMs })
  for (let i = 0; i < 64; i++) backs.begin(EVE)?.('missed')
  for (let i = 0; i < 100; i++) backs.begin(ASH)?.('fine')
  expect([backs.begin(EVE) === null, backs.begin(ASH) === null]).toEqual([true, false])
  nowMs = 600_000
  expect(backs.begin(EVE)).not.toEqual(null)
})
