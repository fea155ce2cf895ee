// How often tables are compared.
import { expect, test } from 'vitest'
import { createGossipPace } from '../../../src/actors/membership/gossip-pace.ts'
import { fixedChance } from '../../sim/fixed-chance.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

/** `times`: when it is time, in ms. */
function start(onBeat: (pace: ReturnType<typeof createGossipPace>) => void = () => {}) {
  const clock = new VirtualClock()
  const pace = createGossipPace({ clock, random: fixedChance(0.5) })
  const times: number[] = []
  const running = pace.beats$.subscribe(() => {
    times.push(Math.round(clock.now()))
    onBeat(pace)
  })
  return { clock, pace, times, running }
}

/** When it is time, in ms, within the first 1,200 ms; `found` says what each comparison found. */
async function beats(found: (pace: ReturnType<typeof createGossipPace>) => void): Promise<readonly number[]> {
  const { clock, times, running } = start((pace) => {
    pace.began()
    found(pace)
  })
  await clock.advance(1_200)
  running.unsubscribe()
  return times
}

test('a node that has just started asks ever more rarely where tables are the same', async () => {
  expect(await beats((pace) => pace.ended())).toEqual([100, 200, 350, 575, 913])
})

test('it goes on as often where the tables differ, or nobody could be asked, or none has answered yet', async () => {
  const often = Array.from({ length: 12 }, (_, i) => 100 * (i + 1))
  expect(await beats(() => {})).toEqual(often)
  const unlike = await beats((pace) => {
    pace.unlike()
    pace.ended()
  })
  expect(unlike).toEqual(often)
})

test('a comparison that takes longer than the time to the next one counts by all that it found', async () => {
  const { clock, pace, times, running } = start()
  await clock.advance(100)
  pace.began()
  await clock.advance(50)
  pace.unlike()
  await clock.advance(100)
  pace.ended()
  await clock.advance(150)
  running.unsubscribe()
  expect(times).toEqual([100, 200, 300, 400])
})

test('comparisons that follow each other at once, since each takes longer than the period, become rarer where tables are the same', async () => {
  const { clock, pace, times, running } = start()
  await clock.advance(100)
  for (let i = 0; i < 4; i++) {
    pace.began()
    await clock.advance(150)
    pace.ended()
  }
  running.unsubscribe()
  expect(times).toEqual([100, 200, 300, 450, 675])
})

test('what a comparison finds is not forgotten as the next one begins before the beat', async () => {
  const { clock, pace, times, running } = start()
  await clock.advance(100)
  pace.began()
  await clock.advance(40)
  pace.unlike()
  pace.ended()
  pace.began()
  await clock.advance(20)
  pace.ended()
  await clock.advance(140)
  running.unsubscribe()
  expect(times).toEqual([100, 200, 300])
})
