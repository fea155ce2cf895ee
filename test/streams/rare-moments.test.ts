import { expect, test } from 'vitest'
import { rareMoments } from '../../src/streams/rare-moments.ts'
import { fixedChance } from '../sim/fixed-chance.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

/** With a mean of 10 s. */
async function momentsWithin(ms: number, ...fractions: readonly number[]): Promise<readonly number[]> {
  const clock = new VirtualClock()
  const moments: number[] = []
  const running = rareMoments(clock, fixedChance(...fractions), 10_000).subscribe(() => moments.push(Math.round(clock.now())))
  await clock.advance(ms)
  running.unsubscribe()
  expect(clock.timerCount).toEqual(0)
  return moments
}

test.each([
  ['the first comes after a quarter of the mean at the soonest', 0, 2_500],
  ['and after two and a half means at the latest', 1, 25_000],
])('%s', async (_, fraction, expected) => expect((await momentsWithin(30_000, fraction))[0]).toEqual(expected))

test('gaps follow chance, between a tenth of the mean and two and a half times it', async () => {
  const moments = await momentsWithin(60_000, 0.4, 0, 0.5, 0.9999)
  const gaps = moments.map((at, i) => at - (moments[i - 1] ?? 0))
  expect(gaps.slice(0, 4)).toEqual([10_000, 1_000, 6_931, 25_000])
})
