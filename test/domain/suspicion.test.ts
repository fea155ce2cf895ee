import { expect, test } from 'vitest'
import { afterAnswerInTime, afterOwnMiss, afterTimer, MOST_SLOWNESS } from '../../src/domain/own-slowness.ts'
import { suspicionMs, witnessesNeeded } from '../../src/domain/suspicion.ts'
import { newRow, type Row } from '../../src/domain/table/row.ts'
import { afterSilence } from '../../src/domain/table/row-rules.ts'
import { signedBy } from '../records.ts'

test.each<[string, number, Partial<Parameters<typeof suspicionMs>[1]>, number]>([
  ['with nobody to ask', 0, { canAsk: false }, 0],
  ['in a network of five, missed by three others', 3, { members: 5 }, 2_000],
  ['missed by one other', 1, { members: 5 }, 4_000],
  ['missed by nobody else', 0, { members: 5 }, 6_000],
  ['missed by the only other one', 1, { members: 3 }, 2_000],
  ['missed by more than were asked', 9, { members: 5 }, 2_000],
  ['in a network of a hundred', 3, { members: 100 }, 4_000],
  ['in a network of ten thousand', 3, { members: 10_000 }, 8_000],
  ['by a node that doubts itself', 3, { members: 5, slowness: 7 }, 16_000],
])('a suspect goes %s after at least so long', (_, confirmations, company, ms) => {
  expect(Math.round(suspicionMs(confirmations, { canAsk: true, members: 5, slowness: 0, ...company }))).toBe(ms)
})

test.each([
  [3, 2],
  [4, 2],
  [5, 3],
  [10_000, 3],
])('in a network of %i a death is believed by the word of %i', (members, needed) => {
  expect(witnessesNeeded(members)).toBe(needed)
})

test('a node doubts itself by what it missed alone and by late timers, and less with each answer', () => {
  expect([
    afterOwnMiss(0),
    afterOwnMiss(MOST_SLOWNESS),
    afterAnswerInTime(1),
    afterAnswerInTime(0),
    afterTimer(1, 1_000, 1_400),
    afterTimer(1, 1_000, 1_600),
  ]).toEqual([1, 7, 0.875, 0, 1, 2])
})

const REFUSAL = { type: 'silent', refused: true, why: 'connection refused' } as const
const ash = (state: Row['state'], via: string | null): Row => ({
  ...newRow('ash', { ...signedBy('ash', '192.0.2.7:8088'), via }, 1, null),
  ...{ state, strikes: 2, lastProofMs: 1_000 },
})

test.each<[string, Row, boolean, string]>([
  ['on its own machine, goes', ash('suspect', null), false, 'goes'],
  ["at a TURN, whose refusal it is, waits for others' looks", ash('suspect', 'elm'), false, 'stays'],
  ["where it says that it has moved to, waits for others' looks", ash('unknown', null), false, 'stays'],
  ['on its own machine, told dead by enough, goes', ash('alive', null), true, 'goes'],
  ['at a TURN, told dead by enough, goes at its third silence', ash('suspect', 'elm'), true, 'goes'],
])('who is refused for the third time %s', (_, row, isToldDead, expected) => {
  const company = { canAsk: true, members: 100, slowness: 0, isToldDead }
  expect(afterSilence(row, REFUSAL, 2_000, 'fine', company).type).toBe(expected)
})
