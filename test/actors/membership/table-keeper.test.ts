import { expect, test } from 'vitest'
import { createTableKeeper } from '../../../src/actors/membership/table-keeper.ts'
import { merge, recordBurst } from '../../../src/domain/ip-table.ts'
import type { PeerRecord } from '../../../src/domain/record.ts'
import type { News } from '../../../src/feed/news.ts'
import { MemoryStore } from '../../sim/memory-store.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const ELM: PeerRecord = {
  id: null,
  name: 'elm',
  address: '203.0.113.7:8088',
  seq: 0,
  via: null,
  offersTurn: true,
  left: false,
  envelope: null,
  p2prc: null,
}

function keeping() {
  const [clock, store, told] = [new VirtualClock(), new MemoryStore(), [] as News[]]
  const keeper = createTableKeeper({ clock, store, publish: (news) => told.push(news) })
  const pinged = (rttMs: number | null): void => {
    keeper.apply((table, wallMs) =>
      recordBurst(
        table,
        ELM.address,
        rttMs === null ? { type: 'silent', refused: false, why: 'no answer' } : { type: 'answered', rttMs },
        wallMs,
      ),
    )
  }
  keeper.apply((table, wallMs) => merge(table, [ELM], wallMs))
  return { clock, store, told, keeper, pinged }
}

test('a new row is in the file within a second', async () => {
  const { clock, store, pinged } = keeping()
  pinged(12)
  await clock.advance(1_000)
  expect([store.writes, store.table.rows.map(({ name }) => name)]).toEqual([1, ['elm']])
})

test('pings alone, and suspicions that come to nothing, rewrite the file once a minute', async () => {
  const { clock, store, pinged } = keeping()
  pinged(12)
  await clock.advance(1_000)
  for (let i = 0; i < 60; i++) {
    pinged(i % 3 === 0 ? null : 12)
    await clock.advance(5_000)
  }
  expect(store.writes).toEqual(1 + 5)
})

test('a disk that is full is told once, and what the file lacks is written within a minute of its having room', async () => {
  const { clock, store, told, pinged } = keeping()
  store.failure = { type: 'failed', text: 'the disk is full', fix: 'Make room.' }
  pinged(12)
  await clock.advance(600_000)
  expect([told, store.table.rows]).toEqual([[{ type: 'warned', text: 'the disk is full', fix: 'Make room.' }], []])
  store.failure = null
  await clock.advance(60_000)
  expect([told.length, store.table.rows.length, store.writes]).toEqual([1, 1, 1])
  store.failure = { type: 'failed', text: 'again', fix: '' }
  pinged(13)
  await clock.advance(600_000)
  expect(told.length).toEqual(2)
})

test('closing writes what is not on disk yet, and leaves no timer', async () => {
  const { clock, store, keeper, pinged } = keeping()
  pinged(12)
  await keeper.close()
  expect([store.writes, store.table.rows.length]).toEqual([1, 1])
  await clock.advance(600_000)
  expect(store.writes).toEqual(1)
})
