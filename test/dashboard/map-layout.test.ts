import { expect, test } from 'vitest'
import { between, serverMap } from '../../dashboard/map-layout.ts'
import { UNPLACED, writeCoordinate } from '../../src/domain/coordinates.ts'
import { aRow } from '../browser/fake-node.ts'

/** A place `x` and `y` ms away from the middle of all. */
const at = (x: number, y = 0) => writeCoordinate({ ...UNPLACED, at: [x, y, 0, 0, 0, 0, 0, 0], error: 0.1 })
const me = aRow('me', { self: true, place: at(0) })

test('the further in latency, the further from the middle, and who carries is marked', () => {
  const rows = [
    me,
    aRow('far', { rttMs: 100, turn: false }),
    aRow('near', { rttMs: 10 }),
    aRow('cedar', { rttMs: 20 }),
    aRow('ash', { rttMs: 50 }),
    aRow('sick', { rttMs: 50, state: 'suspect' }),
    aRow('gone', { rttMs: 1, state: 'offline' }),
    aRow('new', { rttMs: null }),
  ]
  const { dots, rings, left } = serverMap(rows, [aRow('cedar').id ?? '', aRow('ash').id ?? ''])
  expect(dots.map(({ name, kind, x, y }) => [name, kind, Math.hypot(x, y).toFixed(2)])).toEqual([
    ['cedar', 'turn', '0.45'],
    ['ash', 'standby', '0.74'],
    ['near', 'offers', '0.28'],
    ['sick', 'suspect', '0.74'],
    ['far', 'alive', '1.00'],
  ])
  expect(rings.map(({ ms, radius }) => [ms, radius.toFixed(2)])).toEqual([
    [10, '0.28'],
    [20, '0.45'],
    [50, '0.74'],
    [100, '1.00'],
  ])
  expect(left).toEqual(1)
})

test('who stands in one direction by coordinates does so on the map', () => {
  const { dots } = serverMap([me, aRow('a', { place: at(10) }), aRow('b', { place: at(20) }), aRow('c', { place: at(-10) })], [])
  expect(dots.map(({ x }) => x > 0)).toEqual([true, true, false])
})

test('the nearest are shown where there are too many, and who carries always', () => {
  const rows = Array.from({ length: 10 }, (_, i) => aRow(`n${i}`, { rttMs: i + 1 }))
  const { dots, left } = serverMap(rows, [aRow('n9').id ?? ''], 3)
  expect([dots.map(({ name }) => name), left]).toEqual([['n9', 'n0', 'n1'], 7])
})

test('nobody is there', () => expect(serverMap([], []).dots).toEqual([]))

test.each([
  ['measured here', me, aRow('a', { rttMs: 12 }), { ms: 12, offPct: null }],
  ['estimated here', aRow('a', { rttMs: 12, measured: 'estimated', rttErrorPct: 20 }), me, { ms: 12, offPct: 20 }],
  ['not known here', me, aRow('a', { rttMs: null }), null],
  ['of two others', aRow('a', { place: at(10) }), aRow('b', { place: at(-5) }), { ms: 15.02, offPct: 10 }],
  ['of one without a place', aRow('a', { place: at(10) }), aRow('b'), null],
])('the latency between two: %s', (_, a, b, expected) => expect(between(a, b)).toEqual(expected))
