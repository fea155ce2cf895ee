import { describe, expect, test } from 'vitest'
import { createTableFile } from '../../../src/actors/membership/table-file.ts'
import type { AddressPolicy } from '../../../src/domain/address.ts'
import { absorb, putOwn, recordBurst, recordSpeed } from '../../../src/domain/ip-table.ts'
import type { StoredRow } from '../../../src/p2prc/table-file.ts'
import { signedBy } from '../../records.ts'
import { MemoryStore } from '../../sim/memory-store.ts'
import { stateParts } from '../state-parts.ts'

const rowOf = (host: string, other: Partial<StoredRow> = {}): StoredRow => ({
  id: null,
  name: `at ${host}`,
  host,
  port: 8_088,
  latency: 12.5,
  download: 90,
  upload: 40,
  speedAt: null,
  lastSeen: '2029-12-31T00:00:00.000Z',
  envelope: null,
  p2prc: null,
  ...other,
})
const PC = rowOf('192.0.2.1')
const AT = '192.0.2.1:8088'

async function start(rows: readonly StoredRow[] = [], policy: AddressPolicy = 'lan') {
  const parts = stateParts()
  const { keeper, own, clock } = parts
  const store = new MemoryStore({ rows })
  const file = createTableFile({ ...parts, store, policy })
  await file.read()
  return {
    ...parts,
    store,
    file,
    /** When the file was written. */
    writes: async (ms: number): Promise<readonly number[]> => {
      const times: number[] = []
      const endMs = clock.now() + ms
      while (clock.now() < endMs) {
        const before = store.writes
        await clock.advanceUntil(() => store.writes > before, endMs - clock.now())
        if (store.writes > before) times.push(clock.now())
      }
      return times
    },
    names: (): readonly string[] => store.table.rows.map(({ name, host }) => `${name === own.name ? 'me' : name} (${host})`),
    ping: (key: string, rttMs = 5): void =>
      void keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'answered', rttMs }, wallMs)),
    miss: (key: string): void =>
      void keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'silent', refused: false, why: 'no answer' }, wallMs)),
  }
}

describe('a row of the file', () => {
  test('that was not looked at stays as it was, whatever else is written', async () => {
    const { file, store, prove, clock } = await start([PC])
    file.restore()
    prove(signedBy('ash', '192.0.2.2:8088'))
    await clock.advance(1_000)
    expect([store.writes, store.table.rows[1]]).toEqual([1, PC])
    await file.close()
    expect(store.table.rows[1]).toEqual(PC)
  })

  test('that answers has figures of its own, and speeds of before until they are measured', async () => {
    const { file, store, ping, keeper, clock } = await start([PC])
    file.restore()
    ping(AT)
    await clock.advance(1_000)
    expect(store.table.rows).toEqual([{ ...PC, latency: 5, lastSeen: '2030-01-01T00:00:00.000Z' }])
    keeper.apply((table, wallMs) => recordSpeed(table, AT, { downMbps: 7, upMbps: 3 }, wallMs))
    await file.close()
    expect(store.table.rows).toEqual([
      { ...PC, latency: 5, download: 7, upload: 3, speedAt: '2030-01-01T00:00:01.000Z', lastSeen: '2030-01-01T00:00:00.000Z' },
    ])
  })

  test('that is silent stays as it was, and for so long', async () => {
    const { file, store, miss, clock } = await start([PC])
    file.restore()
    for (let i = 0; i < 5; i++) miss(AT)
    await clock.advance(600_000)
    await file.close()
    expect(store.table.rows).toEqual([PC])
  })

  test('that may not be contacted as the node is set stays as well', async () => {
    const { file, store, keeper } = await start([PC, rowOf('8.8.8.8')], 'public')
    file.restore()
    await file.close()
    expect([[...keeper.current().rows.keys()], store.table.rows]).toEqual([['8.8.8.8:8088'], [rowOf('8.8.8.8'), PC]])
  })

  test('with a host name keeps it, also when it is the row of a node', async () => {
    const named = rowOf('ash.example')
    const { file, store, hear, ping, keeper } = await start([named])
    file.restore()
    hear(signedBy('ash', AT))
    keeper.apply((table, wallMs) => absorb(table, 'ash.example:8088', 'ash', wallMs))
    ping('ash')
    await file.close()
    expect(store.table.rows.map(({ id, host, port, envelope }) => [id, host, port, envelope])).toEqual([
      ['ash', 'ash.example', 8_088, `ash 1 ${AT}`],
    ])
  })

  test('that is this node is not looked at and written anew', async () => {
    const parts = await start()
    const { own, keeper, identity, clock } = parts
    const store = new MemoryStore({ rows: [rowOf('192.0.2.9', { id: identity.id })] })
    const file = createTableFile({ ...parts, store, policy: 'lan' })
    await file.read()
    file.restore()
    expect(keeper.current().rows.size).toEqual(0)
    own.announce('192.0.2.8:8088', null)
    const record = own.record()
    if (record) keeper.apply((table, wallMs) => putOwn(table, record, wallMs))
    await clock.advance(1_000)
    expect(store.table.rows.map(({ name, host }) => `${name} ${host}`)).toEqual(['me 192.0.2.8'])
  })
})

describe('the file is written', () => {
  test('a second after somebody is proven, and once for all of that second', async () => {
    const { file, prove, writes, names } = await start()
    file.restore()
    prove(signedBy('ash', AT))
    prove(signedBy('elm', '192.0.2.2:8088'))
    expect([await writes(600_000), names()]).toEqual([[1_000], ['ash (192.0.2.1)', 'elm (192.0.2.2)']])
  })

  test('not for who is only heard of', async () => {
    const { file, hear, writes } = await start()
    file.restore()
    hear(signedBy('ash', AT))
    expect(await writes(600_000)).toEqual([])
  })

  test('once a minute where only figures change', async () => {
    const { file, prove, ping, writes, clock } = await start()
    file.restore()
    prove(signedBy('ash', AT))
    await clock.advance(2_000)
    for (let i = 1; i <= 40; i++) clock.setTimeout(() => ping('ash', i), i * 5_000)
    expect(await writes(220_000)).toEqual([67_000, 132_000, 197_000])
  })

  test('within a second, where more than figures change while that waits', async () => {
    const { file, prove, ping, writes, clock } = await start()
    file.restore()
    prove(signedBy('ash', AT))
    await clock.advance(2_000)
    ping('ash')
    clock.setTimeout(() => prove(signedBy('elm', '192.0.2.2:8088')), 10_000)
    expect(await writes(120_000)).toEqual([13_000])
  })

  test('at the end, and never again', async () => {
    const { file, prove, names, store, clock } = await start()
    file.restore()
    prove(signedBy('ash', AT))
    await file.close()
    expect([names(), store.writes, clock.timerCount]).toEqual([['ash (192.0.2.1)'], 1, 0])
    prove(signedBy('elm', '192.0.2.2:8088'))
    await clock.advance(600_000)
    expect(store.writes).toEqual(1)
  })

  test('not by a node that never began to live: it has nothing to say of it', async () => {
    const { file, store } = await start([PC])
    await file.close()
    expect([store.writes, store.table.rows]).toEqual([0, [PC]])
  })
})
