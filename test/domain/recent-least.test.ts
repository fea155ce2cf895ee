import { expect, test } from 'vitest'
import { leastOf, NO_RECENT_LEAST, withValue } from '../../src/domain/recent-least.ts'

const MINUTE = 60_000
const after = (values: readonly (readonly [atMinute: number, ms: number])[]) =>
  values.reduce((recent, [at, ms]) => withValue(recent, ms, at * MINUTE), NO_RECENT_LEAST)

test.each<[string, readonly (readonly [number, number])[], number, number | null]>([
  ['nothing has no least', [], 0, null],
  ['one value is the least', [[10, 5]], 10, 5],
  [
    'the least of one minute',
    [
      [10, 5],
      [10.2, 3],
      [10.9, 4],
    ],
    10.9,
    3,
  ],
  [
    'the least of several',
    [
      [10, 5],
      [11, 3],
      [12, 4],
    ],
    12,
    3,
  ],
  [
    'minutes without a value are none',
    [
      [10, 5],
      [14, 7],
    ],
    14,
    5,
  ],
  [
    'it lasts to the end of the fourth minute after it',
    [
      [10, 5],
      [12, 7],
    ],
    14.9,
    5,
  ],
  [
    'and no longer',
    [
      [10, 5],
      [12, 7],
    ],
    15,
    7,
  ],
  [
    'a pause of five minutes forgets all',
    [
      [10, 5],
      [12, 7],
    ],
    17,
    null,
  ],
  [
    'a value after such a pause is the only one',
    [
      [10, 5],
      [17, 7],
    ],
    17,
    7,
  ],
  [
    'a clock that was set back makes a new start',
    [
      [10, 5],
      [3, 7],
    ],
    3,
    7,
  ],
])('%s', (_, values, nowMinute, least) => expect(leastOf(after(values), nowMinute * MINUTE)).toEqual(least))

test('no more than five minutes are kept', () =>
  expect(after([1, 2, 3, 4, 5, 6, 7, 8].map((minute) => [minute, minute] as const))).toEqual({ minute: 8, leastMs: [4, 5, 6, 7, 8] }))
