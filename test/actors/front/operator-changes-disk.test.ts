import { expect, test } from 'vitest'
import { createOperatorChanges } from '../../../src/actors/front/operator-changes.ts'
import { createTurnWish } from '../../../src/actors/turn/turn-wish.ts'
import { BY_LATENCY } from '../../../src/domain/turn-choice.ts'
import { MemoryStore } from '../../sim/memory-store.ts'
import { stateParts } from '../state-parts.ts'

function wishing() {
  const parts = stateParts()
  const store = new MemoryStore()
  const services = { add: () => {}, specs: () => [] }
  return {
    ...parts,
    store,
    operatorChanges: createOperatorChanges({ ...parts, wish: createTurnWish(BY_LATENCY), store, services, isControl: () => false }),
  }
}

const FULL = { type: 'failed', text: 'the disk is full', fix: 'Make room.' } as const
const ELM = '203.0.113.7:8088'

test('what could not be written on a full disk is written within a minute of its having room', async () => {
  const { clock, store, operatorChanges, health } = wishing()
  store.failure = FULL
  operatorChanges.addSeed(ELM)
  await clock.advance(600_000)
  expect([store.operatorChanges.seeds, health.list()]).toEqual([[], [{ level: 'error', text: FULL.text, fix: FULL.fix }]])
  store.failure = null
  await clock.advance(60_000)
  expect([store.operatorChanges.seeds, health.list()]).toEqual([[ELM], []])
})

test('closing waits for what is being written, and leaves no timer', async () => {
  const { clock, store, operatorChanges } = wishing()
  store.failure = FULL
  operatorChanges.addSeed(ELM)
  await operatorChanges.close()
  store.failure = null
  await clock.advance(600_000)
  expect(store.operatorChanges.seeds).toEqual([])
})
