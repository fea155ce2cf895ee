import { describe, expect, test } from 'vitest'
import { merge } from '../../../src/domain/ip-table.ts'
import { signedBy } from '../../records.ts'
import { AT, addressOf, ash, ELSEWHERE, start } from './scripted-prober.ts'

describe('by hand', () => {
  test('an address without a row is pinged and told, whatever it is', async () => {
    const { clock, prober, pings, told } = start()
    const pinged = await clock.until(prober.byHand(AT, null))
    expect([pinged.burst, pings, told]).toEqual([{ type: 'answered', rttMs: 5 }, [`0 ${AT}`], []])
  })

  test("a row's ping goes into the table like any other", async () => {
    const { clock, prober, prove, net, pings, strikes } = start()
    prove(ash)
    net.answer = () => 'silent'
    const pinged = await clock.until(prober.byHand(AT, 'ash'))
    expect([pinged.burst.type, pings, strikes('ash')]).toEqual(['silent', [`0 ${AT}`], 1])
  })

  test('is a ping of its own though one ended just now', async () => {
    const { clock, prober, prove, pings } = start()
    prove(ash)
    await clock.until(prober.prove(['ash']))
    await clock.until(prober.byHand(AT, 'ash'))
    expect(pings).toEqual([`0 ${AT}`, `5 ${AT}`])
  })
})

describe('how closely', () => {
  const hidden = signedBy('fir', ELSEWHERE, { via: 'ash' })
  test('a person gets the best of more; where another ping is under way, after it', async () => {
    const { clock, prober, prove, closely, pings } = start()
    prove(hidden)
    prober.doubt('fir')
    await clock.advance(20_002)
    await clock.until(prober.byHand(ELSEWHERE, 'fir'))
    await clock.until(prober.byHand(ELSEWHERE, 'fir'))
    expect([pings.slice(-3), closely.slice(-3)]).toEqual([
      [`20000 ${ELSEWHERE}`, `20005 ${ELSEWHERE}`, `20010 ${ELSEWHERE}`],
      ['look', 'thorough', 'thorough'],
    ])
  })
})

test('pings by hand that wait while the node stops are answered, each once', async () => {
  const { prober, end, clock, pings, keeper } = start()
  keeper.apply((table, wallMs) => merge(table, [ash], wallMs))
  prober.ensure('ash')
  const asked = [AT, ...Array.from({ length: 200 }, (_, i) => addressOf(i))]
  const all = Promise.all(asked.map((address) => prober.byHand(address, address === AT ? 'ash' : null)))
  await clock.advance(1)
  end()
  expect((await clock.until(all)).length).toEqual(asked.length)
  expect(pings.filter((line) => line.includes(' 10.0.')).length).toEqual(200)
})
