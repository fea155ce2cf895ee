import { expect, test } from 'vitest'
import { createRevisits } from '../../../src/actors/membership/revisits.ts'
import type { Change } from '../../../src/domain/ip-table.ts'
import type { PeerRecord } from '../../../src/domain/record.ts'
import { EMPTY_TABLE, merge, recordBurst, removeRow } from '../../domain/pure-table.ts'
import { fixedChance } from '../../sim/fixed-chance.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const record = (id: string): PeerRecord => ({
  id,
  name: id,
  address: `${id}.test:1`,
  seq: 1,
  via: null,
  offersTurn: true,
  left: false,
  envelope: 'E',
  p2prc: null,
})

/** What the table says when a proven row is removed for this reason, or proven. */
function changesOf(id: string, why = 'no answer'): { readonly added: Change; readonly removed: Change } {
  const heard = merge(EMPTY_TABLE, [record(id)], 0).table
  const proven = recordBurst(heard, id, { type: 'answered', rttMs: 1 }, 0)
  const [added] = proven.changes
  const [removed] = removeRow(proven.table, id, why, 0).changes
  if (!added || !removed) throw new Error('the table told nothing')
  return { added, removed }
}

/** Chance always draws the longest wait: 5, 10, 20, 30, 30 … s. */
function start(visit: (record: PeerRecord) => Promise<void> = async () => {}) {
  const clock = new VirtualClock()
  const visits: string[] = []
  const revisits = createRevisits({
    clock,
    random: fixedChance(1),
    onBug: (error) => {
      throw error
    },
    visit: (lost) => {
      visits.push(`${clock.now() / 1_000} ${lost.id}`)
      return visit(lost)
    },
  })
  return { clock, visits, revisits }
}

test('a lost row is visited less and less often, for an hour', async () => {
  const { clock, visits, revisits } = start()
  revisits.noticed(changesOf('ash').removed)
  await clock.advance(100_000)
  expect(visits).toEqual(['5 ash', '15 ash', '35 ash', '65 ash', '95 ash'])
  await clock.advance(7_200_000)
  expect([visits.at(-1), clock.timerCount]).toEqual(['3605 ash', 0])
})

test.each<[string, (ash: ReturnType<typeof changesOf>) => Change]>([
  ['is back', ({ added }) => added],
  ['moved', ({ added }) => ({ ...added, type: 'changed' }) as Change],
  ['said goodbye after all', ({ removed }) => ({ ...removed, why: 'it said goodbye' }) as Change],
])('who %s is visited no more', async (_, next) => {
  const { clock, visits, revisits } = start()
  const ash = changesOf('ash')
  revisits.noticed(ash.removed)
  await clock.advance(6_000)
  revisits.noticed(next(ash))
  await clock.advance(600_000)
  expect([visits, clock.timerCount]).toEqual([['5 ash'], 0])
})

test('who says goodbye is not visited at all', () => {
  const { clock, revisits } = start()
  revisits.noticed(changesOf('ash', 'it said goodbye').removed)
  expect(clock.timerCount).toEqual(0)
})

test('a row that is lost twice is visited once at a time', async () => {
  const { clock, visits, revisits } = start()
  const { removed } = changesOf('ash')
  revisits.noticed(removed)
  revisits.noticed(removed)
  expect(clock.timerCount).toEqual(1)
  await clock.advance(6_000)
  expect(visits).toEqual(['5 ash'])
})

test('who is forgotten during a visit is not visited again', async () => {
  let end: () => void = () => {}
  const { clock, revisits } = start(() => new Promise((resolve) => (end = resolve)))
  revisits.noticed(changesOf('ash').removed)
  await clock.advance(5_000)
  revisits.forget('ash')
  end()
  await clock.settle()
  expect(clock.timerCount).toEqual(0)
})

test('of more than 256 lost rows the oldest makes room', async () => {
  const { clock, visits, revisits } = start()
  for (let i = 0; i < 258; i++) revisits.noticed(changesOf(`peer${i}`).removed)
  expect(clock.timerCount).toEqual(256)
  await clock.advance(5_000)
  expect([visits.length, visits[0], visits.at(-1)]).toEqual([256, '5 peer2', '5 peer257'])
})

test('stopped, it leaves no timer', () => {
  const { clock, revisits } = start()
  for (const id of ['ash', 'elm']) revisits.noticed(changesOf(id).removed)
  revisits.stop()
  expect(clock.timerCount).toEqual(0)
})
