import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { calmMoments } from '../../src/streams/calm-moments.ts'
import { jitteredInterval } from '../../src/streams/jittered-interval.ts'
import { fixedChance } from '../sim/fixed-chance.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

/** Every 10 s, unless something disturbed within 3 s. */
function start(fractions: readonly number[] = [0.5]) {
  const clock = new VirtualClock()
  const disturbed = new Subject<void>()
  const moments: number[] = []
  const running = calmMoments(clock, jitteredInterval(clock, fixedChance(...fractions), 10_000), 3_000, disturbed).subscribe(() =>
    moments.push(clock.now()),
  )
  const disturbAt = (...times: readonly number[]): void => {
    for (const ms of times) clock.setTimeout(() => disturbed.next(), ms)
  }
  return { clock, moments, disturbAt, running }
}

test.each<[string, readonly number[], readonly number[]]>([
  ['where nothing happens each is one', [], [10_000, 20_000, 30_000]],
  ['a disturbance shortly before one has it left out', [17_001], [10_000, 30_000]],
  ['one that is over by then does not', [17_000], [10_000, 20_000, 30_000]],
  ['the last disturbance counts', [12_000, 18_000], [10_000, 30_000]],
  ['a disturbance just before it leaves it out', [9_999], [20_000, 30_000]],
  ['one just after it changes nothing', [10_001], [10_000, 20_000, 30_000]],
])('%s', async (_, disturbances, expected) => {
  const { clock, moments, disturbAt } = start()
  disturbAt(...disturbances)
  await clock.advance(30_000)
  expect(moments).toEqual(expected)
})

test('while something disturbs all the time there is none', async () => {
  const { clock, moments, disturbAt } = start()
  disturbAt(...Array.from({ length: 30 }, (_, i) => i * 2_000))
  await clock.advance(60_000)
  expect(moments).toEqual([])
})

test('a disturbance is no moment of its own', async () => {
  const { clock, moments, disturbAt } = start()
  disturbAt(100, 200, 15_000)
  await clock.advance(16_000)
  expect(moments).toEqual([10_000])
})

test('who begins to listen is undisturbed from then on, and shares nothing with who listened before', async () => {
  const clock = new VirtualClock()
  const disturbed = new Subject<void>()
  const moments$ = calmMoments(clock, jitteredInterval(clock, fixedChance(0), 4_000), 3_500, disturbed)
  const told: string[] = []
  const first = moments$.subscribe(() => told.push(`${clock.now()} first`))
  await clock.advance(4_000)
  first.unsubscribe()
  disturbed.next()
  moments$.subscribe(() => told.push(`${clock.now()} second`))
  await clock.advance(6_000)
  expect(told).toEqual(['10000 second'])
})

test('moments are as far apart as chance draws, and it leaves no timer', async () => {
  const { clock, moments, running } = start([0, 1])
  await clock.advance(40_000)
  running.unsubscribe()
  expect([moments, clock.timerCount]).toEqual([[7_500, 20_000, 27_500, 40_000], 0])
})
