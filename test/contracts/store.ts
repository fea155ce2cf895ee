// What every store promises about what a person told the node, and about what its TURN keeps for clients, and of what else outlives a run.
import { expect, test } from 'vitest'
import type { SpeedSpending } from '../../src/domain/speed-budget.ts'
import { NO_OPERATOR_CHANGES, type OperatorChanges, type Store, type StoredLease } from '../../src/ports.ts'

const WISHES: OperatorChanges = {
  seeds: ['203.0.113.7:8088', '[2001:470::1]:8088', 'ash.example.org:8088'],
  services: [
    { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null },
    {
      name: 'page',
      kind: 'http',
      local: '127.0.0.1:3001',
      domain: '*.example.org',
      options: { encrypt: true, limit: '1MB', check: 'tcp' },
    },
  ],
  removed: [{ key: '00112233445566778899aabbccddeeff', address: '203.0.113.9:8088' }],
  pins: ['00112233445566778899aabbccddeeff', 'frp://192.0.2.1:7000'],
}

const LEASES: readonly StoredLease[] = [
  { kind: 'tcp', what: '21734', owner: 'member 00112233445566778899aabbccddeeff', proxy: 'web', awaySinceMs: 1_800_000_000_123 },
  { kind: 'domain', what: 'a.example.org', owner: 'token', proxy: '', awaySinceMs: 0 },
]

const SPENDING: SpeedSpending = [
  { hour: 501_998, bytes: 7_340_032 },
  { hour: 502_000, bytes: 0 },
]

/** `open`: the store of one disk as the next run of the node opens it. */
export function storeContract(name: string, disk: () => () => Store): void {
  test(`${name} has no operatorChanges at first`, async () => {
    expect(await disk()().readOperatorChanges()).toEqual({ operatorChanges: NO_OPERATOR_CHANGES, notes: [] })
  })

  test(`${name} keeps the operatorChanges it was given last, for the next run`, async () => {
    const open = disk()
    const store = open()
    expect(await Promise.all([store.writeOperatorChanges({ ...WISHES, seeds: [] }), store.writeOperatorChanges(WISHES)])).toEqual([
      null,
      null,
    ])
    expect(await open().readOperatorChanges()).toEqual({ operatorChanges: WISHES, notes: [] })
    expect(await store.writeOperatorChanges(NO_OPERATOR_CHANGES)).toEqual(null)
    expect(await open().readOperatorChanges()).toEqual({ operatorChanges: NO_OPERATOR_CHANGES, notes: [] })
  })

  test(`${name} keeps the leases it was given last, for the next run`, async () => {
    const open = disk()
    const store = open()
    expect(await store.readLeases()).toEqual([])
    expect(await Promise.all([store.writeLeases(LEASES.slice(1)), store.writeLeases(LEASES)])).toEqual([null, null])
    expect(await open().readLeases()).toEqual(LEASES)
    expect(await store.writeLeases([])).toEqual(null)
    expect(await open().readLeases()).toEqual([])
  })

  test(`${name} keeps what speed tests have used as it was given last, for the next run`, async () => {
    const open = disk()
    const store = open()
    expect(await store.readSpeedSpending()).toEqual([])
    expect(await Promise.all([store.writeSpeedSpending(SPENDING.slice(1)), store.writeSpeedSpending(SPENDING)])).toEqual([null, null])
    expect(await open().readSpeedSpending()).toEqual(SPENDING)
  })

  test(`${name} keeps the history it was given last, for the next run`, async () => {
    const open = disk()
    const store = open()
    expect(await store.readHistory()).toEqual('')
    expect(await Promise.all([store.writeHistory('before'), store.writeHistory('{"minute":1}\n')])).toEqual([null, null])
    expect(await open().readHistory()).toEqual('{"minute":1}\n')
  })
}
