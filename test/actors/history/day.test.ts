import { expect, test } from 'vitest'
import { Day } from '../../../src/actors/history/day.ts'
import { HISTORY_MINUTES } from '../../../src/domain/history.ts'

function day() {
  const made: number[] = []
  const minutes = new Day((count) => {
    made.push(count)
    return new Uint8Array(count)
  })
  return { minutes, made }
}

test('each minute of a day keeps its number', () => {
  const { minutes } = day()
  const numbers = Array.from({ length: HISTORY_MINUTES }, (_, slot) => slot % 251)
  for (const [slot, value] of numbers.entries()) minutes.set(slot, value)
  expect(numbers.map((_, slot) => minutes.at(slot))).toEqual(numbers)
})

test('an hour takes memory with the first number in it that is not 0', () => {
  const { minutes, made } = day()
  minutes.set(59, 0)
  const before = [...made]
  for (const slot of [0, 59, 60, HISTORY_MINUTES - 1]) minutes.set(slot, 1)
  expect([before, made]).toEqual([[], [60, 60, 60]])
})

test('a day whose numbers have all become 0 again is empty', () => {
  const { minutes } = day()
  const isEmpty = [minutes.isEmpty()]
  minutes.set(100, 7)
  isEmpty.push(minutes.isEmpty())
  minutes.set(100, 0)
  isEmpty.push(minutes.isEmpty())
  expect([isEmpty, minutes.at(100)]).toEqual([[true, false, true], 0])
})
