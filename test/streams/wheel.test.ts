import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Wheel } from '../../src/streams/wheel.ts'

/** What each of so many ticks brings. */
const turns = (wheel: Wheel, count: number): readonly (readonly string[])[] =>
  Array.from({ length: count }, () => wheel.turnTo(wheel.tick + 1))

test.each([
  [0, 1],
  [1, 1],
  [100, 1],
  [149, 1],
  [150, 2],
  [1_000, 10],
])('after %d ms a key is due at tick %d', (delayMs, tick) => {
  const wheel = new Wheel(100)
  wheel.put('ash', delayMs)
  expect(turns(wheel, 12).findIndex((due) => due.includes('ash')) + 1).toEqual(tick)
})

test('a later plan takes the place of an earlier one, whichever comes first', () => {
  const wheel = new Wheel(100)
  wheel.put('ash', 100)
  wheel.put('ash', 300)
  wheel.put('elm', 300)
  wheel.put('elm', 200)
  expect([wheel.size, turns(wheel, 4), wheel.size]).toEqual([2, [[], ['elm'], ['ash'], []], 0])
})

test('what is deleted is never due', () => {
  const wheel = new Wheel(100)
  wheel.put('ash', 100)
  wheel.put('elm', 100)
  wheel.delete('ash')
  wheel.delete('oak')
  expect([wheel.size, turns(wheel, 2), wheel.size]).toEqual([1, [['elm'], []], 0])
})

test('a key may be put again while its tick is handled', () => {
  const wheel = new Wheel(100)
  wheel.put('ash', 100)
  const told: string[] = []
  for (let tick = 1; tick <= 3; tick++) {
    for (const key of wheel.turnTo(tick)) {
      told.push(`${tick} ${key}`)
      wheel.put(key, 0)
    }
  }
  expect(told).toEqual(['1 ash', '2 ash', '3 ash'])
})

test('it tells the next tick at which something is due, or how far it looked', () => {
  const wheel = new Wheel(100)
  wheel.put('ash', 300)
  wheel.put('elm', 900)
  expect([wheel.next(50), wheel.next(2), wheel.turnTo(5), wheel.next(50), wheel.turnTo(9), wheel.next(50)]).toEqual([
    3,
    2,
    ['ash'],
    9,
    ['elm'],
    59,
  ])
})

test('every key is due once, at the tick of its last plan', () =>
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 0, max: 2_000 }))), (plans) => {
      const wheel = new Wheel(100)
      for (const [key, delayMs] of plans) wheel.put(key, delayMs)
      const due = turns(wheel, 21).flatMap((keys, i) => keys.map((key) => `${key} ${i + 1}`))
      const last = [...new Map(plans)].map(([key, delayMs]) => `${key} ${Math.max(1, Math.round(delayMs / 100))}`)
      expect([due.toSorted(), wheel.size]).toEqual([last.toSorted(), 0])
    }),
  ))
