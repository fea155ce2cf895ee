import { describe, expect, test } from 'vitest'
import { ownerOf, rationAddress } from '../../../src/frp/server/client-owner.ts'
import { privilegeKey } from '../../../src/frp/wire/crypto.ts'

const remote = { host: '203.0.113.9', port: 4_711 }
const saying = (token: string) => ({ privilegeKey: privilegeKey(token, 1_700_000_000), timestamp: 1_700_000_000 })
const address = remote.host
const STRANGER = { type: 'stranger', key: 'address 203.0.113.9', trusted: false, member: null, token: '', address }
const OWN = { type: 'token', key: 'token', trusted: true, member: null, token: 'secret', address }
const MEMBER = { type: 'member', key: 'member ab12', member: 'ab12', token: '', address }

describe('a login', () => {
  test.each([
    ['with a proven id, in a private network', { member: 'ab12' }, '', { membersAreTrusted: true }, { ...MEMBER, trusted: true }],
    ['with an id that anybody can have made', { member: 'ab12' }, '', {}, { ...MEMBER, trusted: false }],
    ['with a proven id and a foreign token', { member: 'ab12' }, 'other', {}, { ...MEMBER, trusted: false }],
    ['with the token', {}, 'secret', { tokens: () => ['secret'] }, OWN],
    ['with the token where strangers are served', {}, 'secret', { tokens: () => ['secret'], servesStrangers: true }, OWN],
    ['with another token', {}, 'other', { tokens: () => ['secret'], servesStrangers: true }, null],
    ['with none', {}, '', { tokens: () => ['secret'] }, null],
    ['with none where there is none', {}, '', {}, null],
    ['with none where strangers are served', {}, '', { tokens: () => ['secret'], servesStrangers: true }, STRANGER],
    ['with some token where there is none', {}, 'other', { servesStrangers: true }, null],
  ])('%s', (_, from, token, options, owner) =>
    expect(ownerOf({ remote, ...from }, saying(token), { tokens: () => [], ...options })).toEqual(owner),
  )
})

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:DB8:0:7::', '2001:db8:0:7::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s counts as %s', (host, expected) => expect(rationAddress(host)).toEqual(expected))
