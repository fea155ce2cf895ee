import { expect, test } from 'vitest'
import { afterAnswerInTime, afterOwnMiss, MOST_SLOWNESS, whileCrowded } from '../../src/domain/own-slowness.ts'

test.each([
  ['that never waits for a processor', 0, 0, 0],
  ['that waits a fifth of its time, as of one missed answer', 0, 0.2, 1],
  ['that waits half of its time', 0, 0.5, 2.5],
  ['that always waits', 0, 1, 5],
  ['that has missed answers and does not wait', 3, 0, 3],
  ['that has missed answers and waits, as of both', 1.5, 0.5, 4],
  ['that does much of both, as of the most', 4, 1, MOST_SLOWNESS],
  ['that has missed as many as count, as of the most', MOST_SLOWNESS, 0.2, MOST_SLOWNESS],
])('a node doubts itself %s', (_, slowness, share, expected) => expect(whileCrowded(slowness, share)).toEqual(expected))

test('once it waits no more, only what it missed is left, which answers in time relieve', () => {
  const missed = afterOwnMiss(0)
  const whileWaiting = whileCrowded(missed, 1)
  expect([missed, whileWaiting, whileCrowded(missed, 0), whileCrowded(afterAnswerInTime(missed), 0)]).toEqual([1, 6, 1, 0.875])
})
