import { expect, test } from 'vitest'
import type { MuxStream } from '../../../src/frp/mux/mux-contract.ts'
import { type IdleWork, WorkPool } from '../../../src/frp/server/work-pool.ts'
import { wireOf } from '../../../src/frp/wire/wire.ts'
import { frpClock } from '../frp-clock.ts'

function pool(poolCount = 1) {
  const clock = frpClock()
  const told: string[] = []
  let asked = 0
  const works = new WorkPool({
    clock,
    poolCount,
    ask: () => {
      asked++
    },
  })
  return {
    works,
    clock,
    told,
    asked: () => asked,
    user: (name: string) =>
      works.get({ give: (work) => told.push(`${name} has ${work.stream.id}`), refuse: () => told.push(`${name} refused`) }),
    bring: (id: number) => works.add({ stream: stream(id, told), wire: wireOf(1), rest: null }),
  }
}

const stream = (id: number, told: string[]): IdleWork['stream'] & MuxStream => ({
  id,
  onBytes: null,
  onEnd: null,
  onGone: null,
  write: () => {},
  end: () => {},
  reset: () => told.push(`${id} reset`),
  reader: () => ({ buffer: () => Buffer.alloc(1), callback: () => true }),
  relay: () => {},
  bytesIn: 0,
  bytesOut: 0,
})

test('what is ready is given at once, oldest first, and asked for again together once the users are served', async () => {
  const { works, clock, told, asked, user, bring } = pool(3)
  works.start()
  for (const id of [1, 2, 3]) bring(id)
  user('ash')
  user('elm')
  expect([told, asked(), works.idleCount]).toEqual([['ash has 1', 'elm has 2'], 3, 1])
  await clock.advance(3)
  expect([asked(), clock.timerCount]).toEqual([5, 0])
})

test('whoever takes the last one has them all asked for at once, behind what the user is given', () => {
  const { works, clock, told, asked, bring } = pool(2)
  works.start()
  bring(1)
  bring(2)
  const user = () => works.get({ give: () => told.push(`given, ${asked()} asked for`), refuse: () => {} })
  user()
  user()
  expect([told, asked(), clock.timerCount]).toEqual([['given, 2 asked for', 'given, 2 asked for'], 4, 0])
})

test('users who wait are served in the order they came, and leave a pool behind', () => {
  const { works, told, asked, user, bring } = pool(0)
  user('ash')
  user('elm')
  expect(asked()).toEqual(2)
  bring(1)
  bring(2)
  expect([told, asked()]).toEqual([['ash has 1', 'elm has 2'], 4])
  expect([bring(3), bring(4), works.idleCount]).toEqual([true, true, 2])
})

test('a long row of users has one more asked for with each that comes, a hundred at once', () => {
  const { works, asked, user, bring, told } = pool()
  for (let count = 0; count < 300; count++) user(`${count}`)
  expect(asked()).toEqual(100)
  let brought = 0
  while (brought < asked() && brought < 1_000) bring(++brought)
  expect([told.length, works.waitingCount, works.idleCount]).toEqual([300, 0, 11])
})

test('a user waits 10 s, and a client that does not deliver is asked again', async () => {
  const { clock, told, asked, user } = pool()
  for (let count = 0; count < 200; count++) user(`${count}`)
  await clock.advance(10_000)
  expect([told.length, told[0], asked(), clock.timerCount]).toEqual([200, '0 refused', 100, 0])
  user('late')
  expect(asked()).toEqual(101)
})

test('closing refuses who waits and resets what is idle', () => {
  const one = pool()
  one.user('ash')
  one.works.close()
  one.user('elm')
  expect([one.told, one.clock.timerCount, one.bring(1)]).toEqual([['ash refused', 'elm refused'], 0, false])
  const other = pool()
  other.bring(1)
  other.works.close()
  expect([other.told, other.works.idleCount]).toEqual([['1 reset'], 0])
})
