import { expect, test } from 'vitest'
import { maySpend, NOTHING_SPENT, spent, spentBytes } from '../../src/domain/speed-budget.ts'

const HOUR = 3_600_000
const MB = 1_000_000

test('what was used counts for a day, to the hour', () => {
  const spending = spent(spent(spent(NOTHING_SPENT, 10 * MB, 0), 5 * MB, HOUR / 2), 20 * MB, 3 * HOUR)
  expect(spending).toEqual([
    { hour: 0, bytes: 15 * MB },
    { hour: 3, bytes: 20 * MB },
  ])
  const used = [3, 23, 24, 26, 27].map((hours) => spentBytes(spending, hours * HOUR) / MB)
  expect(used).toEqual([35, 35, 20, 20, 0])
  expect(spent(spending, MB, 100 * HOUR)).toEqual([{ hour: 100, bytes: MB }])
})

test.each([
  ['nothing was used', [], true],
  ['a quarter of the day was used in this hour', [[10, 25]], false],
  ['a little less was', [[10, 24]], true],
  [
    'the hours before used the day up',
    [
      [7, 25],
      [8, 25],
      [9, 50],
    ],
    false,
  ],
  [
    'they used more than half of it',
    [
      [7, 25],
      [9, 26],
    ],
    false,
  ],
  [
    'they used half of it',
    [
      [7, 25],
      [9, 25],
    ],
    true,
  ],
  ['the clock was set back', [[11, 100]], true],
] as const)('a test may begin where %s: %j MB by hour, of 100: %j', (_, used, expected) => {
  const spending = used.map(([hour, mb]) => ({ hour, bytes: mb * MB }))
  expect(maySpend(spending, 100 * MB, 10.5 * HOUR)).toEqual(expected)
})

test('without a budget no test begins', () => expect(maySpend(NOTHING_SPENT, 0, 0)).toEqual(false))

test.each([
  [365, true],
  [366, false],
])('of 500 MB a day with %i MB used there is room for all that a test may take: %j', (mb, expected) =>
  expect(maySpend([{ hour: 9, bytes: mb * MB }], 500 * MB, 10.5 * HOUR)).toEqual(expected),
)
