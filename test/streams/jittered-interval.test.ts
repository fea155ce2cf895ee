import { debounceTime, map, Subject, take, timer, toArray } from 'rxjs'
import { expect, test } from 'vitest'
import { clockScheduler } from '../../src/streams/clock-scheduler.ts'
import { jitteredInterval } from '../../src/streams/jittered-interval.ts'
import { SeededRandom } from '../sim/chance.ts'
import { fixedChance } from '../sim/fixed-chance.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

test('each beat comes 0.75 to 1.25 of the period after the last, by a draw of its own', async () => {
  const clock = new VirtualClock()
  const told: number[] = []
  const beating = jitteredInterval(clock, fixedChance(0, 0.5, 0.75), 1_000).subscribe(() => told.push(clock.now()))
  await clock.advance(6_000)
  beating.unsubscribe()
  expect([told, clock.timerCount]).toEqual([[750, 1_750, 2_875, 3_625, 4_625, 5_750], 0])
})

test('two who listen beat apart', async () => {
  const clock = new VirtualClock()
  const beat$ = jitteredInterval(clock, new SeededRandom(1), 1_000).pipe(
    map(() => clock.now()),
    take(3),
    toArray(),
  )
  const told: (readonly number[])[] = []
  beat$.subscribe((times) => told.push(times))
  beat$.subscribe((times) => told.push(times))
  await clock.advance(5_000)
  const [one, other] = told
  expect([one?.length, other?.length, one?.some((ms) => other?.includes(ms))]).toEqual([3, 3, false])
})

test('a listener that is slow to answer delays nobody', async () => {
  const clock = new VirtualClock()
  let beats = 0
  const beating = jitteredInterval(clock, fixedChance(0.5), 100).subscribe(() => beats++)
  await clock.advance(100_000)
  beating.unsubscribe()
  expect(beats).toEqual(1_000)
})

test("RxJS's timed operators run on the clock", async () => {
  const clock = new VirtualClock()
  const told: string[] = []
  const said = new Subject<string>()
  said.pipe(debounceTime(15, clockScheduler(clock))).subscribe((word) => told.push(`${clock.now()} ${word}`))
  timer(10, 20, clockScheduler(clock))
    .pipe(take(3))
    .subscribe((i) => told.push(`${clock.now()} timer ${i}`))
  said.next('a')
  await clock.advance(12)
  said.next('b')
  await clock.advance(100)
  expect([told, clock.timerCount]).toEqual([['10 timer 0', '27 b', '30 timer 1', '50 timer 2'], 0])
})
