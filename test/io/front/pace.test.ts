import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchPace } from '../../../src/io/front/pace.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** When it was told to be slow; at 1,000 ms it is given up. `total`: of the time. */
function slowAt(total: (ms: number) => number): number | null {
  const start = Date.now()
  const at = (): number => Date.now() - start
  let slow: number | null = null
  const stop = watchPace({
    total: () => total(at()),
    windowMs: 100,
    minBytes: 50,
    onSlow: () => {
      slow = at()
    },
  })
  vi.advanceTimersByTime(1_000)
  stop()
  expect(vi.getTimerCount()).toEqual(0)
  return slow
}

test.each<[string, (ms: number) => number, number | null]>([
  ['stalls from the beginning', () => 0, 100],
  ['dribbles', (ms) => Math.floor(ms / 10), 100],
  ['is just fast enough', (ms) => Math.floor(ms / 2), null],
  ['was fast and stalls then', (ms) => 1_000 * Math.min(ms, 300), 400],
  ['was fast for a moment and dribbles then', (ms) => (ms < 10 ? 0 : 5_000 + ms / 10), 120],
])('one that %s', (_, total, expected) => expect(slowAt(total)).toEqual(expected))
