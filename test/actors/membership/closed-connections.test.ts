import { describe, expect, test } from 'vitest'
import { signedBy } from '../../records.ts'
import { AT, peers, quietly, start } from './scripted-prober.ts'

describe('in a quiet network', () => {
  test('a peer that closes its connection is looked at at once, and for that no more often than in any other network', async () => {
    const { clock, closed, pings } = await quietly()
    closed.tell(AT)
    closed.tell('192.0.2.77:1')
    for (let i = 0; i < 15; i++) {
      await clock.advance(700)
      closed.tell(AT)
    }
    expect(pings).toEqual([`61000 ${AT}`, `65900 ${AT}`, `70900 ${AT}`])
  })

  test('a peer that closes another connection a moment later is looked at once more', async () => {
    const { clock, closed, pings } = await quietly()
    closed.tell(AT)
    await clock.advance(1_000)
    closed.tell(AT)
    await clock.advance(12_000)
    expect(pings).toEqual([`61000 ${AT}`, `65900 ${AT}`])
  })
})

test('of many peers those whose connections are closed whenever they were idle for a while are looked at for that once in their turn', async () => {
  const { clock, prove, closed, pings } = start()
  const far = Array.from({ length: 300 }, (_, i) => signedBy(`far${i}`, `192.0.${i >> 8}.${i & 255}:8088`))
  // Of those that are equally near the first by address are looked at often.
  for (const one of [...peers(20), ...far]) prove(one)
  for (let i = 0; i < 10; i++) {
    for (const { address } of far) closed.tell(address)
    await clock.advance(6_000)
  }
  expect(pings.map((line) => line.split(' ')[1])).toEqual(far.map(({ address }) => address))
})
