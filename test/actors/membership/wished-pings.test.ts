import { describe, expect, test } from 'vitest'
import { removeRow } from '../../../src/domain/ip-table.ts'
import { PROBES_AT_ONCE } from '../../../src/domain/timings.ts'
import { AT, ash, peers, start } from './scripted-prober.ts'

describe('a wish', () => {
  test('is met at once, and the next ping comes by the pace of the table', async () => {
    const { clock, prober, prove, pings } = start()
    prove(ash)
    prober.doubt('ash')
    await clock.advance(12_000)
    expect(pings).toEqual([`0 ${AT}`, `5000 ${AT}`, `10000 ${AT}`])
  })

  test('that comes during a ping is met by it', async () => {
    const { clock, prober, prove, pings } = start()
    prove(ash)
    prober.doubt('ash')
    await clock.advance(2)
    prober.doubt('ash')
    const proven = prober.prove(['ash'])
    await clock.until(proven)
    expect([clock.now(), pings]).toEqual([5, [`0 ${AT}`]])
    await clock.advance(3_000)
    expect(pings).toEqual([`0 ${AT}`])
  })

  test('to see it proven within 150 ms of a ping is met by that; a doubt then is looked at after them', async () => {
    const { clock, prober, prove, pings } = start()
    prove(ash)
    prober.doubt('ash')
    await clock.advance(101)
    await prober.prove(['ash'])
    prober.doubt('ash')
    expect(pings).toEqual([`0 ${AT}`])
    await clock.advance(400)
    expect(pings).toEqual([`0 ${AT}`, `300 ${AT}`])
  })

  test('that comes later is a ping of its own', async () => {
    const { clock, prober, prove, pings } = start()
    prove(ash)
    prober.doubt('ash')
    await clock.advance(155)
    await clock.until(prober.prove(['ash']))
    expect(pings).toEqual([`0 ${AT}`, `155 ${AT}`])
  })

  test('for who is not in the table is met at once by nothing', async () => {
    const { clock, prober, pings } = start()
    await prober.prove(['nobody'])
    prober.doubt('nobody')
    await clock.advance(1_000)
    expect(pings).toEqual([])
  })

  test('for who is removed meanwhile does not wait for ever', async () => {
    const { clock, prober, prove, net, keeper, pings } = start()
    net.answer = () => 'silent'
    for (const record of [ash, ...peers(PROBES_AT_ONCE)]) prove(record)
    for (let i = 0; i < PROBES_AT_ONCE; i++) prober.doubt(`peer${i}`)
    const proven = prober.prove(['ash'])
    await clock.advance(1_000)
    keeper.apply((table, wallMs) => removeRow(table, 'ash', 'no address', wallMs))
    await proven
    await clock.advance(2_000)
    expect(pings.filter((line) => line.endsWith(` ${AT}`))).toEqual([])
  })

  test('however many there are at once, a failed ping is one strike', async () => {
    const { clock, prober, prove, net, strikes } = start()
    prove(ash)
    net.answer = () => 'silent'
    prober.doubt('ash')
    await clock.advance(1_000)
    prober.doubt('ash')
    const both = Promise.all([prober.prove(['ash']), prober.prove(['ash']), prober.byHand(AT, 'ash')])
    await clock.until(both)
    expect([clock.now(), strikes('ash')]).toEqual([2_000, 1])
  })
})

test('a row that nobody has planned is looked at; one that is planned, or is being pinged, waits for that', async () => {
  const { clock, prober, prove, pings } = start()
  prove(ash)
  prober.ensure('ash')
  prober.ensure('ash')
  await clock.advance(100)
  prober.ensure('ash')
  await clock.advance(1_000)
  expect(pings).toEqual([`0 ${AT}`])
})

describe('while nothing runs', () => {
  test('nobody waits for a ping: neither who asked before the end, nor who asks after it', async () => {
    const { clock, prober, prove, end, net } = start()
    net.answer = () => 'silent'
    prove(ash)
    const before = prober.prove(['ash'])
    end()
    await before
    await prober.prove(['ash'])
    expect(clock.now()).toEqual(0)
  })

  test('a ping by hand is made all the same', async () => {
    const { clock, prober, prove, end, pings } = start()
    end()
    prove(ash)
    const pinged = await clock.until(prober.byHand(AT, 'ash'))
    expect([pinged.burst.type, pings]).toEqual(['answered', [`0 ${AT}`]])
  })
})
