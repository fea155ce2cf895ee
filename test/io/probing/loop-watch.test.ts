import { afterEach, expect, test, vi } from 'vitest'
import { isLate, LoopWatch } from '../../../src/io/probing/loop-watch.ts'

const every = (periodMs: number, atMs: readonly number[]) => atMs.map((at) => ({ atMs: at, periodMs }))

test.each<[string, ReturnType<typeof every>, number, boolean]>([
  ['comes between punctual ticks', every(1, [0, 1.1, 2.3, 3.4]), 3.6, false],
  ['comes just after it was sent', every(1, [0]), 0.05, false],
  ['comes after a pause, and before the late tick', every(1, [0, 1.1, 2.2]), 30, true],
  ['comes after a pause, just behind the late tick', every(1, [0, 1.1, 2.2, 40]), 40.1, true],
  ['comes after a pause that began when it was sent', every(1, [0, 40]), 40.1, true],
  ['comes when the loop has been punctual again', every(1, [0, 1.1, 40, 41.1, 42.2]), 42.4, false],
  ['is looked at later, when the loop has been late since', every(1, [0, 1.1, 2.2, 40, 41]), 2.4, false],
  ['comes between the rarer ticks of a long wait', every(5, [100, 105.2, 110.3]), 114, false],
  ['comes after a pause in a long wait', every(5, [100, 105.2, 140]), 140.1, true],
  ['comes while nothing is watched', [], 5, true],
])('a stamp that %s', (_, ticks, stampMs, late) => expect(isLate(ticks, stampMs)).toEqual(late))

afterEach(() => vi.useRealTimers())

test('the loop is woken only while something is timed', () => {
  vi.useFakeTimers()
  const watch = new LoopWatch()
  const ends = [watch.begin(), watch.begin()]
  const timers = ends.map((end) => {
    end()
    return vi.getTimerCount()
  })
  expect(timers).toEqual([1, 0])
})
