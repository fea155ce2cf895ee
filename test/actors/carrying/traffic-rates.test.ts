import { expect, test } from 'vitest'
import { createTrafficRates } from '../../../src/actors/carrying/traffic-rates.ts'
import { ProxyMeter } from '../../../src/frp/meters/proxy-meter.ts'
import { frpClock } from '../../frp/frp-clock.ts'

test('meters are read once a second, also when nobody asks, until it is over', async () => {
  const clock = frpClock()
  const rates = createTrafficRates(clock)
  const [web, late] = [new ProxyMeter(), new ProxyMeter()]
  const meters = [web]
  const carried = { bytesIn: 0, bytesOut: 0 }
  web.begin(() => carried)
  web.failed('connection refused', Date.parse('2030-01-01T00:00:00Z'))
  rates.start(() => meters)
  for (let second = 1; second <= 10; second++) {
    await clock.advance(500)
    carried.bytesIn += 1_000
    carried.bytesOut += 50_000
    await clock.advance(500)
  }
  expect(rates.answer(web)).toEqual({
    connectionsNow: 1,
    connectionsEver: 1,
    bytesIn: 10_000,
    bytesOut: 500_000,
    // the silence before is all but forgotten
    inBytesPerSecond: 994,
    outBytesPerSecond: 49_694,
    errorsEver: 1,
    lastError: { text: 'connection refused', at: '2030-01-01T00:00:00.000Z' },
  })
  meters.push(late)
  late.datagram('in', 300, 'ash', clock.now())
  await clock.advance(1_000)
  const { inBytesPerSecond, outBytesPerSecond } = rates.answer(late)
  expect([inBytesPerSecond, outBytesPerSecond, clock.timerCount]).toEqual([300, 0, 1])
  rates.stop()
  expect(clock.timerCount).toEqual(0)
})
