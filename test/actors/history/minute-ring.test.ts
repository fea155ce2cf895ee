import { expect, test } from 'vitest'
import { MinuteRing } from '../../../src/actors/history/minute-ring.ts'
import { AWAY, HISTORY_MINUTES, HISTORY_SPEEDS, HISTORY_TRAFFIC, UP } from '../../../src/domain/history.ts'

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

const passed = (bytesIn: number, bytesOut = 0, connections = 0) => ({ bytesIn, bytesOut, connections })

test('what passed is added up by the minute, and is not known where nobody looked', () => {
  const ring = new MinuteRing(10)
  ring.see('service', 'web', 'web', UP)
  ring.pass('web', 'web', passed(5, 70, 1))
  ring.pass('web', 'web', passed(3, 9e9, 2))
  ring.advance(12)
  ring.see('service', 'web', 'web', UP)
  expect(ring.list(4)[0]?.traffic).toEqual({
    bytesIn: [null, 8, null, 0],
    bytesOut: [null, 9_000_000_070, null, 0],
    connections: [null, 3, null, 0],
  })
})

test('a service for which nothing came in a day has no traffic', () => {
  const ring = new MinuteRing(0)
  ring.pass('web', 'web', passed(0))
  ring.pass('web', 'web', passed(1))
  for (let minute = 0; minute < HISTORY_MINUTES; minute += 100) {
    ring.advance(minute)
    ring.see('service', 'web', 'web', UP)
  }
  const before = ring.list(1)[0]?.traffic
  ring.advance(HISTORY_MINUTES)
  expect([before?.bytesIn, ring.list(1)[0]?.traffic]).toEqual([[0], null])
})

test('the traffic of so many services is kept, and of a further one once there is room', () => {
  const ring = new MinuteRing(0)
  const kept = () => ring.list(1).filter(({ traffic }) => traffic !== null).length
  for (let i = 0; i < HISTORY_TRAFFIC; i++) ring.pass(`s${i}`, `s${i}`, passed(1))
  ring.pass('late', 'late', passed(1))
  const full = [kept(), ring.list(1).at(-1)?.traffic]
  ring.advance(HISTORY_MINUTES)
  ring.pass('late', 'late', passed(1))
  expect([full, kept()]).toEqual([[HISTORY_TRAFFIC, null], 1])
})

test('what passed comes back in its minutes, of an earlier run and of one that kept none', () => {
  const before = new MinuteRing(500)
  before.see('service', 'web', 'web', UP)
  before.pass('web', 'web', passed(5, 6, 7))
  const [kept] = before.list()
  const after = new MinuteRing(501)
  if (kept) after.restore(kept, 500)
  const old = new MinuteRing(501)
  if (kept) old.restore({ ...kept, traffic: null }, 500)
  expect([after.list(2)[0]?.traffic, old.list(2)[0]?.traffic]).toEqual([
    { bytesIn: [5, null], bytesOut: [6, null], connections: [7, null] },
    null,
  ])
})
