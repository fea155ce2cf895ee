import { describe, expect, test } from 'vitest'
import { merge } from '../../../src/domain/ip-table.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import { PROBES_AT_ONCE, PROBES_HEARD_AT_ONCE } from '../../../src/domain/timings.ts'
import { signedBy } from '../../records.ts'
import { AT, ash, ELSEWHERE, peers, SILENCE_MS, start } from './scripted-prober.ts'

describe('a row that is only heard of, reached through a TURN that is so too', () => {
  const home = signedBy('home', '192.0.2.1:20001', { via: 'ash' })

  test('leaves the tries at that IP address to its TURN, and is asked once that is proven', async () => {
    const { clock, prober, hear, net, pings } = start()
    net.answer = () => 'silent'
    hear(ash)
    hear(home)
    prober.doubt('ash')
    prober.doubt('home')
    await clock.advance(2_500)
    expect(pings).toEqual([`0 ${AT}`])
    net.answer = (address) => ({ by: address === AT ? 'ash' : 'home' })
    prober.doubt('ash')
    await clock.advance(100)
    prober.doubt('home')
    await clock.advance(100)
    expect(pings).toEqual([`0 ${AT}`, `2500 ${AT}`, '2600 192.0.2.1:20001'])
  })

  test('is asked all the same in the end, and at once where its TURN is elsewhere or it is wanted by hand', async () => {
    const { clock, prober, hear, net, pings } = start()
    net.answer = () => 'withheld'
    for (const one of [ash, home, signedBy('lab', '192.0.2.9:20001', { via: 'ash' })]) hear(one)
    for (const key of ['home', 'lab']) prober.doubt(key)
    await clock.advance(1)
    expect(pings).toEqual(['0 192.0.2.9:20001'])
    void prober.byHand('192.0.2.1:20001', 'home')
    await clock.advance(10)
    expect(pings.slice(1)).toEqual(['1 192.0.2.1:20001'])
    pings.length = 0
    await clock.advance(90_000)
    expect(pings.some((line) => line.endsWith('192.0.2.1:20001'))).toBe(true)
  })
})

test('who moves while it is pinged is pinged at its new address, and what the old one said counts for nobody', async () => {
  const { clock, prober, prove, hear, net, keeper, pings, told, strikes } = start()
  prove(ash)
  net.answer = (address) => (address === AT ? 'silent' : { by: 'ash' })
  const proven = prober.prove(['ash'])
  await clock.advance(1_000)
  hear(signedBy('ash', ELSEWHERE, { seq: 2 }))
  prober.doubt('ash')
  await clock.until(proven)
  expect([pings, told]).toEqual([[`0 ${AT}`, `2000 ${ELSEWHERE}`], ['2005 probed ash by ash']])
  expect([keeper.current().rows.get('ash')?.state, strikes('ash')]).toEqual(['alive', 0])
})

test('two nodes that hold one address share a ping, and its outcome; who has no id is asked in clear', async () => {
  const { prober, keeper, clock, pings, strikes, net } = start()
  net.answer = () => 'silent'
  keeper.apply((table, wallMs) => merge(table, [unsignedRecord(AT), signedBy('ash', ELSEWHERE), signedBy('elm', ELSEWHERE)], wallMs))
  keeper.apply((table, wallMs) => merge(table, [signedBy('ash', AT, { seq: 2 }), signedBy('elm', AT, { seq: 2 })], wallMs))
  void prober.prove(['ash', 'elm'])
  await clock.advance(SILENCE_MS)
  expect([pings, strikes('ash'), strikes('elm')]).toEqual([[`0 ${AT}`], 1, 1])
  void prober.prove([AT])
  await clock.advance(SILENCE_MS)
  expect(strikes(AT)).toEqual(1)
})

test('who moves away and back while it is pinged has been pinged', async () => {
  const { clock, prober, prove, hear, pings } = start()
  prove(ash)
  prober.doubt('ash')
  hear(signedBy('ash', ELSEWHERE, { seq: 2 }))
  hear(signedBy('ash', AT, { seq: 3 }))
  prober.doubt('ash')
  await clock.advance(1_000)
  expect(pings).toEqual([`0 ${AT}`])
})

describe('within the budget', () => {
  test(`four tables of 64 that are posted at once have no more than ${PROBES_HEARD_AT_ONCE} pings under way, of each address one`, async () => {
    const { clock, prober, hear, most, pings, shown } = start()
    const all = peers(64)
    for (const record of all) hear(record)
    const keys = all.map(({ id }) => id ?? '')
    await clock.until(Promise.all([0, 1, 2, 3].map(() => prober.prove(keys))))
    expect([most(), pings.length, new Set(pings).size, shown().length]).toEqual([PROBES_HEARD_AT_ONCE, 64, 64, 64])
  })

  test('rows only heard of, suspects and pings by hand share it', async () => {
    const { clock, prober, prove, hear, net, most, pings } = start()
    net.answer = () => 'silent'
    const [known, heard] = [peers(40).slice(0, 20), peers(40).slice(20)]
    for (const record of known) prove(record)
    for (const record of heard) hear(record)
    for (const { id } of [...known, ...heard]) prober.doubt(id ?? '')
    for (let i = 0; i < 20; i++) void prober.byHand(`10.9.0.${i}:1`, null)
    await clock.advance(SILENCE_MS * 3 - 1)
    expect([most(), pings.length]).toEqual([PROBES_AT_ONCE, PROBES_AT_ONCE * 3])
    await clock.advance(SILENCE_MS * 3)
    const byHand = pings.filter((line) => line.includes(' 10.9.')).length
    expect([most(), byHand]).toEqual([PROBES_AT_ONCE, 20])
  })
})

test('ended, it leaves no timer', async () => {
  const { clock, prober, prove, end } = start()
  prove(ash)
  prober.doubt('ash')
  await clock.advance(1_000)
  end()
  expect(clock.timerCount).toEqual(0)
})
