import { expect, test } from 'vitest'
import { createPlaces } from '../../../src/actors/membership/places.ts'
import { type Coordinate, UNPLACED } from '../../../src/domain/coordinates.ts'
import { PLACE_FIRST, PLACE_PERIOD } from '../../../src/domain/timings.ts'
import { stateParts } from '../state-parts.ts'

const SETTLED: Coordinate = { ...UNPLACED, error: 0.05 }
const FAR: Coordinate = { ...SETTLED, at: [100, 0, 0, 0, 0, 0, 0, 0] }

function setting() {
  const parts = stateParts()
  const said: string[] = []
  const places = createPlaces({ ...parts, say: () => said.push(`${parts.clock.now()} ${parts.own.place()?.error.toFixed(1)}`) })
  const sample = (other: Coordinate, rttMs: number, times: number): void => {
    for (let i = 0; i < times; i++) places.sampled(other, rttMs)
  }
  return { ...parts, said, places, sample }
}

test('each sample moves it', () => {
  const { places, sample } = setting()
  const before = places.own()
  sample(FAR, 50, 1)
  expect([before.error, places.own().error < before.error, places.own().at.some((x) => x !== 0)]).toEqual([1.5, true, true])
})

test('it is told after a minute, once it is sure enough', async () => {
  const { clock, said, sample, own } = setting()
  sample(FAR, 50, 40)
  expect([said, own.place()]).toEqual([[], null])
  await clock.advance(PLACE_FIRST)
  sample(FAR, 50, 1)
  expect([said.length, own.place() !== null]).toEqual([1, true])
})

test('it is told again only from somewhere else, and every ten minutes at the most', async () => {
  const { clock, said, sample } = setting()
  await clock.advance(PLACE_FIRST)
  sample(FAR, 50, 40)
  const first = said.length
  sample(FAR, 50, 100)
  sample(FAR, 250, 40)
  const soon = said.length
  await clock.advance(PLACE_PERIOD)
  sample(FAR, 250, 1)
  const later = said.length
  await clock.advance(PLACE_PERIOD)
  sample(FAR, 250, 1)
  expect([first, soon, later, said.length]).toEqual([1, 1, 2, 2])
})
