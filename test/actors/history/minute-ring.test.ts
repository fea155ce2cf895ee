import { expect, test } from 'vitest'
import { MinuteRing } from '../../../src/actors/history/minute-ring.ts'
import { AWAY, HISTORY_MINUTES, HISTORY_SPEEDS, UP } from '../../../src/domain/history.ts'

const states = (ring: MinuteRing, minutes: number) => ring.list(minutes).map((series) => `${series.name} ${series.states}`)

test('minutes stand in order, those that were missed are unknown, and what was seen twice in one is folded', () => {
  const ring = new MinuteRing(1_000_000)
  ring.see('peer', 'a', 'ash', UP)
  ring.advance(1_000_001)
  ring.see('peer', 'a', 'ash', UP)
  ring.see('peer', 'a', 'ash', AWAY)
  ring.advance(1_000_004)
  ring.see('peer', 'a', 'oak', AWAY)
  expect(states(ring, 6)).toEqual(['oak .ud..a'])
})

test('figures are kept to a tenth of a millisecond, and speeds once for each moment, the newest', () => {
  const ring = new MinuteRing(10)
  ring.see('peer', 'a', 'ash', UP)
  ring.measure('peer', 'a', 'ash', { rttMs: 12.34, jitterMs: null })
  ring.advance(11)
  ring.measure('peer', 'a', 'ash', { rttMs: 0, jitterMs: 0.25 })
  for (let i = 0; i < HISTORY_SPEEDS + 2; i++) ring.speed('peer', 'a', 'ash', { atMs: 600_000 + i, downMbps: i, upMbps: null })
  ring.speed('peer', 'a', 'ash', { atMs: 600_000 + HISTORY_SPEEDS + 1, downMbps: 9, upMbps: null })
  const [series] = ring.list(3)
  expect([series?.rttMs, series?.jitterMs, series?.speeds.length, series?.speeds[0]?.downMbps]).toEqual([
    [null, 12.3, 0],
    [null, null, 0.3],
    HISTORY_SPEEDS,
    2,
  ])
})

test('who was not seen for a day is dropped', () => {
  const ring = new MinuteRing(0)
  ring.see('service', 'web', 'web', UP)
  ring.advance(HISTORY_MINUTES - 1)
  expect(ring.ids('service')).toEqual(['web'])
  ring.advance(HISTORY_MINUTES)
  expect(ring.ids('service')).toEqual([])
})

test('a clock that is set back a little is waited for, and one that is set back far begins anew there', () => {
  const ring = new MinuteRing(100)
  ring.see('peer', 'a', 'ash', UP)
  ring.advance(98)
  ring.see('peer', 'a', 'ash', UP)
  expect([ring.last, states(ring, 3)]).toEqual([100, ['ash ..u']])
  ring.see('peer', 'b', 'oak', UP)
  ring.advance(50)
  ring.see('peer', 'b', 'oak', UP)
  expect([ring.last, states(ring, 3)]).toEqual([50, ['oak ..u']])
})

test('what an earlier run kept comes back in its minutes, and nothing that is older than a day', () => {
  const before = new MinuteRing(500)
  for (let minute = 500; minute < 500 + 5; minute++) {
    before.advance(minute)
    before.see('peer', 'a', 'ash', minute === 502 ? AWAY : UP)
    before.measure('peer', 'a', 'ash', { rttMs: minute, jitterMs: 1 })
  }
  const after = new MinuteRing(506)
  for (const series of before.list()) after.restore(series, before.last)
  expect([states(after, 8), after.list(4)[0]?.rttMs]).toEqual([['ash .uuauu..'], [503, 504, null, null]])
  const late = new MinuteRing(504 + HISTORY_MINUTES)
  for (const series of before.list()) late.restore(series, before.last)
  expect(late.list()[0]?.states).toEqual('.'.repeat(HISTORY_MINUTES))
})
