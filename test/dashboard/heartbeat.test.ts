import { expect, test } from 'vitest'
import { type DayHistory, type DaySeries, gapsOf, hillsPath, stretches, withLater } from '../../dashboard/heartbeat.ts'

const START = Date.parse('2026-01-02T03:00:00.000Z')
const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString()
const series = (states: string, more: Partial<DaySeries> = {}): DaySeries => ({
  ...{ kind: 'service', id: 'web', name: 'web', states, upPct: 100, rttMs: [], jitterMs: [], speeds: [], traffic: null },
  ...more,
})

const speed = (minutes: number) => ({ at: at(minutes), downMbps: 90, upMbps: 40 })

test.each([
  ['one cell a minute', 'uuad', 4, 4, ['u 0-2', 'a 2-3', 'd 3-4']],
  ['what is not known at the beginning', 'uu', 4, 4, ['. 0-2', 'u 2-4']],
  ['one bad minute of ten is seen', `${'u'.repeat(9)}a${'u'.repeat(10)}`, 20, 2, ['a 0-1', 'u 1-2']],
  ['more cells than minutes', 'ua', 2, 4, ['u 0-2', 'a 2-4']],
])('a bar of %s', (_, states, minutes, count, expected) =>
  expect(stretches(states, minutes, count).map(({ letter, from, end }) => `${letter} ${from}-${end}`)).toEqual(expected),
)

test('a gap has when, how long, and what happened around it, the newest first', () => {
  const events = [
    { at: at(1), text: 'long before' },
    { at: at(3), text: 'alder died' },
    { at: at(5), text: 'moved to cedar' },
    { at: at(9), text: 'long after' },
  ]
  expect(gapsOf(series('uudauuud'), { from: at(0), minutes: 10, events })).toEqual([
    { letter: 'd', fromMs: START + 9 * 60_000, minutes: 1, events: [events[3]] },
    { letter: 'a', fromMs: START + 4 * 60_000, minutes: 2, events: [events[1], events[2]] },
  ])
})

test('no gap, no story', () => expect(gapsOf(series('..uu'), { from: at(0), minutes: 4, events: [] })).toEqual([]))

test('later minutes are put at the end, and as many fall off', () => {
  const before: DayHistory = {
    from: at(0),
    minutes: 5,
    series: [series('uuuuu', { rttMs: [1, 2, 3, 4, 5], speeds: [speed(1), speed(3), speed(4)] }), series('uu', { id: 'gone' })],
    events: [
      { at: at(1), text: 'one' },
      { at: at(4), text: 'told twice' },
    ],
  }
  const later: DayHistory = {
    from: at(4),
    minutes: 3,
    series: [series('daa', { rttMs: [6, 7, null], speeds: [speed(4), speed(6)] }), series('u', { id: 'new' })],
    events: [
      { at: at(4), text: 'told twice' },
      { at: at(5), text: 'two' },
    ],
  }
  expect(withLater(before, later)).toEqual({
    from: at(2),
    minutes: 5,
    series: [series('uudaa', { upPct: 60, rttMs: [3, 4, 6, 7, null], speeds: [speed(3), speed(4), speed(6)] }), series('u', { id: 'new' })],
    events: [before.events[0], ...later.events],
  })
})

test('after too long away everything is new', () => {
  const before: DayHistory = { from: at(0), minutes: 5, series: [], events: [] }
  const later: DayHistory = { from: at(100), minutes: 3, series: [], events: [] }
  expect(withLater(before, later)).toEqual(later)
})

const traffic = (bytesIn: readonly (number | null)[]) => ({ bytesIn, bytesOut: bytesIn, connections: bytesIn })

test.each([
  ['went on', traffic([1, 2, 3]), traffic([4, 5]), traffic([2, 4, 5])],
  ['begins in the newest minutes', null, traffic([4, 5]), traffic([null, 4, 5])],
  ['is too long ago by now', traffic([1, 2, 3]), null, traffic([2, 0, 0])],
  ['was never', null, null, null],
])('traffic that %s is put at the end of the day', (_, was, now, expected) => {
  const before: DayHistory = { from: at(0), minutes: 3, series: [series('u.u', { traffic: was })], events: [] }
  const later: DayHistory = { from: at(2), minutes: 2, series: [series('uu', { traffic: now })], events: [] }
  expect(withLater(before, later).series[0]?.traffic).toEqual(expected)
})

test.each([
  ['nothing', [null, 0], ''],
  [
    'a column each, the most as high as there is room, and a little seen',
    [20, 0, 1, null, 1_000],
    'M0 20v-1h1v1zM2 20v-1h1v1zM4 20v-20h1v20z',
  ],
])('hills of %s', (_, values, expected) => expect(hillsPath(values, 20)).toEqual(expected))
