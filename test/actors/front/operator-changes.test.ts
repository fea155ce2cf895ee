import { expect, test } from 'vitest'
import { createOperatorChanges } from '../../../src/actors/front/operator-changes.ts'
import { createTurnWish } from '../../../src/actors/turn/turn-wish.ts'
import type { ServiceSpec } from '../../../src/answers.ts'
import { keepAway, letIn } from '../../../src/domain/ip-table.ts'
import { BY_LATENCY } from '../../../src/domain/turn-choice.ts'
import { NO_OPERATOR_CHANGES, type OperatorChanges, type StoreFailure } from '../../../src/ports.ts'
import { signedBy } from '../../records.ts'
import { MemoryStore } from '../../sim/memory-store.ts'
import { stateParts } from '../state-parts.ts'

const CONTROL = '127.0.0.1:8089'
const AT = '192.0.2.1:8088'
const spec = (name: string, local = '127.0.0.1:3000'): ServiceSpec => ({ name, kind: 'tcp', local, domain: null })

function start(stored: OperatorChanges = NO_OPERATOR_CHANGES, configured: readonly ServiceSpec[] = []) {
  const parts = stateParts()
  const store = new MemoryStore()
  store.operatorChanges = stored
  const exposed: ServiceSpec[] = [...configured]
  const wish = createTurnWish(BY_LATENCY)
  const operatorChanges = createOperatorChanges({
    ...parts,
    wish,
    store,
    isControl: (local) => local === CONTROL,
    services: { add: (one) => void exposed.push(one), specs: () => exposed },
  })
  return {
    ...parts,
    store,
    operatorChanges,
    exposed,
    wish,
    shutOut: (key: string, address: string): void => {
      parts.keeper.apply((table, wallMs) => keepAway(table, key, address, wallMs))
      operatorChanges.noteRemoved()
    },
  }
}

test('what was told in an earlier run holds in this one', async () => {
  const stored: OperatorChanges = {
    seeds: [AT],
    services: [spec('web')],
    removed: [{ key: 'elm', address: '192.0.2.2:8088' }],
    pins: ['ash'],
  }
  const { operatorChanges, exposed, keeper, store, wish } = start(stored)
  await operatorChanges.read()
  expect([operatorChanges.seeds(), exposed, [...keeper.current().removed], wish.preference()]).toEqual([
    [AT],
    [spec('web')],
    [['elm', '192.0.2.2:8088']],
    { mode: 'pinned', pins: ['ash'], byHand: true },
  ])
  await operatorChanges.close()
  expect(store.operatorChanges).toBe(stored)
})

test("of two services with one name the configuration's stands, and the other is remembered", async () => {
  const stored: OperatorChanges = { ...NO_OPERATOR_CHANGES, services: [spec('web', '127.0.0.1:9')] }
  const { operatorChanges, exposed, store } = start(stored, [spec('web')])
  await operatorChanges.read()
  expect(exposed).toEqual([spec('web')])
  operatorChanges.addSeed(AT)
  await operatorChanges.close()
  expect(store.operatorChanges).toEqual({ ...stored, seeds: [AT] })
})

test('a stored service that leads to the control port is told, kept and not exposed', async () => {
  const stored: OperatorChanges = { ...NO_OPERATOR_CHANGES, services: [spec('page', CONTROL), spec('web')] }
  const { operatorChanges, exposed, news, store } = start(stored)
  await operatorChanges.read()
  operatorChanges.addSeed(AT)
  await operatorChanges.close()
  expect([exposed, news, store.operatorChanges.services]).toEqual([
    [spec('web')],
    [
      {
        type: 'warned',
        text: `the service page is not exposed, since ${CONTROL} is the control port of this node`,
        fix: 'Take it back with `moonwalk unexpose page`, or give the control port another with --control.',
      },
    ],
    stored.services,
  ])
  expect([operatorChanges.hasService('page'), operatorChanges.hasService('site')]).toEqual([true, false])
})

test('each word is written down, and each that is taken back', async () => {
  const { operatorChanges, store, shutOut, wish } = start()
  await operatorChanges.read()
  operatorChanges.addSeed(AT)
  operatorChanges.addService(spec('web'))
  shutOut('elm', '192.0.2.2:8088')
  wish.pin(['ash', 'elm'])
  operatorChanges.notePinned()
  await operatorChanges.close()
  expect(store.operatorChanges).toEqual({
    seeds: [AT],
    services: [spec('web')],
    removed: [{ key: 'elm', address: '192.0.2.2:8088' }],
    pins: ['ash', 'elm'],
  })
  wish.pin([])
  operatorChanges.notePinned()
  operatorChanges.dropSeed(AT)
  operatorChanges.dropSeed('192.0.2.7:1')
  operatorChanges.dropService('web')
  operatorChanges.dropService('site')
  await operatorChanges.close()
  expect(store.operatorChanges).toEqual({ ...NO_OPERATOR_CHANGES, removed: [{ key: 'elm', address: '192.0.2.2:8088' }] })
})

test('who is let in again, by meeting whom a person invited, is removed no more', async () => {
  const { operatorChanges, store, shutOut, keeper, hear } = start()
  await operatorChanges.read()
  shutOut('ash', AT)
  keeper.apply((table) => letIn(table, 'ash'))
  hear(signedBy('ash', AT))
  await operatorChanges.close()
  expect(store.operatorChanges).toEqual(NO_OPERATOR_CHANGES)
})

test('what can not be written stands in health until it is', async () => {
  const failure: StoreFailure = { type: 'failed', text: 'operator.json can not be written', fix: 'Make room.' }
  const { operatorChanges, store, health } = start()
  await operatorChanges.read()
  store.failure = failure
  operatorChanges.addSeed(AT)
  await operatorChanges.close()
  expect([health.list(), store.operatorChanges]).toEqual([[{ level: 'error', text: failure.text, fix: failure.fix }], NO_OPERATOR_CHANGES])
  store.failure = null
  operatorChanges.addSeed('192.0.2.2:8088')
  await operatorChanges.close()
  expect([health.list(), store.operatorChanges.seeds]).toEqual([[], [AT, '192.0.2.2:8088']])
})
