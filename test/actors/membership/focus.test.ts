import { describe, expect, test } from 'vitest'
import { signedBy } from '../../records.ts'
import { AT, ash, ELSEWHERE, start } from './scripted-prober.ts'

describe('how closely', () => {
  const hidden = signedBy('fir', ELSEWHERE, { via: 'ash' })
  test('a newcomer is pinged by bursts until three were timed beside its first, and then by looks', async () => {
    const { clock, prober, prove, closely } = start()
    prove(hidden)
    prober.doubt('fir')
    await clock.advance(26_000)
    expect(closely).toEqual(['burst', 'burst', 'burst', 'look', 'look', 'look'])
  })

  test('those that may become the TURN are pinged by bursts while this node has no address', async () => {
    const { clock, prober, prove, closely } = start()
    prove(ash)
    prober.doubt('ash')
    await clock.advance(26_000)
    expect(new Set(closely)).toEqual(new Set(['burst']))
  })

  test('a node that is reached directly wants none, and looks at them once they are known', async () => {
    const { clock, prober, prove, closely, own } = start()
    own.announce('192.0.2.7:8088', null)
    prove(ash)
    prober.doubt('ash')
    await clock.advance(26_000)
    expect(closely).toEqual(['burst', 'burst', 'burst', 'look', 'look', 'look'])
  })

  test.each([
    ['by bursts, where it is so much nearer that it may be moved to', 30, 'burst'],
    ['by looks, where it is about as near', 38, 'look'],
  ] as const)('behind a TURN another one is pinged %s', async (_, tookMs, expected) => {
    const { clock, prober, prove, net, closely, pings, own } = start()
    const elm = signedBy('elm', ELSEWHERE)
    prove(ash)
    prove(elm)
    net.tookMs = 40
    for (let i = 0; i < 3; i++) await clock.until(prober.byHand(AT, 'ash'))
    net.tookMs = tookMs
    for (let i = 0; i < 3; i++) await clock.until(prober.byHand(ELSEWHERE, 'elm'))
    own.announce('192.0.2.1:20001', 'ash')
    await clock.advance(1_000)
    prober.doubt('elm')
    await clock.advance(100)
    expect([pings.at(-1)?.split(' ')[1], closely.at(-1)]).toEqual([ELSEWHERE, expected])
  })
})
