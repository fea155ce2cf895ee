import { describe, expect, test } from 'vitest'
import { LEASE_MS, Leases, MAX_AWAY, MAX_AWAY_OF_ONE } from '../../../src/frp/server/leases.ts'

const ANN = { owner: 'member ann', isStranger: false }
const EVE = { owner: 'address 203.0.113.9', isStranger: true }

/** Ann had port 20000 with the proxy `web` until second 0. */
function away(): Leases {
  const leases = new Leases()
  leases.take('tcp', 20_000, { ...ANN, proxy: 'web' })
  leases.leave('tcp', 20_000, ANN.owner, 0)
  return leases
}

describe('what its owner is away from', () => {
  test.each([
    ['is kept from others at once', 0, EVE, true],
    ['is kept from others for a day', LEASE_MS, EVE, true],
    ['is free after a day', LEASE_MS + 1, EVE, false],
    ['is never kept from its owner', LEASE_MS, ANN, false],
  ])('%s', (_, nowMs, who, isOthers) => expect(away().isOthers('tcp', 20_000, who, nowMs)).toEqual(isOthers))

  test('is told to its proxy, the last first, and to no other one', () => {
    const leases = away()
    leases.take('tcp', 20_001, { ...ANN, proxy: 'web' })
    leases.leave('tcp', 20_001, ANN.owner, 1)
    leases.take('tcp', 20_002, { ...ANN, proxy: 'ssh' })
    leases.leave('tcp', 20_002, ANN.owner, 2)
    const told = [
      leases.portsOf('tcp', ANN.owner, 'web', 3),
      leases.portsOf('tcp', EVE.owner, 'web', 3),
      leases.portsOf('udp', ANN.owner, 'web', 3),
      leases.portsOf('tcp', ANN.owner, 'web', LEASE_MS + 1),
    ]
    expect(told).toEqual([[20_001, 20_000], [], [], [20_001]])
  })

  test('goes to who opened a group, and to whoever is of it', () => {
    const leases = new Leases()
    leases.take('tcp', 20_000, { ...ANN, group: 'g' })
    leases.leave('tcp', 20_000, ANN.owner, 0)
    const asked = [{ ...EVE, group: 'g' }, { ...EVE, group: 'h' }, EVE, ANN].map((who) => leases.isOthers('tcp', 20_000, who, 1))
    expect(asked).toEqual([false, true, true, false])
  })
})

test('what is in use is nobody else’s for as long as it is, and one kind has nothing to do with another', () => {
  const leases = new Leases()
  leases.take('name', 'web', ANN)
  const asked = [leases.isOthers('name', 'web', EVE, 10 * LEASE_MS), leases.isOthers('domain', 'web', EVE, 0)]
  expect([...asked, leases.isOthers('name', 'web', ANN, 0)]).toEqual([true, false, false])
})

test('only its owner can give something back', () => {
  const leases = new Leases()
  leases.take('run id', 'mine', ANN)
  leases.leave('run id', 'mine', EVE.owner, 0)
  expect(leases.holder('run id', 'mine', 0)).toEqual({ ...ANN, proxy: '', group: '', awaySinceMs: null })
})

describe('where there is nothing else', () => {
  const leases = new Leases()
  for (const [port, who] of [
    [1, ANN],
    [2, EVE],
    [3, ANN],
    [4, EVE],
  ] as const)
    leases.take('tcp', port, who)
  for (const port of [4, 3, 2]) leases.leave('tcp', port, port === 3 ? ANN.owner : EVE.owner, port)

  test.each([
    ['a member gets what strangers are away from, and then what members are', false, ['4', '2', '3']],
    ['a stranger gets what strangers are away from', true, ['4', '2']],
  ])('%s', (_, forStranger, ports) => expect(leases.away('tcp', forStranger, 5)).toEqual(ports))
})

describe('a bound', () => {
  test('of one owner lets its own oldest lapse, and nobody else’s', () => {
    const leases = away()
    for (let i = 0; i <= MAX_AWAY_OF_ONE; i++) {
      leases.take('tcp', i, EVE)
      leases.leave('tcp', i, EVE.owner, i)
    }
    const held = [0, 1, MAX_AWAY_OF_ONE, 20_000].map((port) => leases.holder('tcp', port, 1_000)?.owner ?? null)
    expect(held).toEqual([null, EVE.owner, EVE.owner, ANN.owner])
  })

  test('of all lets strangers’ oldest lapse before a member’s', () => {
    const leases = new Leases()
    leases.take('name', 'ann', ANN)
    leases.leave('name', 'ann', ANN.owner, 0)
    for (let i = 0; i < MAX_AWAY; i++) {
      const owner = `address ${i}`
      leases.take('name', `n${i}`, { owner, isStranger: true })
      leases.leave('name', `n${i}`, owner, i)
    }
    expect(['ann', 'n0', 'n1'].map((name) => leases.holder('name', name, MAX_AWAY)?.owner ?? null)).toEqual([ANN.owner, null, 'address 1'])
  })
})

describe('what is kept over a restart', () => {
  const restarted = (leases: Leases, nowMs: number, laterMs: number): Leases => {
    const after = new Leases()
    after.restore(leases.kept(nowMs), laterMs)
    return after
  }

  test('is all but strangers’, away since then, or for as long as before', () => {
    const leases = away()
    leases.take('name', 'web', ANN)
    leases.take('tcp', 20_009, EVE)
    expect(leases.kept(5_000)).toEqual([
      { kind: 'tcp', what: '20000', owner: ANN.owner, proxy: 'web', awayMs: 5_000 },
      { kind: 'name', what: 'web', owner: ANN.owner, proxy: '', awayMs: 0 },
    ])
    const after = restarted(leases, 5_000, 100)
    const holds = (kind: 'tcp' | 'name', what: string, nowMs: number) => after.isOthers(kind, what, EVE, nowMs)
    expect([holds('tcp', '20000', 100), holds('name', 'web', 100), after.portsOf('tcp', ANN.owner, 'web', 100)]).toEqual([
      true,
      true,
      [20_000],
    ])
    expect([holds('tcp', '20000', LEASE_MS - 4_899), holds('name', 'web', LEASE_MS - 4_899), holds('name', 'web', LEASE_MS + 101)]).toEqual(
      [false, true, false],
    )
  })

  test('is not what has lapsed', () => expect(away().kept(LEASE_MS + 1)).toEqual([]))

  test('is told to have changed with each take and leave', () => {
    let changes = 0
    const leases = new Leases(() => changes++)
    leases.take('tcp', 20_000, ANN)
    leases.leave('tcp', 20_000, ANN.owner, 0)
    expect(changes).toEqual(2)
  })
})
