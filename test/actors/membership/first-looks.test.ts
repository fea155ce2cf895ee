import { expect, test } from 'vitest'
import { createFirstLooks } from '../../../src/actors/membership/first-looks.ts'
import { UNPLACED } from '../../../src/domain/coordinates.ts'
import { recordBurst, recordVouched } from '../../../src/domain/ip-table.ts'
import { CROWDED_REST, WATCHED_WHOLE } from '../../../src/domain/timings.ts'
import { signedBy } from '../../records.ts'
import { SeededRandom } from '../../sim/chance.ts'
import { stateParts } from '../state-parts.ts'

/** `share`: of its time this process waits for a processor. */
function start(count: number, share = 0) {
  const parts = stateParts({ random: new SeededRandom(1) })
  const { keeper, clock, hear } = parts
  const looks: number[] = []
  const planned = new Set<string>()
  const looking = createFirstLooks({
    ...{ clock: { ...parts.time, waitedShare: () => share }, random: parts.random, keeper, own: parts.own, place: () => UNPLACED },
    prober: {
      doubt: (key) => {
        planned.add(key)
        looks.push(clock.now())
      },
      isPlanned: (key) => planned.has(key),
    },
  })
  looking.runs$.subscribe({ error: parts.onBug })
  for (let i = 0; i < count; i++) {
    hear(signedBy(`peer${i}`, `192.0.2.${i}:8088`))
    keeper.apply((table) => recordVouched(table, `peer${i}`, ['ash', 'elm']))
  }
  return { ...parts, looks, planned }
}

test.each<[string, number, number, number]>([
  ['in a large table one a second', WATCHED_WHOLE + 2, 3_000, 8 + 3],
  ['in a small one sixteen a second', WATCHED_WHOLE, 3_000, WATCHED_WHOLE],
])('those listed by word are looked at, eight at once, and then %s', async (_, count, ms, expected) => {
  const { clock, looks } = start(count)
  await clock.advance(50)
  const first = looks.length
  await clock.advance(ms)
  expect([first, looks.length]).toEqual([8, expected])
})

test('each is looked at once, and nothing happens when none is left', async () => {
  const { clock, looks, keeper, planned } = start(3)
  await clock.advance(1_000)
  for (const key of planned) keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'answered', rttMs: 1 }, wallMs, key))
  await clock.advance(60_000)
  expect([looks.length, planned.size, keeper.current().told.size]).toEqual([3, 3, 0])
})

test('where processors are scarce and new words come without end, one is looked at in each rest', async () => {
  const { clock, hear, looks, own } = start(3, 0.25)
  own.announce('192.0.2.250:8088', null)
  for (let seq = 1; clock.now() <= 3 * CROWDED_REST; seq++) {
    hear(signedBy('liar', `203.0.113.1:${1_024 + seq}`, { seq }))
    await clock.advance(3_000)
  }
  expect(looks).toEqual([CROWDED_REST, 2 * CROWDED_REST, 3 * CROWDED_REST])
})
