import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { createLeaseFile } from '../../../src/actors/carrying/lease-file.ts'
import { LEASES_PERIOD, STORE_RETRY } from '../../../src/domain/timings.ts'
import type { KeptLease } from '../../../src/frp/index.ts'
import type { StoredLease, StoreFailure } from '../../../src/ports.ts'
import { MemoryStore } from '../../sim/memory-store.ts'
import { stateParts } from '../state-parts.ts'

const kept = (what: string, awayMs = 0): KeptLease => ({ kind: 'tcp', what, owner: 'member ann', proxy: 'web', awayMs })

function setting() {
  const { clock, time, leap, health, onBug } = stateParts()
  const store = new MemoryStore()
  const writes: (readonly [atMs: number, ports: readonly string[]])[] = []
  const leases$ = new Subject<void>()
  const turn = { now: [kept('20000')], restored: null as readonly KeptLease[] | null }
  const file = createLeaseFile({
    clock: time,
    store: {
      readLeases: store.readLeases,
      writeLeases: (leases: readonly StoredLease[]): Promise<StoreFailure | null> => {
        writes.push([clock.now(), leases.map(({ what }) => what)])
        return store.writeLeases(leases)
      },
    },
    turnServer: { leases$, keptLeases: () => turn.now, restoreLeases: (leases) => void Object.assign(turn, { restored: leases }) },
    health,
    onBug,
  })
  return { clock, leap, health, store, writes, leases$, turn, file }
}

test('what was kept comes back with the time that has passed since', async () => {
  const { clock, leap, store, turn, file } = setting()
  store.leases = [{ kind: 'tcp', what: '20000', owner: 'member ann', proxy: 'web', awaySinceMs: clock.wallMs() - 1_000 }]
  leap(5_000)
  await file.read()
  expect(turn.restored).toEqual([kept('20000', 6_000)])
  leap(-100_000)
  await file.read()
  expect(turn.restored).toEqual([kept('20000', 0)])
})

test('changes of two seconds are one write, and without changes there is none', async () => {
  const { clock, writes, leases$, turn, file } = setting()
  await file.read()
  for (const port of ['20001', '20002']) {
    turn.now = [...turn.now, kept(port)]
    leases$.next()
  }
  await clock.advance(LEASES_PERIOD * 3)
  await file.close()
  expect(writes).toEqual([[LEASES_PERIOD, ['20000', '20001', '20002']]])
})

test('a disk that takes nothing is told in health, and tried again until it does', async () => {
  const { clock, health, store, writes, leases$, file } = setting()
  await file.read()
  store.failure = { type: 'failed', text: 'the disk is full', fix: 'Make room.' }
  leases$.next()
  await clock.advance(LEASES_PERIOD)
  expect(health.list()).toEqual([{ level: 'warn', text: 'the disk is full', fix: 'Make room.' }])
  store.failure = null
  await clock.advance(STORE_RETRY)
  expect([health.list(), writes.map(([atMs]) => atMs)]).toEqual([[], [LEASES_PERIOD, LEASES_PERIOD + STORE_RETRY]])
})

test('the end writes what is not on disk yet, and leaves no timer', async () => {
  const { clock, writes, leases$, file } = setting()
  await file.read()
  leases$.next()
  await file.close()
  expect([writes, clock.timerCount]).toEqual([[[0, ['20000']]], 0])
})
