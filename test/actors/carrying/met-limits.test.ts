import { expect, test } from 'vitest'
import { createMetLimits } from '../../../src/actors/carrying/met-limits.ts'
import { createHealth } from '../../../src/actors/health.ts'
import { DEFAULT_RATIONS } from '../../../src/domain/offer.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

test('a limit that strangers met is told once, and for an hour after the last time', async () => {
  const clock = new VirtualClock()
  const health = createHealth()
  const limits = createMetLimits({ clock, health, rations: DEFAULT_RATIONS })
  limits.met('bytesPerSecond')
  await clock.advance(1_800_000)
  limits.met('bytesPerSecond')
  await clock.advance(3_599_999)
  expect(health.list()).toEqual([
    {
      level: 'info',
      text: 'a limit for strangers was met: 1 MB a second for one address',
      fix: 'To allow more, set --rations rate=SIZE; give your own stock clients a token with --turn-token-file.',
    },
  ])
  await clock.advance(1)
  expect(health.list()).toEqual([])
  limits.met('sessions')
  limits.stop()
  expect(clock.timerCount).toEqual(0)
})
