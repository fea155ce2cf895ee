// With whom a node gossips on a machine on which more wants to run than can: each new connection makes all others take longer.
import { describe, expect, test } from 'vitest'
import { createPartners } from '../../../src/actors/membership/partners.ts'
import { signedBy } from '../../records.ts'
import { SeededRandom } from '../../sim/chance.ts'
import { stateParts } from '../state-parts.ts'

function start(count: number, warm: readonly number[]) {
  const parts = stateParts()
  for (let i = 0; i < count; i++) parts.prove(signedBy(`peer${i}`, `192.0.2.${i}:8088`))
  parts.prove(signedBy(parts.own.id, '203.0.113.1:8088'))
  const world = { isCrowded: true, warm: new Set([...warm.map((i) => `peer${i}`), parts.own.id]) }
  const partners = createPartners({
    table: () => parts.keeper.current(),
    random: new SeededRandom(1),
    self: parts.own.id,
    isWarm: ({ key }) => world.warm.has(key),
    isSpokenTo: () => false,
    isCrowded: () => world.isCrowded,
  })
  const TIMES = Array.from({ length: 300 })
  const keysOf = (keys: readonly string[]): readonly string[] => [...new Set(keys)].toSorted()
  return {
    world,
    /** Everybody whom words went to. */
    some: (most = 4) => keysOf(TIMES.flatMap(() => partners.some(most, false).map(({ key }) => key))),
    once: (most: number) => partners.some(most, false).map(({ key }) => key),
    /** Everybody with whom tables were compared. */
    another: () => keysOf(TIMES.map(() => partners.another()?.key ?? 'nobody')),
  }
}

const FEW = ['peer3', 'peer4', 'peer7']

describe('on a crowded machine', () => {
  test.each([8, 40])('of %i peers only those to whom a connection stands are told, and compared with', (count) => {
    const { some, another } = start(count, [3, 4, 7])
    expect({ some: some(), one: some(1), another: another() }).toEqual({ some: FEW, one: FEW, another: FEW })
  })

  test('no more of them are told than are wanted, and none twice', () => {
    const { once } = start(40, [3, 4, 7])
    const told = [1, 2, 3, 9].map(once)
    expect(told.map((keys) => [keys.length, new Set(keys).size])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [3, 3],
    ])
  })

  test.each([
    [8, 8, 8],
    [40, 12, 40],
  ])('of %i peers, where a connection stands to nobody, %i are told and %i compared with', (count, told, compared) => {
    const { some, another } = start(count, [])
    expect([some().length, another().length]).toEqual([told, compared])
  })

  test('where there is nobody at all nobody is asked', () => {
    const { some, another } = start(0, [])
    expect([some(), another()]).toEqual([[], ['nobody']])
  })
})

test('elsewhere anybody is, and it is as ever again once there is room', () => {
  const { world, some, another } = start(40, [3, 4, 7])
  const counts: (readonly number[])[] = []
  for (const isCrowded of [false, true, false]) {
    world.isCrowded = isCrowded
    counts.push([some().length, another().length])
  }
  expect(counts).toEqual([
    [12, 40],
    [3, 3],
    [12, 40],
  ])
})
