import { describe, expect, test } from 'vitest'
import { NO_MEMBER, seedFault, seedFix, strangerFault } from '../../src/domain/seed-fault.ts'

describe('why a known address did not let this node in', () => {
  test.each([
    ['refused', 'connection refused', { reason: 'refused', why: 'connection refused' }],
    ['timeout', 'it did not answer in time', { reason: 'timeout', why: 'it did not answer in time' }],
    ['unreachable', 'its name is not known', { reason: 'unreachable', why: 'its name is not known' }],
    ['reset', 'connection reset', { reason: 'other', why: 'connection reset' }],
  ])('is what the network says: %s', (reason, text, expected) => expect(seedFault(reason, text)).toEqual(expected))

  test.each([
    [
      'private',
      NO_MEMBER,
      { reason: 'foreign', why: 'it is in another network, or has another secret than the invitation that was given' },
    ],
    [
      'private',
      'it speaks another protocol (EPROTO)',
      { reason: 'stranger', why: 'what answers there is no server of this network (it speaks another protocol (EPROTO))' },
    ],
    ['open', null, { reason: 'stranger', why: 'what answers there is no server of an open network' }],
    ['open', 'connection reset', { reason: 'stranger', why: 'what answers there is no server of an open network (connection reset)' }],
  ] as const)('is who answers there instead: %s, %s', (kind, why, expected) => expect(strangerFault(kind, why)).toEqual(expected))

  test('comes with what to do, other for each reason', () => {
    const reasons = ['refused', 'timeout', 'unreachable', 'withheld', 'foreign', 'stranger', 'other'] as const
    expect(new Set(reasons.map((reason) => seedFix({ reason, why: '' }))).size).toEqual(reasons.length)
  })
})
