import { expect, test } from 'vitest'
import { isAllowed } from '../../src/domain/address.ts'
import { withAllowed } from '../../src/domain/further-addresses.ts'
import { stateParts } from '../actors/state-parts.ts'
import { signedBy } from '../records.ts'

test.each<[string, readonly string[] | undefined, readonly string[] | undefined]>([
  ['none', undefined, undefined],
  ['public ones', ['9.9.9.9:20000', '8.8.4.4:20000'], ['9.9.9.9:20000', '8.8.4.4:20000']],
  ['one on this machine', ['9.9.9.9:20000', '127.0.0.1:20000'], ['9.9.9.9:20000']],
  ['one of a service of clouds', ['169.254.169.254:80'], undefined],
  ['one in a private network that nobody was reached in', ['192.168.7.7:20000'], undefined],
  ['one in a private network, at a TURN that was reached', ['192.168.1.1:20000'], ['192.168.1.1:20000']],
  ['one at a port of the system', ['9.9.9.9:22'], undefined],
])('of further addresses %s are kept as they may be contacted', (_, alsoAt, kept) => {
  const { prove, keeper } = stateParts()
  prove(signedBy('ash', '192.168.1.1:8088'))
  const record = signedBy('me', '203.0.113.9:20000', { via: 'ash', ...(alsoAt ? { alsoAt } : {}) })
  const { alsoAt: __, ...bare } = record
  expect(withAllowed(record, keeper.current(), 'lan', (address) => isAllowed(address, 'lan'))).toEqual(
    kept ? { ...bare, alsoAt: kept } : bare,
  )
})
