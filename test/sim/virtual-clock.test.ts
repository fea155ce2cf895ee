import { interval, TimeoutError, take, timeout, timer } from 'rxjs'
import { expect, test } from 'vitest'
import { createActor, createMachine } from 'xstate'
import { clockScheduler } from '../../src/streams/clock-scheduler.ts'
import { VirtualClock } from './virtual-clock.ts'
import { useWorldTime } from './world-time.ts'

test('each timer runs at its own deadline, equals in the order of setting', async () => {
  const clock = new VirtualClock()
  const told: string[] = []
  const tell = (what: string) => () => told.push(`${clock.now()} ${what}`)
  clock.setTimeout(tell('c'), 30)
  clock.setTimeout(tell('a'), 10)
  clock.setTimeout(tell('b'), 10)
  clock.setTimeout(tell('now'), 0)
  clock.setTimeout(tell('never in this advance'), 31)
  await clock.advance(30)
  expect([told, clock.now(), clock.timerCount]).toEqual([['0 now', '10 a', '10 b', '30 c'], 30, 1])
})

test('a periodic timer is periodic in one long advance too', async () => {
  const clock = new VirtualClock()
  const told: number[] = []
  const again = () => {
    told.push(clock.now())
    clock.setTimeout(again, 1_000)
  }
  clock.setTimeout(again, 1_000)
  await clock.advance(5_500)
  expect(told).toEqual([1_000, 2_000, 3_000, 4_000, 5_000])
})

test('a timer for so little that the sum would lose it runs later, not now', async () => {
  const clock = new VirtualClock()
  await clock.advance(16_390.939635630086)
  const before = clock.now()
  clock.setTimeout(() => {}, 1.8e-12)
  await clock.advanceUntil(() => clock.timerCount === 0, 1)
  expect(clock.now()).toBeGreaterThan(before)
})

test('what a timer sets in motion comes to rest before the next', async () => {
  const clock = new VirtualClock()
  const leave = useWorldTime(clock)
  try {
    const told: string[] = []
    clock.setTimeout(() => {
      void Promise.resolve().then(() => told.push(`${clock.now()} promise`))
      setImmediate(() => setImmediate(() => setImmediate(() => told.push(`${clock.now()} third immediate`))))
    }, 1)
    clock.setTimeout(() => told.push(`${clock.now()} next timer`), 2)
    await clock.advance(2)
    expect(told).toEqual(['1 promise', '1 third immediate', '2 next timer'])
  } finally {
    leave()
  }
})

test('a cleared timer does not run, cleared once or twice or after it ran', async () => {
  const clock = new VirtualClock()
  let ran = 0
  const kept = clock.setTimeout(() => ran++, 1)
  const cleared = clock.setTimeout(() => ran++, 1)
  clock.clearTimeout(cleared)
  clock.clearTimeout(cleared)
  clock.clearTimeout(undefined)
  await clock.advance(5)
  clock.clearTimeout(kept)
  expect([ran, clock.timerCount]).toEqual([1, 0])
})

test('advanceUntil stops at the moment the predicate holds, and says whether it did', async () => {
  const clock = new VirtualClock()
  let done = false
  clock.setTimeout(() => {
    done = true
  }, 70)
  expect([await clock.advanceUntil(() => done, 1_000), clock.now()]).toEqual([true, 70])
  expect([await clock.advanceUntil(() => !done, 1_000), clock.now()]).toEqual([false, 1_070])
})

test('until answers with what the promise gives, or says that it never settled', async () => {
  const clock = new VirtualClock()
  const later = new Promise<string>((resolve) => clock.setTimeout(() => resolve('here'), 300))
  expect([await clock.until(later), clock.now()]).toEqual(['here', 300])
  await expect(clock.until(new Promise(() => {}), 50)).rejects.toThrow('not settled after 50 virtual ms')
})

test('10,000 periodic timers cost a handful of heap steps each, and cleared ones do not pile up', async () => {
  const clock = new VirtualClock()
  let runs = 0
  const start = (everyMs: number) => {
    const again = () => {
      runs++
      clock.setTimeout(again, everyMs)
      clock.clearTimeout(clock.setTimeout(again, 3_600_000)) // a time limit that was not needed
    }
    clock.setTimeout(again, everyMs)
  }
  for (let i = 0; i < 10_000; i++) start(1_000 + (i % 97))
  await clock.advance(2_200)
  expect([runs, clock.timerCount]).toEqual([20_000, 10_000])
  // log2(10,000) is 13.3; a list kept in order would take thousands for each.
  expect(clock.steps / runs < 40).toBe(true)
})

test('timers that stop time from moving are found out', async () => {
  const clock = new VirtualClock()
  const turn = () => {
    void Promise.resolve().then(() => clock.immediate(turn))
  }
  turn()
  await expect(clock.advance(1)).rejects.toThrow('not at rest')
})

test('a timer too long for Node is a bug', () => {
  expect(() => new VirtualClock().setTimeout(() => {}, 2 ** 31)).toThrow('Node would run it at once')
})

test('one clock drives XState and RxJS alike', async () => {
  const clock = new VirtualClock()
  const leave = useWorldTime(clock)
  try {
    const told: string[] = []
    const machine = createMachine({ initial: 'red', states: { red: { after: { 40: 'green' } }, green: { after: { 25: 'red' } } } })
    const actor = createActor(machine, { clock })
    actor.subscribe(({ value }) => told.push(`${clock.now()} ${String(value)}`))
    actor.start()
    const scheduler = clockScheduler(clock)
    interval(30, scheduler)
      .pipe(take(2))
      .subscribe(() => told.push(`${clock.now()} tick`))
    timer(500, scheduler)
      .pipe(timeout({ first: 80, scheduler }))
      .subscribe({ error: (error) => told.push(`${clock.now()} ${error instanceof TimeoutError}`) })
    await clock.advance(100)
    actor.stop()
    expect(told).toEqual(['0 red', '30 tick', '40 green', '60 tick', '65 red', '80 true'])
  } finally {
    leave()
  }
})

test('in the world, host timers are refused and Date and chance are its own', () => {
  const clock = new VirtualClock()
  const host = { setTimeout, setInterval, setImmediate, Date, random: Math.random }
  const draw = () => {
    const leave = useWorldTime(clock, 5)
    try {
      expect(() => setTimeout(() => {}, 1)).toThrow('setTimeout used inside the simulation: take the clock port')
      expect(() => setInterval(() => {}, 1)).toThrow('take the clock port')
      expect(() => AbortSignal.timeout(1)).toThrow('take the clock port')
      expect([Date.now(), new Date().toISOString(), new Date(0).getTime()]).toEqual([VirtualClock.epochMs, '2030-01-01T00:00:00.000Z', 0])
      return [Math.random(), Math.random()]
    } finally {
      leave()
    }
  }
  expect(draw()).toEqual(draw())
  expect({ setTimeout, setInterval, setImmediate, Date, random: Math.random }).toEqual(host)
})

test('an error that XState found no listener for ends the advance', async () => {
  const clock = new VirtualClock()
  const leave = useWorldTime(clock)
  try {
    const machine = createMachine({
      entry: () => {
        throw new Error('a bug in an action')
      },
    })
    createActor(machine, { clock }).start()
    await expect(clock.advance(1)).rejects.toThrow('a bug in an action')
  } finally {
    leave()
  }
})
