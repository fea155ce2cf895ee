import { expect, test } from 'vitest'
import { createSeeds } from '../../../src/actors/membership/seeds.ts'
import type { PeerRecord } from '../../../src/domain/record.ts'
import type { SeedFault } from '../../../src/domain/seed-fault.ts'
import { EMPTY_TABLE, merge, recordBurst, removeRow } from '../../domain/pure-table.ts'
import { fixedChance } from '../../sim/fixed-chance.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const AT = '192.0.2.1:8088'
const ASH: PeerRecord = {
  id: 'ash',
  name: 'ash',
  address: AT,
  seq: 1,
  via: null,
  offersTurn: true,
  left: false,
  envelope: 'E',
  p2prc: null,
}

/** Chance always draws the longest wait, so that a visit is due at 60, then 120, 240 … up to 15 000 ms after the last. */
function start(join: (address: string) => Promise<string | SeedFault | null>) {
  const clock = new VirtualClock()
  const visits: string[] = []
  const faults: string[] = []
  let table = EMPTY_TABLE
  let seq = 0
  const seeds = createSeeds({
    clock,
    random: fixedChance(1),
    onBug: (error) => {
      throw error
    },
    table: () => table,
    onFault: (address, { why }) => faults.push(`${clock.now()} ${address} ${why}`),
    join: (address) => {
      visits.push(`${clock.now()} ${address}`)
      return join(address)
    },
  })
  return {
    clock,
    seeds,
    visits,
    faults,
    /** A newer word each time, so that one of a row that was removed is believed. */
    hear: () => {
      table = merge(table, [{ ...ASH, seq: ++seq }], 0).table
    },
    prove: () => {
      table = recordBurst(table, 'ash', { type: 'answered', rttMs: 1 }, 0).table
    },
    lose: () => {
      table = removeRow(table, 'ash', 'no answer', 0).table
    },
  }
}

test('a seed that does not answer is tried at once and then less and less often, for ever', async () => {
  const { clock, seeds, visits } = start(async () => null)
  seeds.add(AT)
  await clock.advance(60_000)
  expect(visits).toEqual([0, 120, 360, 840, 1_800, 3_720, 7_560, 15_240, 30_240, 45_240].map((ms) => `${ms} ${AT}`))
})

test('a seed that answers is left alone while its row is here', async () => {
  const { clock, seeds, visits, hear, prove } = start(async () => {
    hear()
    prove()
    return 'ash'
  })
  seeds.add(AT)
  await clock.advance(600_000)
  expect(visits).toEqual([`0 ${AT}`])
})

test('a seed whose row is lost is visited again soon', async () => {
  const { clock, seeds, visits, hear, prove, lose } = start(async () => {
    hear()
    prove()
    return 'ash'
  })
  seeds.add(AT)
  await clock.advance(20_000)
  lose()
  await clock.advance(20_000)
  expect(visits).toEqual([`0 ${AT}`, `30000 ${AT}`])
})

test('a seed that answers but never proves to be there is not besieged', async () => {
  const { clock, seeds, visits, hear } = start(async () => {
    hear()
    return 'ash'
  })
  seeds.add(AT)
  await clock.advance(60_000)
  expect(visits.length).toEqual(10)
})

test('a seed that was proven once starts over with short waits', async () => {
  let answers = true
  const { clock, seeds, visits, hear, prove, lose } = start(async () => {
    if (!answers) return null
    hear()
    prove()
    return 'ash'
  })
  seeds.add(AT)
  await clock.advance(10_000)
  answers = false
  lose()
  await clock.advance(6_000)
  expect(visits).toEqual([`0 ${AT}`, `15000 ${AT}`, `15120 ${AT}`, `15360 ${AT}`, `15840 ${AT}`])
})

test('seeds are listed as added, once each', () => {
  const { seeds, visits } = start(() => new Promise(() => {}))
  for (const address of [AT, '192.0.2.2:1', AT]) seeds.add(address)
  expect([seeds.list(), visits]).toEqual([
    [AT, '192.0.2.2:1'],
    [`0 ${AT}`, '0 192.0.2.2:1'],
  ])
})

test('a removed seed is visited no more, even when it is being visited', async () => {
  let answer: (key: string | null) => void = () => {}
  const { clock, seeds, visits } = start(() => new Promise((resolve) => (answer = resolve)))
  seeds.add(AT)
  seeds.remove(AT)
  answer(null)
  await clock.advance(60_000)
  expect([seeds.list(), visits, clock.timerCount]).toEqual([[], [`0 ${AT}`], 0])
})

test('seeds that turned out to be a row are forgotten with it, by whatever address they were given', async () => {
  const { clock, seeds, visits, hear, prove, lose } = start(async (address) => {
    if (address === '192.0.2.3:1') return null
    hear()
    prove()
    return 'ash'
  })
  for (const address of [AT, '192.0.2.2:1', '192.0.2.3:1']) seeds.add(address)
  await clock.settle()
  visits.length = 0
  expect(seeds.forget('ash', '192.0.2.9:1')).toEqual([AT, '192.0.2.2:1'])
  lose()
  await clock.advance(60_000)
  expect([seeds.list(), new Set(visits.map((line) => line.split(' ')[1])), seeds.forget('elm', '192.0.2.3:1'), clock.timerCount]).toEqual([
    ['192.0.2.3:1'],
    new Set(['192.0.2.3:1']),
    ['192.0.2.3:1'],
    0,
  ])
})

test('a seed that was removed and added again has one life', async () => {
  const answers: ((key: string | null) => void)[] = []
  const { clock, seeds, visits } = start(() => new Promise((resolve) => answers.push(resolve)))
  seeds.add(AT)
  seeds.remove(AT)
  seeds.add(AT)
  for (const answer of answers) answer(null)
  await clock.settle()
  expect([visits, clock.timerCount]).toEqual([[`0 ${AT}`, `0 ${AT}`], 1])
})

test('stopped seeds leave no timer', async () => {
  const { clock, seeds } = start(async () => null)
  seeds.add(AT)
  seeds.add('192.0.2.2:1')
  await clock.advance(1_000)
  seeds.stop()
  expect([seeds.list(), clock.timerCount]).toEqual([[], 0])
})

test('each reason why a seed fails is told once in turn, and again after it was here', async () => {
  const REFUSED: SeedFault = { reason: 'refused', why: 'connection refused' }
  const answers: (SeedFault | string)[] = [REFUSED, REFUSED, { reason: 'timeout', why: 'late' }, REFUSED, 'ash', REFUSED]
  const { clock, seeds, faults } = start(async () => answers.shift() ?? REFUSED)
  seeds.add(AT)
  await clock.advance(60_000)
  expect(faults).toEqual([`0 ${AT} connection refused`, `360 ${AT} late`, `840 ${AT} connection refused`, `3720 ${AT} connection refused`])
  expect(seeds.states()).toEqual([{ address: AT, isHere: false, fault: REFUSED }])
})

test('a seed that has not answered after 1.5 s is told as such, and not again as too late', async () => {
  const { clock, seeds, faults } = start(
    () => new Promise((resolve) => clock.setTimeout(() => resolve({ reason: 'timeout', why: 'it did not answer in time' }), 4_000)),
  )
  seeds.add(AT)
  await clock.advance(20_000)
  expect(faults).toEqual([`1500 ${AT} no answer yet`])
  expect(seeds.states()).toEqual([{ address: AT, isHere: false, fault: { reason: 'timeout', why: 'it did not answer in time' } }])
})
