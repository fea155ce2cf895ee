import { expect, test } from 'vitest'
import { createWishes } from '../../../src/actors/front/wishes.ts'
import type { ServiceSpec } from '../../../src/answers.ts'
import { keepAway, letIn } from '../../../src/domain/ip-table.ts'
import { NO_WISHES, type StoreFailure, type Wishes } from '../../../src/ports.ts'
import { signedBy } from '../../records.ts'
import { MemoryStore } from '../../sim/memory-store.ts'
import { stateParts } from '../state-parts.ts'

const AT = '192.0.2.1:8088'
const spec = (name: string, local = '127.0.0.1:3000'): ServiceSpec => ({ name, kind: 'tcp', local, domain: null })

function start(stored: Wishes = NO_WISHES, configured: readonly ServiceSpec[] = []) {
  const parts = stateParts()
  const store = new MemoryStore()
  store.wishes = stored
  const exposed: ServiceSpec[] = [...configured]
  const wishes = createWishes({ ...parts, store, services: { add: (one) => void exposed.push(one), specs: () => exposed } })
  return {
    ...parts,
    store,
    wishes,
    exposed,
    shutOut: (key: string, address: string): void => {
      parts.keeper.apply((table, wallMs) => keepAway(table, key, address, wallMs))
      wishes.noteRemoved()
    },
  }
}

test('what was told in an earlier run holds in this one', async () => {
  const stored: Wishes = { seeds: [AT], services: [spec('web')], removed: [{ key: 'elm', address: '192.0.2.2:8088' }] }
  const { wishes, exposed, keeper, store } = start(stored)
  await wishes.read()
  expect([wishes.seeds(), exposed, [...keeper.current().removed]]).toEqual([[AT], [spec('web')], [['elm', '192.0.2.2:8088']]])
  await wishes.close()
  expect(store.wishes).toBe(stored)
})

test("of two services with one name the configuration's stands, and the other is remembered", async () => {
  const stored: Wishes = { ...NO_WISHES, services: [spec('web', '127.0.0.1:9')] }
  const { wishes, exposed, store } = start(stored, [spec('web')])
  await wishes.read()
  expect(exposed).toEqual([spec('web')])
  wishes.addSeed(AT)
  await wishes.close()
  expect(store.wishes).toEqual({ ...stored, seeds: [AT] })
})

test('each word is written down, and each that is taken back', async () => {
  const { wishes, store, shutOut } = start()
  await wishes.read()
  wishes.addSeed(AT)
  wishes.addService(spec('web'))
  shutOut('elm', '192.0.2.2:8088')
  await wishes.close()
  expect(store.wishes).toEqual({ seeds: [AT], services: [spec('web')], removed: [{ key: 'elm', address: '192.0.2.2:8088' }] })
  wishes.dropSeed(AT)
  wishes.dropSeed('192.0.2.7:1')
  wishes.dropService('web')
  wishes.dropService('site')
  await wishes.close()
  expect(store.wishes).toEqual({ seeds: [], services: [], removed: [{ key: 'elm', address: '192.0.2.2:8088' }] })
})

test('who is let in again, by meeting whom a person invited, is removed no more', async () => {
  const { wishes, store, shutOut, keeper, hear } = start()
  await wishes.read()
  shutOut('ash', AT)
  keeper.apply((table) => letIn(table, 'ash'))
  hear(signedBy('ash', AT))
  await wishes.close()
  expect(store.wishes).toEqual(NO_WISHES)
})

test('what can not be written stands in health until it is', async () => {
  const failure: StoreFailure = { type: 'failed', text: 'wishes.json can not be written', fix: 'Make room.' }
  const { wishes, store, health } = start()
  await wishes.read()
  store.failure = failure
  wishes.addSeed(AT)
  await wishes.close()
  expect([health.list(), store.wishes]).toEqual([[{ level: 'error', text: failure.text, fix: failure.fix }], NO_WISHES])
  store.failure = null
  wishes.addSeed('192.0.2.2:8088')
  await wishes.close()
  expect([health.list(), store.wishes.seeds]).toEqual([[], [AT, '192.0.2.2:8088']])
})
