import { expect, test } from 'vitest'
import { chooseNetwork, type NetworkChoice, type NetworkWish } from '../../src/domain/network-choice.ts'

const wish = (more: Partial<NetworkWish>): NetworkWish => ({
  kept: { type: 'none' },
  asked: null,
  invited: [],
  hasPlainSeeds: false,
  dir: '/data',
  ...more,
})
const OLDER = { type: 'older', isTableAlone: false } as const
const TABLE_ALONE = { type: 'older', isTableAlone: true } as const
const IN_A: NetworkWish['kept'] = { type: 'private', secrets: ['a', 'old'] }

test.each<[string, Partial<NetworkWish>, NetworkChoice]>([
  ['a fresh directory makes a private network', {}, { type: 'private', secret: null }],
  ['or, on request, an open one', { asked: 'open', hasPlainSeeds: true }, { type: 'open' }],
  ['an invitation brings its secret', { invited: ['a'] }, { type: 'private', secret: 'a' }],
  ['several of one network do too, beside plain addresses', { invited: ['a', 'a'], hasPlainSeeds: true }, { type: 'private', secret: 'a' }],
  ['plain addresses alone say nothing of the kind', { hasPlainSeeds: true }, { type: 'askSeeds' }],
  ['not even where a private one is asked for', { hasPlainSeeds: true, asked: 'private' }, { type: 'askSeeds' }],
  ['a kept open one stays', { kept: { type: 'open' }, hasPlainSeeds: true }, { type: 'kept' }],
  ['a kept private one stays', { kept: IN_A, hasPlainSeeds: true, asked: 'private' }, { type: 'kept' }],
  ['an invitation of the same network, or of its old secret, does no harm', { kept: IN_A, invited: ['old', 'a'] }, { type: 'kept' }],
  ['a directory of an older moonwalk stays open', { kept: OLDER, hasPlainSeeds: true }, { type: 'open' }],
  ['a table alone, that a person wrote, is for an open one', { kept: TABLE_ALONE, hasPlainSeeds: true }, { type: 'open' }],
  ['an invitation says what a table alone is for', { kept: TABLE_ALONE, invited: ['a'] }, { type: 'private', secret: 'a' }],
  ['so does who asks for a private network', { kept: TABLE_ALONE, asked: 'private' }, { type: 'private', secret: null }],
])('%s', (_, more, choice) => expect(chooseNetwork(wish(more))).toEqual(choice))

const ANOTHER = 'or give this node a directory of its own with --data'
test.each<[string, Partial<NetworkWish>, string]>([
  [
    'an invitation and --open',
    { asked: 'open', invited: ['a'] },
    'an invitation is for a private network, and --open asks for an open one; leave one of them out',
  ],
  ['two networks', { invited: ['a', 'b'] }, 'the invitations are of different networks; a node is in one'],
  [
    'another private network',
    { kept: IN_A, invited: ['a', 'b'] },
    `/data is in another private network than the invitation; change it with \`moonwalk network join INVITATION --data /data\`, ${ANOTHER}`,
  ],
  [
    'an invitation in an open one',
    { kept: OLDER, invited: ['a'] },
    `/data is in an open network, which needs no invitation; change it with \`moonwalk network join INVITATION --data /data\`, ${ANOTHER}`,
  ],
  [
    '--open in a private one',
    { kept: IN_A, asked: 'open' },
    `/data is in a private network; change it with \`moonwalk network open --data /data\`, ${ANOTHER}`,
  ],
  [
    'a private one asked for in an open one',
    { kept: { type: 'open' }, asked: 'private' },
    `/data is in an open network; change it with \`moonwalk network private --data /data\`, ${ANOTHER}`,
  ],
])('refused: %s', (_, more, text) => expect(chooseNetwork(wish(more))).toEqual({ type: 'refused', text }))
