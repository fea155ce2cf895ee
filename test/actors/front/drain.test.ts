// A TURN that goes: what it tells its clients, for whom it waits, and when it waits no longer.
import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { createDrain } from '../../../src/actors/front/drain.ts'
import { createTableKeeper } from '../../../src/actors/membership/table-keeper.ts'
import { merge, recordBurst } from '../../../src/domain/ip-table.ts'
import type { PeerRecord } from '../../../src/domain/record.ts'
import { settle } from '../../frp/frp-clock.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const ME = 'a'.repeat(32)
const OTHER = 'b'.repeat(32)
const HOME = 'c'.repeat(32)
const LAB = 'd'.repeat(32)

const record = (id: string, address: string, more: Partial<PeerRecord> = {}): PeerRecord => ({
  ...{ id, name: id.slice(0, 1), address, seq: 1, via: null, offersTurn: true, left: false, envelope: 'a word', p2prc: null },
  ...more,
})

function turn({ alone = false } = {}) {
  const clock = new VirtualClock()
  const told: string[] = []
  const keeper = createTableKeeper({ clock, self: ME, publish: () => {} })
  const put = (one: PeerRecord): void => {
    keeper.apply((table, wallMs) => merge(table, [one], wallMs, 'firsthand', one.address))
    keeper.apply((table, wallMs) => recordBurst(table, one.id ?? '', { type: 'answered', rttMs: 1 }, wallMs))
  }
  if (!alone) put(record(OTHER, '192.0.2.2:8088'))
  const stays = (id: string, seq = 1): PeerRecord =>
    record(id, `192.0.2.1:${id === HOME ? 20_001 : 20_002}`, { seq, via: ME, offersTurn: false })
  put(stays(HOME))
  put(stays(LAB))
  let members = [
    { id: HOME, ports: [20_001] },
    { id: LAB, ports: [20_002] },
  ]
  let connectionsNow = 1
  const departures$ = new Subject<void>()
  const drain = createDrain({
    clock,
    own: {
      id: ME,
      address: () => '192.0.2.1:8088',
      seq: () => 7,
      envelope: () => 'my word',
      stopOffering: () => void told.push('offers no TURN'),
    },
    announcer: { outrun: (seq) => void told.push(`says its word anew above ${seq}`) },
    gossip: { tell: async (envelope, ids) => void told.push(`tells ${ids.map((id) => id.slice(0, 1)).join(' ')} ${envelope}`) },
    keeper,
    turnServer: {
      stopTaking: () => void told.push('takes no client'),
      members: () => members,
      carried: () => ({ clients: 2, proxies: 2, connectionsNow, connectionsEver: 1, bytesIn: 0, bytesOut: 0, errorsEver: 0 }),
      departures$,
    },
    publish: (news) => void told.push(news.type),
    onBug: (error) => clock.crash(error),
  })
  return {
    clock,
    told,
    drain,
    /** It says that it is behind the other TURN, at these addresses. */
    moves: (id: string, ...alsoAt: readonly string[]) =>
      put(record(id, '192.0.2.2:20001', { seq: 2, via: OTHER, offersTurn: false, ...(alsoAt.length > 0 ? { alsoAt } : {}) })),
    leaves: (id: string) => {
      members = members.filter((member) => member.id !== id)
      departures$.next()
    },
    finishes: () => {
      connectionsNow = 0
    },
  }
}

/** When it settled, and with what. */
function watched<T>(clock: VirtualClock, work: Promise<T>): readonly unknown[] {
  const settled: unknown[] = []
  work.then(
    (answer) => settled.push(clock.now(), answer),
    (error) => clock.crash(error),
  )
  return settled
}

test('a TURN that is drained takes nobody any more and tells its clients, once', async () => {
  const { clock, told, drain } = turn()
  const first = watched(clock, drain.run(1_000))
  const again = watched(clock, drain.run(1_000))
  await clock.advance(1_100)
  expect([told, first, again]).toEqual([
    ['takes no client', 'offers no TURN', 'says its word anew above 7', 'turn.draining', 'tells c d my word'],
    [1_000, { moved: 0, stayed: 2, connections: 1 }],
    [1_000, { moved: 0, stayed: 2, connections: 1 }],
  ])
})

test('it waits until every client is elsewhere or gone, and until nothing is under way', async () => {
  const { clock, drain, moves, leaves, finishes } = turn()
  const settled = watched(clock, drain.run(60_000))
  await clock.advance(1_000)
  moves(HOME)
  await clock.advance(1_000)
  expect(settled).toEqual([])
  leaves(LAB)
  await clock.advance(1_000)
  expect(settled).toEqual([])
  finishes()
  await clock.advance(200)
  expect(settled).toEqual([3_100, { moved: 2, stayed: 0, connections: 0 }])
})

test('who still says that it is reached here too has not moved', async () => {
  const { clock, drain, moves, leaves, finishes } = turn()
  finishes()
  leaves(LAB)
  const settled = watched(clock, drain.run(5_000))
  moves(HOME, '192.0.2.1:20001')
  await clock.advance(5_000)
  await settle()
  expect(settled).toEqual([5_000, { moved: 0, stayed: 1, connections: 0 }])
})

test('before an end it waits for moves alone, and a little longer for others to hear of them', async () => {
  const { clock, drain, moves } = turn()
  const settled = watched(clock, drain.beforeEnd(1_500))
  await clock.advance(100)
  moves(HOME)
  moves(LAB)
  await clock.advance(400)
  expect(settled).toEqual([400, undefined])
})

test('before an end nobody is waited for who has nowhere to go', async () => {
  const { clock, told, drain } = turn({ alone: true })
  const settled = watched(clock, drain.beforeEnd(1_500))
  await clock.advance(1)
  expect([settled, told]).toEqual([[0, undefined], []])
})
