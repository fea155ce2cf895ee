import { describe, expect, test } from 'vitest'
import { type NatFacts, natOf, type Reached, type ReachFinding, turnsText } from '../../src/domain/netcheck.ts'

const said = (by: string, seenAt: string | null, dialBack: ReachFinding['dialBack']): ReachFinding => ({
  ...{ by, seenAt, dialBack, address: null, atMs: 0 },
})

describe('the kind of NAT, as far as dial-backs tell', () => {
  const FACTS: NatFacts = { listens: true, ownHosts: ['192.168.1.7'], reachedAt: null, findings: [] }
  test.each<[string, Partial<NatFacts>, string]>([
    ['closed where nothing is opened', { listens: false }, 'closed'],
    ['none where the machine has the address that is reached', { ownHosts: ['203.0.113.9'], reachedAt: '203.0.113.9:8088' }, 'none'],
    ['none on this machine alone', { reachedAt: '127.0.0.1:8088' }, 'none'],
    ['forwarded where a router has it', { reachedAt: '203.0.113.9:8088' }, 'forwarded'],
    ['unknown where nobody tried', { findings: [said('a', '203.0.113.9', 'untried')] }, 'unknown'],
    ['unknown where nobody says what it sees', { findings: [said('a', null, 'silent')] }, 'unknown'],
    ['nat where others see another address and can not connect', { findings: [said('a', '203.0.113.9', 'silent')] }, 'nat'],
    [
      'several where they see different ones',
      { findings: [said('a', '203.0.113.9', 'silent'), said('b', '203.0.113.10', 'refused')] },
      'several',
    ],
    ['firewall where they see its own', { findings: [said('a', '192.168.1.7', 'refused')] }, 'firewall'],
    [
      'nat where a neighbour sees its own and others do not',
      { findings: [said('a', '192.168.1.7', 'refused'), said('b', '203.0.113.9', 'silent')] },
      'nat',
    ],
  ])('is %s', (_, facts, expected) => expect(natOf({ ...FACTS, ...facts }).kind).toEqual(expected))
})

describe('why the chosen TURN is not the nearest', () => {
  const turn = (name: string) => ({ name, address: `${name}:8088`, rttMs: 1, reason: `the reason for ${name}` })
  test.each<[string | null, string | null, Reached, string]>([
    ['ash', null, 'proven', 'none is used: others reach this node directly'],
    [null, null, 'unknown', 'none is used: whether others reach this node directly is not known yet'],
    [null, null, 'refused', 'nobody who can be reached carries traffic for others'],
    ['ash', null, 'refused', 'ash is about to be tried'],
    ['ash', 'ash', 'refused', 'the chosen one is the nearest that carries traffic'],
    [null, 'ash', 'refused', 'the chosen one is the nearest that carries traffic'],
    ['ash', 'elm', 'refused', 'the reason for elm'],
  ])('nearest %s, chosen %s', (nearest, chosen, reached, expected) =>
    expect(turnsText(nearest === null ? null : turn(nearest), chosen === null ? null : turn(chosen), reached)).toEqual(expected),
  )
})
