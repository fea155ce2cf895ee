import { expect, test } from 'vitest'
import {
  AWAY,
  DEGRADED,
  eventClass,
  foldMinute,
  followed,
  type MinuteState,
  type Passed,
  passedSince,
  serviceMinute,
  sumsOfParts,
  UNKNOWN,
  UP,
  upPercent,
} from '../../src/domain/history.ts'

test.each<[MinuteState, MinuteState, MinuteState]>([
  [UNKNOWN, UP, UP],
  [UP, UP, UP],
  [UP, UNKNOWN, UP],
  [UP, AWAY, DEGRADED],
  [AWAY, UP, DEGRADED],
  [AWAY, AWAY, AWAY],
  [DEGRADED, AWAY, DEGRADED],
  [UP, DEGRADED, DEGRADED],
])('a minute that was %d and is seen %d is %d', (before, seen, expected) => expect(foldMinute(before, seen)).toEqual(expected))

test.each([
  ['', null],
  ['...', null],
  ['..uuda', 75],
  ['uua', 66.7],
  ['aa', 0],
])('of "%s" %s %% are up', (letters, expected) => expect(upPercent(letters)).toEqual(expected))

test.each([
  ['up', null, UP],
  ['opening', null, DEGRADED],
  ['opening', 'nothing listens at 127.0.0.1:3000', AWAY],
  ['down', 'the port is taken', AWAY],
] as const)('a minute of a service that is %s, with the error %s, is %d', (state, error, expected) =>
  expect(serviceMinute({ state, error })).toEqual(expected),
)

const passed = (bytesIn: number, bytesOut: number, connections: number): Passed => ({ bytesIn, bytesOut, connections })

test.each([
  ['nothing was counted before', undefined, passed(5, 6, 7), passed(5, 6, 7)],
  ['it went on', passed(5, 6, 7), passed(15, 16, 8), passed(10, 10, 1)],
  ['nothing came', passed(5, 6, 7), passed(5, 6, 7), passed(0, 0, 0)],
  ['the bytes began anew', passed(5, 6, 7), passed(1, 9, 8), passed(1, 9, 8)],
  ['the connections began anew', passed(5, 6, 7), passed(5, 6, 1), passed(5, 6, 1)],
])('what passed since, where %s', (_, before, now, expected) => expect(passedSince(before, now)).toEqual(expected))

test.each([
  ['a part each', [1, 2, 3], 3, [1, 2, 3]],
  ['two in a part', [1, 2, 3, 4], 2, [3, 7]],
  ['parts of unequal length', [1, 2, 3, 4, 5], 2, [3, 12]],
  ['a part of which something is known', [null, 2, null, null], 2, [2, null]],
  ['no part', [], 0, []],
])('sums of parts: %s', (_, figures, count, expected) => expect(sumsOfParts(figures, count)).toEqual(expected))

test('the nearest are followed, and the TURNs on top', () => {
  const at = (key: string, rttMs: number | null, isTurn = false) => ({ key, rttMs, isTurn })
  expect([...followed([at('far', 90), at('near', 1), at('dark', null), at('turn', 200, true), at('mid', 5)], 2)]).toEqual([
    'turn',
    'near',
    'mid',
  ])
})

test.each([
  ['service.down', 'own'],
  ['turn.lost', 'own'],
  ['warned', 'own'],
  ['peer.removed', 'peer'],
  ['peer.measured', null],
  ['peer.changed', null],
  ['client.arrived', null],
  ['state.entered', null],
] as const)('%s is kept as %s', (type, expected) => expect(eventClass(type)).toEqual(expected))
