import { expect, test } from 'vitest'
import { createDialBacks, type DialBackEnd, type DialBacks } from '../../../src/actors/front/dial-backs.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const [EVE, ASH] = ['192.0.2.1', '192.0.2.2']
/** Takes a place and gives it back at once. */
const whole = (backs: DialBacks, asker: string, outcome: 'missed' | 'fine'): void => {
  const end = backs.begin(asker)
  if (typeof end === 'function') end(outcome)
}
const answer = (backs: DialBacks, asker: string): string => {
  const end = backs.begin(asker)
  return typeof end === 'string' ? end : 'a place'
}

test('one asker has sixteen places, and others find one then', () => {
  const backs = createDialBacks(new VirtualClock())
  const begin = (asker: string | null) => (typeof backs.begin(asker) === 'string' ? 0 : 1)
  const count = (asker: string | null): number => Array.from({ length: 40 }, () => begin(asker)).reduce<number>((sum, one) => sum + one, 0)
  expect([EVE, ASH, null, '2001:db8::1', '2001:db8::2'].map(count)).toEqual([16, 2, 2, 2, 0])
})

test('a hundred and twenty-eight who start at once are connected back to at once, and the next one is not', () => {
  const backs = createDialBacks(new VirtualClock())
  const places = Array.from({ length: 130 }, (_, i) => answer(backs, `192.0.2.${i}`))
  expect([places.filter((one) => one === 'a place').length, places.at(-1)]).toEqual([128, 'busy'])
})

test('a place that was given back is there again', () => {
  const backs = createDialBacks(new VirtualClock())
  const ends = Array.from({ length: 16 }, () => backs.begin(EVE))
  expect(answer(backs, EVE)).toEqual('busy')
  const [first] = ends
  if (typeof first === 'function') first('fine')
  expect(answer(backs, EVE)).toEqual('a place')
})

test('who names address after address at which nothing is has no more of them, until ten minutes are over', async () => {
  const clock = new VirtualClock()
  const backs = createDialBacks(clock)
  for (let i = 0; i < 64; i++) whole(backs, EVE, 'missed')
  for (let i = 0; i < 100; i++) whole(backs, ASH, 'fine')
  expect([answer(backs, EVE), answer(backs, ASH)]).toEqual(['untried', 'a place'])
  await clock.advance(600_000)
  expect(answer(backs, EVE)).toEqual('a place')
})

test('what came to nothing for one that comes through a tunnel is not counted to others that do', () => {
  const backs = createDialBacks(new VirtualClock())
  for (let i = 0; i < 64; i++) {
    const end = backs.begin(null)
    if (typeof end === 'function') end('missed')
  }
  expect(typeof backs.begin(null)).toEqual('function')
})

test('who finds no place waits for one, in turn, and not for long', async () => {
  const clock = new VirtualClock()
  const backs = createDialBacks(clock)
  const ends = Array.from({ length: 16 }, () => backs.begin(EVE))
  const told: string[] = []
  const wait = (name: string): void =>
    void backs.turn(EVE).then((end) => told.push(`${clock.now()} ${name} ${typeof end === 'string' ? end : 'a place'}`))
  for (const name of ['first', 'second', 'third']) wait(name)
  for (const end of ends.slice(0, 2)) {
    await clock.advance(500)
    if (typeof end === 'function') end('fine')
  }
  await clock.advance(5_000)
  expect(told).toEqual(['500 first a place', '1000 second a place', '1500 third busy'])
})

test('of a thousand who ask at once each finds a place in its turn, and who comes when more wait is told at once', async () => {
  const clock = new VirtualClock()
  const backs = createDialBacks(clock)
  const ends: DialBackEnd[] = []
  const told: string[] = []
  const ask = (i: number): void =>
    void backs.turn(`10.0.${Math.floor(i / 200)}.${i % 200}`).then((end) => {
      if (typeof end === 'function') ends.push(end)
      else told.push(`${clock.now()} ${i} ${end}`)
    })
  for (let i = 0; i < 128 + 1_024 + 1; i++) ask(i)
  for (let round = 0; round < 9; round++) {
    await clock.advance(150)
    for (const end of ends.splice(0)) end('fine')
  }
  expect(told).toEqual(['0 1152 busy'])
})
