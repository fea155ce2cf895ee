// What every store promises about what a person told the node.
import { expect, test } from 'vitest'
import { NO_WISHES, type Store, type Wishes } from '../../src/ports.ts'

const WISHES: Wishes = {
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
}

/** `open`: the store of one disk as the next run of the node opens it. */
export function storeContract(name: string, disk: () => () => Store): void {
  test(`${name} has no wishes at first`, async () => {
    expect(await disk()().readWishes()).toEqual({ wishes: NO_WISHES, notes: [] })
  })

  test(`${name} keeps the wishes it was given last, for the next run`, async () => {
    const open = disk()
    const store = open()
    expect(await Promise.all([store.writeWishes({ ...WISHES, seeds: [] }), store.writeWishes(WISHES)])).toEqual([null, null])
    expect(await open().readWishes()).toEqual({ wishes: WISHES, notes: [] })
    expect(await store.writeWishes(NO_WISHES)).toEqual(null)
    expect(await open().readWishes()).toEqual({ wishes: NO_WISHES, notes: [] })
  })
}
