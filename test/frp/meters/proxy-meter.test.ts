import { expect, test } from 'vitest'
import { ProxyMeter } from '../../../src/frp/meters/proxy-meter.ts'

const NOTHING = { connectionsNow: 0, connectionsEver: 0, bytesIn: 0, bytesOut: 0, errorsEver: 0, lastError: null }

test('a connection is read while it lasts, and keeps what it carried when it ends', () => {
  const meter = new ProxyMeter()
  expect(meter.figures(0)).toEqual(NOTHING)
  const [web, slow] = [
    { bytesIn: 3, bytesOut: 4 },
    { bytesIn: 10, bytesOut: 0 },
  ]
  const end = meter.begin(() => web)
  meter.begin(() => slow)
  expect(meter.figures(0)).toEqual({ ...NOTHING, connectionsNow: 2, connectionsEver: 2, bytesIn: 13, bytesOut: 4 })
  Object.assign(web, { bytesIn: 5, bytesOut: 40 })
  end()
  end()
  Object.assign(web, { bytesIn: 999 })
  expect(meter.figures(0)).toEqual({ ...NOTHING, connectionsNow: 1, connectionsEver: 2, bytesIn: 15, bytesOut: 40 })
})

test('a user of udp is a connection until 30 s after the last datagram, in either direction', () => {
  const meter = new ProxyMeter()
  meter.datagram('in', 10, 'ash 1', 0)
  meter.datagram('in', 10, 'elm 1', 0)
  meter.datagram('out', 100, 'ash 1', 20_000)
  const seen = [0, 29_999, 30_000, 49_999, 50_000].map((nowMs) => meter.figures(nowMs).connectionsNow)
  expect(seen).toEqual([2, 2, 1, 1, 0])
  meter.datagram('in', 1, 'ash 1', 50_000)
  expect(meter.figures(50_000)).toEqual({ ...NOTHING, connectionsNow: 1, connectionsEver: 3, bytesIn: 21, bytesOut: 100 })
})

test('4,096 users of udp are remembered, those heard last', () => {
  const meter = new ProxyMeter()
  for (let user = 0; user <= 5_000; user++) meter.datagram('in', 1, `user ${user}`, user)
  const { connectionsNow, connectionsEver } = meter.figures(5_000)
  expect([connectionsNow, connectionsEver]).toEqual([4_096, 5_001])
})

test('errors are counted, and the last is kept with its time', () => {
  const meter = new ProxyMeter()
  meter.failed('connection refused', 1_000)
  meter.failed('connection timed out', 2_000)
  expect(meter.figures(0)).toEqual({ ...NOTHING, errorsEver: 2, lastError: { text: 'connection timed out', atMs: 2_000 } })
})
