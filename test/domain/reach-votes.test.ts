import { describe, expect, test } from 'vitest'
import { isBelieved, networkOf, VOTE_AGE, type Votes, withVote } from '../../src/domain/reach-votes.ts'

const HOME = '203.0.113.7:8088'
const LIE = '203.0.113.66:8088'
const ASH = '198.51.1.1'
const BIRCH = '198.51.2.2'
const CEDAR = '192.88.3.3'

/** Each is a peer's name, where it is, and what it says. */
function votesOf(...said: readonly (readonly [by: string, at: string, address: string])[]): Votes {
  return said.reduce<Votes>((votes, [by, at, address], i) => withVote(votes, by, { address, network: networkOf(at), atMs: i }), new Map())
}

describe('an address is believed', () => {
  test.each<[string, Votes, string, string | null, readonly string[], boolean]>([
    ['from the only peer there is, where nothing is known', votesOf(['ash', ASH, HOME]), HOME, null, [ASH], true],
    ['from one whose network is all there is so far', votesOf(['ash', ASH, HOME]), HOME, null, [], true],
    ['not from one of two peers', votesOf(['ash', ASH, HOME]), HOME, null, [ASH, CEDAR], false],
    ['from two in different networks', votesOf(['ash', ASH, HOME], ['cedar', CEDAR, HOME]), HOME, null, [ASH, CEDAR], true],
    [
      'from two of one network while there is no other',
      votesOf(['ash', ASH, HOME], ['birch', BIRCH, HOME]),
      HOME,
      null,
      [ASH, BIRCH],
      true,
    ],
    [
      'not from two of one network where there are others',
      votesOf(['ash', ASH, HOME], ['birch', BIRCH, HOME]),
      HOME,
      null,
      [ASH, BIRCH, CEDAR],
      false,
    ],
    ['where it is believed already', votesOf(['ash', ASH, HOME]), HOME, HOME, [ASH, CEDAR], true],
    ['not instead of another by one peer, even the only one', votesOf(['eve', ASH, LIE]), LIE, HOME, [ASH], false],
    ['not by one peer that says it twice', votesOf(['eve', ASH, LIE], ['eve', CEDAR, LIE]), LIE, HOME, [ASH, CEDAR], false],
    ['not by two that disagree', votesOf(['ash', ASH, HOME], ['eve', CEDAR, LIE]), LIE, null, [ASH, CEDAR], false],
    ['instead of another by two', votesOf(['ash', ASH, LIE], ['cedar', CEDAR, LIE]), LIE, HOME, [ASH, CEDAR], true],
  ])('%s', (_, votes, address, current, around, believed) =>
    expect(isBelieved(votes, address, current, around.map(networkOf))).toEqual(believed),
  )
})

test('a vote that is old counts no more, and only the latest 64 voters are remembered', () => {
  const old = withVote(new Map(), 'ash', { address: HOME, network: 'a', atMs: 0 })
  const later = withVote(old, 'birch', { address: HOME, network: 'b', atMs: VOTE_AGE })
  expect([...later.keys()]).toEqual(['birch'])
  const many = Array.from({ length: 70 }, (_, i) => `p${i}`).reduce<Votes>(
    (votes, by, atMs) => withVote(votes, by, { address: HOME, network: 'a', atMs }),
    new Map(),
  )
  expect([many.size, many.has('p5'), many.has('p6')]).toEqual([64, false, true])
})

test.each([
  ['203.0.113.7:8088', '203.0'],
  ['203.0.113.7', '203.0'],
  ['[2001:db8:1::2]:8088', '2001:db8'],
  ['127.8.0.1:1', 'loopback'],
  ['[::1]:1', 'loopback'],
  ['turn.example.org:1', 'turn.example.org'],
])('%s is in the network %s', (address, network) => expect(networkOf(address)).toEqual(network))
