import { expect, test } from 'vitest'
import { type Offer, offerOf } from '../../src/domain/offer.ts'
import { strangersArriveAt } from '../../src/domain/stranger-reach.ts'

test.each<['open' | 'private', boolean, Offer | undefined, Offer]>([
  ['open', false, undefined, 'everybody'],
  ['open', true, undefined, 'members'],
  ['private', false, undefined, 'members'],
  ['private', true, undefined, 'members'],
  ['open', false, 'members', 'members'],
  ['private', true, 'everybody', 'everybody'],
  ['open', false, 'nobody', 'nobody'],
])('in a network that is %s, token %j, chosen %j: %s', (type, hasToken, offer, expected) => {
  const network = type === 'open' ? { type } : { type, secrets: ['s'] }
  expect(offerOf({ network, hasToken, ...(offer === undefined ? {} : { offer }) })).toEqual(expected)
})

test.each([
  ['127.0.0.1', '0.0.0.0', [], false],
  ['::1', '::', [], false],
  ['127.0.0.1', '127.0.0.1', [], true],
  ['10.0.0.4', '10.0.0.4', ['5.9.0.1', '10.0.0.4'], true],
  ['10.0.0.4', '0.0.0.0', ['5.9.0.1', '10.0.0.4'], false],
  ['10.0.0.4', '0.0.0.0', ['10.0.0.4'], true],
  ['5.9.0.1', '0.0.0.0', ['5.9.0.1', '10.0.0.4'], true],
  ['169.254.0.9', '0.0.0.0', ['169.254.0.9'], false],
  ['2a01:4f8::1', '::', [], true],
])('users of a stranger who come to %s, where the node listens at %s of %j: %s', (host, bindHost, ownHosts, expected) =>
  expect(strangersArriveAt(host, bindHost, () => ownHosts)).toEqual(expected),
)
