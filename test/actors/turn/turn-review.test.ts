import { expect, test } from 'vitest'
import { createActor, type EventObject, setup } from 'xstate'
import { candidateOf } from '../../../src/actors/turn/find-turn-actor.ts'
import { createTurnReviewActor } from '../../../src/actors/turn/turn-review.ts'
import { recordBurst } from '../../../src/domain/ip-table.ts'
import type { TurnCandidate } from '../../../src/domain/turn-choice.ts'
import type { ReviewFact } from '../../../src/machines/node-machine.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'
import { fakeStock, frpsAt } from './turns.ts'

const FRPS = '192.0.2.9:7000'

/** A review of the tunnel through ash, or of the one named. Looks every 10 s. */
function start(inUse?: TurnCandidate) {
  const parts = stateParts()
  const { clock, keeper, own, prove } = parts
  prove(signedBy('ash', '192.0.2.1:8088'))
  prove(signedBy('elm', '192.0.2.2:8088'))
  const fake = fakeStock(clock.now)
  const told: string[] = []
  const [ash] = [...keeper.current().rows.values()].map(candidateOf)
  const turn = inUse ?? ash
  if (!turn) throw new Error('ash is there')
  const review = createTurnReviewActor({ ...parts, external: fake.external, self: own.id, turns: [{ type: 'moonwalk' }] })
  const parent = setup({ types: { events: {} as ReviewFact | EventObject }, actors: { review } }).createMachine({
    invoke: { src: 'review', input: { turn } },
    on: { 'turn.better': { actions: ({ event }) => told.push(`${clock.now()} ${'reason' in event ? event.reason : ''}`) } },
  })
  const actor = createActor(parent).start()
  return {
    ...parts,
    actor,
    fake,
    told,
    measure: (key: string, rttMs: number): void =>
      void keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'answered', rttMs }, wallMs)),
  }
}

test('a TURN that is much nearer twice in a row is told', async () => {
  const { clock, measure, told, actor } = start()
  measure('ash', 40)
  measure('elm', 20)
  await clock.advance(19_999)
  expect(told).toEqual([])
  await clock.advance(1)
  actor.stop()
  expect([told, clock.timerCount]).toEqual([['20000 elm is much nearer: least latency of 2: 20.0 ms; next ash 40.0 ms'], 0])
})

test('one that is much nearer for a moment is not', async () => {
  const { clock, measure, told, actor } = start()
  for (let round = 0; round < 4; round++) {
    measure('ash', 40)
    measure('elm', 20)
    await clock.advance(10_000)
    measure('elm', 39)
    await clock.advance(10_000)
  }
  actor.stop()
  expect(told).toEqual([])
})

test.each<[string, number, number]>([
  ['a little nearer', 40, 31],
  ['nearer by much, of a round trip that is short', 12, 3],
  ['nearer by 10 ms, of one that is long', 400, 390],
  ['further', 20, 40],
])('one that is %s is none to move to', async (_, ashMs, elmMs) => {
  const { clock, measure, told, actor } = start()
  measure('ash', ashMs)
  measure('elm', elmMs)
  await clock.advance(60_000)
  actor.stop()
  expect(told).toEqual([])
})

test('a stock frps is asked every minute, and afresh before the second time', async () => {
  const { clock, measure, fake, told, actor } = start()
  measure('ash', 40)
  measure('elm', 39)
  fake.known = [frpsAt(FRPS, 9)]
  await clock.advance(20_000)
  actor.stop()
  expect(fake.asked).toEqual(['10000 not heard of for 60000 but ash', '20000 not heard of for 5000 but ash'])
  expect(told).toEqual([`20000 ${FRPS} is much nearer: least latency of 3: 9.00 ms; next elm 39.0 ms`])
})

test('a stock frps in use is compared by what its tunnel measures', async () => {
  const { clock, measure, fake, told, actor } = start(frpsAt(FRPS, 1))
  measure('ash', 50)
  measure('elm', 20)
  fake.known = [frpsAt(FRPS, 40)]
  await clock.advance(20_000)
  actor.stop()
  expect(told).toEqual([`20000 elm is much nearer: least latency of 3: 20.0 ms; next ${FRPS} 40.0 ms`])
})

test('while it is not known how near the one in use is, nobody is nearer', async () => {
  const { clock, fake, told, actor } = start(frpsAt(FRPS, null))
  fake.known = [frpsAt(FRPS, null)]
  await clock.advance(60_000)
  actor.stop()
  expect(told).toEqual([])
})
