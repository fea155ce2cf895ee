import { expect, test } from 'vitest'
import { beginAgain } from '../../../src/io/network/further-dials.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

test.each<[string, number, readonly number[]]>([
  ['is through at once', 0, [0]],
  ['takes as long as few paths do', 399, [0]],
  ['takes longer', 401, [0, 400]],
  ['gets no answer', 60_000, [0, 400, 800]],
])('a handshake that %s', async (_, ms, expected) => {
  const clock = new VirtualClock()
  const begun: number[] = []
  const stop = beginAgain(() => begun.push(clock.now()), clock)
  await clock.advance(ms)
  stop()
  await clock.advance(10_000)
  expect(begun).toEqual(expected)
})

test('none is begun after its end by a timer that has run already', async () => {
  const clock = new VirtualClock()
  const begun: number[] = []
  const stop = beginAgain(() => begun.push(clock.now()), { setTimeout: (run, ms) => clock.setTimeout(run, ms), clearTimeout: () => {} })
  stop()
  await clock.advance(10_000)
  expect(begun).toEqual([0])
})
