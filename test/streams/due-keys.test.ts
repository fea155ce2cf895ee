import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDueKeys } from '../../src/streams/due-keys.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

/** Tells when each became due, and how often the clock was asked to wake it. */
function start() {
  const clock = new VirtualClock()
  const told: string[] = []
  let timers = 0
  const counted = {
    now: () => clock.now(),
    wallMs: () => clock.wallMs(),
    busyMs: () => clock.busyMs(),
    waitedShare: () => 0,
    setTimeout: (run: () => void, ms: number) => {
      timers++
      return clock.setTimeout(run, ms)
    },
    clearTimeout: (timer: unknown) => clock.clearTimeout(timer),
  }
  const keys = createDueKeys(counted, 100)
  const run = () => keys.due$.subscribe((key) => told.push(`${clock.now()} ${key}`))
  return { clock, keys, told, run, timers: () => timers }
}

test('a key is due at its tick, and one that is put before it comes first', async () => {
  const { clock, keys, told, run } = start()
  run()
  keys.put('ash', 3_000)
  await clock.advance(250)
  keys.put('elm', 300)
  keys.put('oak', 0)
  await clock.advance(5_000)
  expect(told).toEqual(['300 oak', '500 elm', '3000 ash'])
})

test('nothing is due before it runs or after it has stopped, and time stands still there', async () => {
  const { clock, keys, told, run } = start()
  keys.put('ash', 300)
  await clock.advance(1_000)
  const running = run()
  await clock.advance(200)
  running.unsubscribe()
  await clock.advance(1_000)
  const before = [...told]
  run()
  await clock.advance(400)
  expect([before, told]).toEqual([[], ['2500 ash']])
})

test('where nothing is due it is woken every five seconds', async () => {
  const { clock, run, timers } = start()
  run()
  await clock.advance(60_000)
  expect(timers()).toEqual(13)
})

test('what is due, and when, is what a wheel turned at every tick would say', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 9_000 }), fc.integer({ min: 0, max: 3 }))),
      async (plans) => {
        const { clock, keys, told, run } = start()
        run()
        const due = new Map<string, number>()
        const expected: string[] = []
        const pass = async (ms: number): Promise<void> => {
          await clock.advance(ms)
          for (const [key, atMs] of [...due].sort((a, b) => a[1] - b[1])) {
            if (atMs > clock.now()) continue
            due.delete(key)
            expected.push(`${atMs} ${key}`)
          }
        }
        for (const [key, delayMs, ticks] of plans) {
          keys.put(key, delayMs)
          due.set(key, (Math.max(0, Math.ceil(clock.now() / 100) - 1) + Math.max(1, Math.round(delayMs / 100))) * 100)
          // Never at a tick: whether that has been is the clock's affair.
          await pass(ticks * 100 + 37)
        }
        await pass(20_000)
        expect(told.toSorted()).toEqual(expected.toSorted())
      },
    ),
    { numRuns: 50 },
  ))
