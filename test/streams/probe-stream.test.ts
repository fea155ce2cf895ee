import { expect, test } from 'vitest'
import { PROBE_BURST, PROBES_AT_ONCE, PROBES_PER_SECOND_MOST } from '../../src/domain/timings.ts'
import { createProbeSchedule } from '../../src/streams/probe-stream.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

/** A schedule whose pings take `tookMs` each; tells when each began and ended. */
function start(tookMs: (key: string) => number, isListed: (key: string) => boolean = () => true) {
  const clock = new VirtualClock()
  const told: string[] = []
  let most = 0
  let under = 0
  const schedule = createProbeSchedule(
    clock,
    async (key) => {
      told.push(`${clock.now()} ${key}`)
      most = Math.max(most, ++under)
      await new Promise<void>((resolve) => clock.setTimeout(resolve, tookMs(key)))
      under--
      told.push(`${clock.now()} ${key} done`)
    },
    isListed,
  )
  const errors: unknown[] = []
  const running = schedule.runs$.subscribe({ error: (error: unknown) => errors.push(error) })
  return { clock, schedule, told, errors, running, most: () => most }
}

test('a key is pinged at the tick of its plan', async () => {
  const { clock, schedule, told } = start(() => 5)
  schedule.later('ash', 300)
  await clock.advance(1_000)
  expect(told).toEqual(['300 ash', '305 ash done'])
})

test('now is now, and takes the place of the plan', async () => {
  const { clock, schedule, told } = start(() => 5)
  schedule.later('ash', 300)
  schedule.now('ash')
  await clock.advance(1_000)
  expect(told).toEqual(['0 ash', '5 ash done'])
})

test('what is forgotten is not pinged', async () => {
  const { clock, schedule, told } = start(() => 5)
  schedule.later('ash', 300)
  schedule.forget('ash')
  await clock.advance(1_000)
  expect(told).toEqual([])
})

test('nobody is pinged twice at once: a plan that comes due meanwhile has been met', async () => {
  const { clock, schedule, told } = start(() => 250)
  schedule.now('ash')
  schedule.later('ash', 100)
  await clock.advance(240)
  expect([told, schedule.pending, schedule.isWaiting('ash')]).toEqual([['0 ash'], 1, false])
  await clock.advance(1_000)
  expect([told, schedule.pending, schedule.isWaiting('ash')]).toEqual([['0 ash', '250 ash done'], 0, false])
})

test('a wish that comes during a ping is kept, and however many come they are one', async () => {
  const { clock, schedule, told } = start(() => 250)
  schedule.now('ash')
  await clock.advance(100)
  for (let i = 0; i < 3; i++) schedule.now('ash')
  await clock.advance(1_000)
  expect([told, schedule.pending]).toEqual([['0 ash', '250 ash done', '250 ash', '500 ash done'], 0])
})

test('who is forgotten during a ping is not pinged again for a wish of before', async () => {
  const { clock, schedule, told } = start(() => 250)
  schedule.now('ash')
  schedule.now('ash')
  schedule.forget('ash')
  await clock.advance(1_000)
  expect(told).toEqual(['0 ash', '250 ash done'])
})

test(`${PROBES_AT_ONCE} are under way at once; the next waits for a place, in its turn`, async () => {
  const { clock, schedule, told, most } = start(() => 50)
  const keys = Array.from({ length: PROBES_AT_ONCE + 2 }, (_, i) => `peer${i}`)
  for (const key of keys) schedule.now(key)
  await clock.advance(1_000)
  expect([most(), told.filter((line) => line.startsWith('50 ') && !line.endsWith('done'))]).toEqual([
    PROBES_AT_ONCE,
    [`50 peer${PROBES_AT_ONCE}`, `50 peer${PROBES_AT_ONCE + 1}`],
  ])
})

test('silent peers hold a place each, and delay nobody else', async () => {
  const { clock, schedule, told } = start((key) => (key.startsWith('silent') ? 2_000 : 5))
  for (let i = 0; i < PROBES_AT_ONCE - 1; i++) schedule.now(`silent${i}`)
  for (const key of ['ash', 'elm', 'oak']) schedule.later(key, 100)
  await clock.advance(200)
  expect(told.filter((line) => !line.includes('silent'))).toEqual([
    '100 ash',
    '105 ash done',
    '105 elm',
    '110 elm done',
    '110 oak',
    '115 oak done',
  ])
})

test('however many are heard of and silent, whoever is listed is pinged in its turn', async () => {
  const { clock, schedule, told, most } = start(
    (key) => (key.startsWith('heard') ? 2_000 : 5),
    (key) => !key.startsWith('heard'),
  )
  for (let i = 0; i < 200; i++) schedule.now(`heard${i}`)
  for (const key of ['ash', 'elm']) schedule.later(key, 100)
  await clock.advance(200)
  expect(told.filter((line) => !line.includes('heard'))).toEqual(['100 ash', '100 elm', '105 ash done', '105 elm done'])
  await clock.advance(60_000)
  expect([most(), schedule.pending]).toEqual([14, 0])
})

test(`${PROBE_BURST} may begin at once, and then ${PROBES_PER_SECOND_MOST} a second, in their order`, async () => {
  const { clock, schedule, told } = start(() => 0)
  for (let i = 0; i < PROBE_BURST + 3; i++) schedule.now(`peer${i}`)
  await clock.advance(2_000)
  const gap = 1_000 / PROBES_PER_SECOND_MOST
  expect(told.filter((line) => !line.endsWith('done') && !line.startsWith('0 '))).toEqual([
    `${gap} peer${PROBE_BURST}`,
    `${2 * gap} peer${PROBE_BURST + 1}`,
    `${3 * gap} peer${PROBE_BURST + 2}`,
  ])
})

test('a ping that belongs to no key shares places and pace with the others', async () => {
  const { clock, schedule, told, most } = start(() => 50)
  for (let i = 0; i < PROBES_AT_ONCE; i++) schedule.now(`peer${i}`)
  schedule.once(async () => {
    told.push(`${clock.now()} by hand`)
  })
  await clock.advance(10)
  expect(told.some((line) => line.endsWith('by hand'))).toEqual(false)
  await clock.advance(1_000)
  expect([told.filter((line) => line.endsWith('by hand')), most(), schedule.pending]).toEqual([['50 by hand'], PROBES_AT_ONCE, 0])
})

test('pings that belong to no key are each one of its own', async () => {
  const { clock, schedule, told } = start(() => 5)
  for (const name of ['one', 'other'])
    schedule.once(async () => {
      told.push(`${clock.now()} ${name}`)
    })
  await clock.settle()
  expect(told).toEqual(['0 one', '0 other'])
})

test('a bug in a ping ends the schedule loudly', async () => {
  const clock = new VirtualClock()
  const bug = new Error('bug')
  const errors: unknown[] = []
  const schedule = createProbeSchedule(clock, () => Promise.reject(bug))
  schedule.runs$.subscribe({ error: (error: unknown) => errors.push(error) })
  schedule.now('ash')
  await clock.advance(1_000)
  expect([errors, schedule.pending]).toEqual([[bug], 0])
})

test('it leaves no timer behind', async () => {
  const { clock, running } = start(() => 5)
  await clock.advance(1_000)
  running.unsubscribe()
  expect(clock.timerCount).toEqual(0)
})
