import { expect, test } from 'vitest'
import type { PortRange } from '../../../src/frp/contract.ts'
import { Leases } from '../../../src/frp/server/leases.ts'
import { type OpenPort, PortPool, type PortSeeker } from '../../../src/frp/server/port-pool.ts'
import { frpClock } from '../frp-clock.ts'

const proxy = (name: string, more: Partial<PortSeeker> = {}): PortSeeker => ({
  owner: 'ann',
  isStranger: false,
  proxy: name,
  group: '',
  ...more,
})

function pool(options: { readonly busy?: readonly number[]; readonly last?: number; readonly strangerPorts?: readonly PortRange[] } = {}) {
  const clock = frpClock()
  const busy = new Set(options.busy)
  const listened: string[] = []
  const closing: (() => void)[] = []
  let dice = 0
  const ports = new PortPool({
    clock,
    randomBytes: (count) => {
      const bytes = Buffer.alloc(count)
      bytes.writeUInt32BE(dice)
      return bytes
    },
    bindHost: '::',
    ports: { first: 100, last: options.last ?? 102 },
    allowPorts: { first: 50, last: 200 },
    ...(options.strangerPorts ? { strangerPorts: options.strangerPorts } : {}),
    leases: new Leases(),
    kind: 'tcp',
  })
  const open: OpenPort = async (address) => {
    listened.push(address)
    if (busy.has(Number(address.slice(address.lastIndexOf(':') + 1)))) return null
    return { close: () => new Promise<void>((resolve) => closing.push(resolve)) }
  }
  const take = async (name: string, wanted = 0, more: Partial<PortSeeker> = {}): Promise<number | string> => {
    const held = await ports.acquire(proxy(name, more), wanted, open)
    return held.type === 'held' ? held.port : held.error
  }
  return { ports, open, clock, listened, closing, take, roll: (to: number) => (dice = to), busy }
}

test('a free port is sought from a random place on, past those that are busy outside', async () => {
  const { take, roll, listened } = pool({ busy: [102] })
  roll(2)
  expect([await take('a'), await take('b'), await take('c')]).toEqual([100, 101, 'no available port'])
  expect(listened).toEqual(['[::]:102', '[::]:100', '[::]:102', '[::]:101', '[::]:102'])
})

test('a block of ports that somebody else holds is not walked through to its end', async () => {
  const { take, listened } = pool({ busy: Array.from({ length: 64 }, (_, i) => 100 + i), last: 199 })
  expect([await take('a'), listened.length]).toEqual([172, 9])
})

test('a name has its own port back, for which others are passed over as long as there are any', async () => {
  const { ports, open, take, closing, clock } = pool()
  const a = await ports.acquire(proxy('a'), 0, open)
  if (a.type === 'refused') throw new Error(a.error)
  void a.release()
  closing[0]?.()
  await clock.advance(0)
  expect([await take('b'), await take('a'), await take('c'), await take('d')]).toEqual([101, 100, 102, 'no available port'])
})

test('what a name had is forgotten after a day', async () => {
  const { ports, open, take, closing, clock, roll } = pool()
  const a = await ports.acquire(proxy('a'), 0, open)
  if (a.type === 'refused') throw new Error(a.error)
  void a.release()
  closing[0]?.()
  await clock.advance(24 * 3_600_000 + 1)
  roll(1)
  expect(await take('a')).toEqual(101)
})

test('a port that is just being given back is waited for', async () => {
  const { ports, open, take, closing } = pool()
  const a = await ports.acquire(proxy('a'), 60, open)
  if (a.type === 'refused') throw new Error(a.error)
  expect(await take('b', 60)).toEqual('port already used')
  const released = a.release()
  const b = take('b', 60)
  expect(ports.takenCount).toEqual(1)
  closing[0]?.()
  await released
  expect([await b, ports.takenCount]).toEqual([60, 1])
})

test.each([
  [49, 'port not allowed'],
  [201, 'port not allowed'],
  [-1, 'port not allowed'],
  [70_000, 'port not allowed'],
  [61, 'port unavailable'],
  [62, 62],
])('port %d asked for by number: %s', async (port, answer) => {
  const { take } = pool({ busy: [61] })
  expect(await take('a', port)).toEqual(answer)
})

test('two who ask for one port at once do not both get it', async () => {
  const { take } = pool()
  expect(await Promise.all([take('a', 70), take('b', 70)])).toEqual([70, 'port already used'])
})

test('many busy ports end the search', async () => {
  const { take, listened } = pool({ last: 199, busy: Array.from({ length: 100 }, (_, index) => 100 + index) })
  expect([await take('a'), listened.length]).toEqual(['no available port', 32])
})

test('a stranger names ports of the range only, or those that are granted instead', async () => {
  const { take } = pool()
  const eve = { owner: 'eve', isStranger: true }
  expect([await take('a', 101, eve), await take('b', 60, eve), await take('c', 60)]).toEqual([101, 'port not allowed', 60])
  const granting = pool({ strangerPorts: [{ first: 60, last: 61 }] })
  expect([await granting.take('a', 60, eve), await granting.take('b', 101, eve)]).toEqual([60, 'port not allowed'])
})

test('where all else is taken, what somebody is away from goes to who asks, but a member’s not to a stranger', async () => {
  const { ports, open, take, closing, clock } = pool()
  const leave = async (owner: string, isStranger: boolean): Promise<void> => {
    const held = await ports.acquire(proxy('p', { owner, isStranger }), 0, open)
    if (held.type === 'refused') throw new Error(held.error)
    void held.release()
    closing.at(-1)?.()
    await clock.advance(0)
  }
  await leave('ann', false) // 100
  await leave('eve', true) // 101
  const eve = { owner: 'bob', isStranger: true }
  expect([await take('a', 0, eve), await take('b', 0, eve), await take('c', 0, eve)]).toEqual([102, 101, 'no available port'])
  expect(await take('d', 0, { owner: 'ben' })).toEqual(100)
})
