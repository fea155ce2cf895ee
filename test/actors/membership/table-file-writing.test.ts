import { expect, test } from 'vitest'
import { createTableFile } from '../../../src/actors/membership/table-file.ts'
import type { AddressPolicy } from '../../../src/domain/address.ts'
import { recordBurst, removeRow } from '../../../src/domain/ip-table.ts'
import type { PeerRecord } from '../../../src/domain/record.ts'
import type { TableChanges } from '../../../src/p2prc/table-changes.ts'
import type { TableToWrite } from '../../../src/p2prc/table-file.ts'
import { signedBy } from '../../records.ts'
import { MemoryStore } from '../../sim/memory-store.ts'
import { stateParts } from '../state-parts.ts'

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

function keeping(policy: AddressPolicy = 'any') {
  const parts = stateParts()
  const store = new MemoryStore()
  const file = createTableFile({ ...parts, store, policy })
  file.restore()
  const pinged = (rttMs: number | null): void => {
    const burst = rttMs === null ? ({ type: 'silent', refused: false, why: 'no answer' } as const) : ({ type: 'answered', rttMs } as const)
    parts.keeper.apply((table, wallMs) => recordBurst(table, ELM.address, burst, wallMs))
  }
  parts.prove(ELM)
  const warned = () => parts.news.filter(({ type }) => type === 'warned')
  return { ...parts, store, file, pinged, warned }
}

test('a new row is in the file within a second', async () => {
  const { clock, store } = keeping()
  await clock.advance(1_000)
  expect([store.writes, store.table.rows.map(({ name }) => name)]).toEqual([1, ['elm']])
})

test('pings alone, and suspicions that come to nothing, rewrite the file once a minute', async () => {
  const { clock, store, pinged } = keeping()
  await clock.advance(1_000)
  for (let i = 0; i < 60; i++) {
    pinged(i % 3 === 0 ? null : 12)
    await clock.advance(5_000)
  }
  expect(store.writes).toEqual(1 + 5)
})

const FULL = { type: 'failed', text: 'the disk is full', fix: 'Make room.' } as const

test('a full disk is told once and stands in health, and what the file lacks is written within a minute of its having room', async () => {
  const { clock, store, health, warned, pinged } = keeping()
  store.failure = FULL
  await clock.advance(600_000)
  expect([warned(), health.list(), store.table.rows]).toEqual([
    [{ type: 'warned', text: 'the disk is full', fix: 'Make room.' }],
    [{ level: 'error', text: 'the disk is full', fix: 'Make room.' }],
    [],
  ])
  store.failure = null
  await clock.advance(60_000)
  expect([health.list(), store.table.rows.length, store.writes]).toEqual([[], 1, 1])
  store.failure = FULL
  pinged(13)
  await clock.advance(600_000)
  expect(warned().length).toEqual(2)
})

test('what the store tells of the file at start is news', async () => {
  const { store, file, warned } = keeping()
  store.note = { text: 'it was damaged', fix: 'Look at it.' }
  await file.read()
  expect(warned()).toEqual([{ type: 'warned', text: 'it was damaged', fix: 'Look at it.' }])
})

test('rows that may not be asked stay in the file, and health says which', async () => {
  const { store, file, health, keeper } = keeping('public')
  const row = {
    id: null,
    name: 'near',
    latency: null,
    download: null,
    upload: null,
    speedAt: null,
    lastSeen: null,
    envelope: null,
    p2prc: null,
    port: 8088,
  }
  const near = ['10.0.0.1', '127.0.0.1', '10.0.0.2', '10.0.0.3'].map((host) => ({ ...row, host }))
  store.table = { rows: near }
  await file.read()
  file.restore()
  await file.close()
  expect([store.table.rows.slice(-4), keeper.current().rows.size, health.list()]).toEqual([
    near,
    1,
    [
      {
        level: 'info',
        text: 'the table has rows that are not asked with --addresses public: 10.0.0.1:8088, 127.0.0.1:8088, 10.0.0.2:8088 and 1 more',
        fix: 'Start the node with --addresses lan for private addresses too, any for loopback too, or take the rows out of the file.',
      },
    ],
  ])
})

test('closing writes what is not on disk yet, and leaves no timer', async () => {
  const { clock, store, file } = keeping()
  store.failure = FULL
  await clock.advance(5_000)
  store.failure = null
  await file.close()
  expect([store.writes, store.table.rows.length]).toEqual([1, 1])
  await clock.advance(600_000)
  expect(store.writes).toEqual(1)
})

const signed = signedBy('elm', '203.0.113.7:8088')
const manyRows = Array.from({ length: 2_500 }, (_, i) => ({
  ...{ id: null, name: `far ${i}`, host: `198.51.${100 + (i >> 8)}.${i & 255}`, port: 8_088, latency: null, download: null, upload: null },
  ...{ speedAt: null, lastSeen: null, envelope: null, p2prc: null },
}))

async function keepingMany() {
  const parts = stateParts()
  const store = new MemoryStore({ rows: manyRows })
  const file = createTableFile({ ...parts, store, policy: 'any' })
  await file.read()
  file.restore()
  const forget = (key: string): void => void parts.keeper.apply((table, wallMs) => removeRow(table, key, 'no answer', wallMs))
  return { ...parts, store, file, forget }
}

test('of a large table only what has changed is written', async () => {
  const { clock, store, prove, forget } = await keepingMany()
  prove(signed)
  prove(signedBy('ash', '203.0.113.9:8088'))
  forget('198.51.100.7:8088')
  await clock.advance(1_000)
  const names = store.table.rows.map(({ name }) => name)
  expect([store.writes, store.appended, store.table.rows.length, names.includes('far 7'), names.slice(-2)]).toEqual([
    0,
    3,
    2_501,
    false,
    ['elm', 'ash'],
  ])
  forget('elm')
  await clock.advance(1_000)
  expect([store.writes, store.appended, store.table.rows.length]).toEqual([0, 4, 2_500])
})

test('and all of it once that has become much, and at the end', async () => {
  const { clock, store, prove, file } = await keepingMany()
  for (let i = 0; i < 1_900; i++) {
    prove({ ...ELM, address: `198.51.${100 + (i >> 8)}.${i & 255}:8088` })
    if (i % 700 === 699) await clock.advance(1_000)
  }
  await clock.advance(1_000)
  expect([store.writes, store.appended]).toEqual([0, 1_900])
  for (let i = 0; i < 100; i++) prove({ ...ELM, address: `198.51.100.${i}:8088` })
  prove(signed)
  await clock.advance(2_000)
  expect([store.writes, store.table.rows.length]).toEqual([1, 2_501])
  prove(signedBy('ash', '203.0.113.9:8088'))
  await clock.until(file.close())
  expect(store.writes).toEqual(2)
})

test('at the end nothing is written where nothing has changed', async () => {
  const { clock, store, file } = await keepingMany()
  await clock.advance(60_000)
  await clock.until(file.close())
  expect([store.writes, store.appended]).toEqual([0, 0])
})

test('many changes are kept some at a time, and each row of the whole is made when its turn comes', async () => {
  const { clock, store, prove } = await keepingMany()
  const told: (number | string)[] = []
  const { append } = store
  const kept = {
    append: (changes: TableChanges) => {
      told.push(changes.rows.length)
      return append(changes)
    },
    write: async ({ rows }: TableToWrite) => {
      told.push(Array.isArray(rows) ? 'a list' : `${rows.length} one by one`)
      return null
    },
  }
  Object.assign(store, kept)
  for (let i = 0; i < 1_900; i++) prove({ ...ELM, address: `198.51.${100 + (i >> 8)}.${i & 255}:8088` })
  await clock.advance(1_000)
  for (let i = 0; i < 200; i++) prove(signedBy(`new${i}`, `203.0.113.${i}:8089`))
  await clock.advance(2_000)
  expect(told).toEqual([1_024, 876, '2700 one by one'])
})

test('what could not be kept beside a large table is written with the whole', async () => {
  const { clock, store, prove, health } = await keepingMany()
  store.failure = FULL
  prove(signed)
  await clock.advance(60_000)
  store.failure = null
  await clock.advance(60_000)
  expect([store.appended, store.writes, store.table.rows.length, health.list()]).toEqual([0, 1, 2_501, []])
})
