import { expect, test } from 'vitest'
import { peerHref, readRoute } from '../../dashboard/route.ts'

test.each([
  ['', { page: 'overview' }],
  ['#/', { page: 'overview' }],
  ['#/day', { page: 'day' }],
  ['#/map', { page: 'map' }],
  ['#/machines', { page: 'machines' }],
  ['#/nonsense', { page: 'overview' }],
  ['#/peer/', { page: 'overview' }],
  ['#/peer/%', { page: 'overview' }],
  ['#token=abc', { page: 'overview' }],
  [peerHref('203.0.113.7:8088'), { page: 'peer', peer: '203.0.113.7:8088' }],
  [peerHref('[2001:db8::1]:80/x?y#z'), { page: 'peer', peer: '[2001:db8::1]:80/x?y#z' }],
])('%s is a page', (hash, expected) => expect(readRoute(hash)).toEqual(expected))
