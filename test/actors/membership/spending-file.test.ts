import { expect, test } from 'vitest'
import { createSpeedAccount } from '../../../src/actors/membership/speed-account.ts'
import { createSpendingFile } from '../../../src/actors/membership/spending-file.ts'
import { SPENDING_PERIOD, STORE_RETRY } from '../../../src/domain/timings.ts'
import { MemoryStore } from '../../sim/memory-store.ts'
import { stateParts } from '../state-parts.ts'

const HOUR_MS = 3_600_000
const MB = 1_000_000

/** Runs of one node, one after another, on one disk. */
function disk() {
  const store = new MemoryStore()
  const writes: number[] = []
  const parts = stateParts()
  const { clock, time, health, onBug } = parts
  const kept = {
    readSpeedSpending: store.readSpeedSpending,
    writeSpeedSpending: (spending: Parameters<typeof store.writeSpeedSpending>[0]) => {
      writes.push(clock.now())
      return store.writeSpeedSpending(spending)
    },
  }
  const run = async () => {
    const account = createSpeedAccount({ clock: time, budgetBytes: 500 * MB, isBusy: () => false })
    const file = createSpendingFile({ clock: time, store: kept, account, health, onBug })
    await file.read()
    return { account, file }
  }
  return { ...parts, store, writes, run }
}

test('what was used within the day is known to the next run, and lapses as it would have', async () => {
  const { leap, run } = disk()
  const first = await run()
  first.account.spend(120 * MB)
  await first.file.close()
  leap(HOUR_MS)
  const second = await run()
  const then = [second.account.usedBytes(), second.account.isOpen()]
  second.account.spend(260 * MB)
  await second.file.close()
  const third = await run()
  expect([then, third.account.usedBytes(), third.account.closedBy()]).toEqual([
    [120 * MB, true],
    380 * MB,
    "this node's budget for speed tests is used up for now",
  ])
  leap(23 * HOUR_MS)
  expect(third.account.usedBytes()).toEqual(260 * MB)
})

test('a run that was killed forgets the last seconds alone', async () => {
  const { clock, writes, run } = disk()
  const first = await run()
  first.account.spend(MB)
  first.account.spend(MB)
  await clock.advance(SPENDING_PERIOD)
  first.account.spend(MB)
  expect([(await run()).account.usedBytes(), writes]).toEqual([2 * MB, [SPENDING_PERIOD]])
})

test('where that is not known the day counts as used up, in the runs after it too', async () => {
  const { clock, leap, store, run } = disk()
  store.spending = 'damaged'
  const first = await run()
  const atFirst = [first.account.usedBytes(), first.account.isOpen()]
  await clock.advance(SPENDING_PERIOD)
  leap(22 * HOUR_MS)
  const later = (await run()).account.isOpen()
  leap(2 * HOUR_MS)
  expect([atFirst, later, (await run()).account.isOpen()]).toEqual([[500 * MB, false], false, true])
})

test('hours that are still to come, since the clock was set back, count as this one', async () => {
  const { leap, run } = disk()
  const first = await run()
  first.account.spend(400 * MB)
  await first.file.close()
  leap(-72 * HOUR_MS)
  expect((await run()).account.usedBytes()).toEqual(400 * MB)
})

test('a disk that takes nothing is told in health, and tried again until it does', async () => {
  const { clock, health, store, run } = disk()
  const { account, file } = await run()
  store.failure = { type: 'failed', text: 'the disk is full', fix: 'Make room.' }
  account.spend(MB)
  await clock.advance(SPENDING_PERIOD)
  const meanwhile = health.list()
  store.failure = null
  await clock.advance(STORE_RETRY)
  await file.close()
  expect([meanwhile, health.list(), store.spending.length, clock.timerCount]).toEqual([
    [{ level: 'warn', text: 'the disk is full', fix: 'Make room.' }],
    [],
    1,
    0,
  ])
})
