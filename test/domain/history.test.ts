import { expect, test } from 'vitest'
import { AWAY, DEGRADED, eventClass, foldMinute, followed, type MinuteState, UNKNOWN, UP, upPercent } from '../../src/domain/history.ts'

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
