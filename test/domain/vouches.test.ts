import { describe, expect, test } from 'vitest'
import { VOUCH_COUNTS, VOUCH_SKEW } from '../../src/domain/timings.ts'
import { isEnough, isVouchFresh, isWorthSaying, type Vouch, type Voucher, withVouch } from '../../src/domain/vouches.ts'

const HOUR = 3_600_000
const NOW = 100 * 24 * HOUR
const vouch = (by: string, agoMs = 0): Vouch => ({ by, atS: (NOW - agoMs) / 1_000, sig: '' })
const voucher = (id: string, host: string, isProven: boolean): Voucher => ({ id, address: `${host}:8088`, isProven })

test.each<[string, number, boolean]>([
  ['of now', 0, true],
  ['of yesterday', VOUCH_COUNTS - 1_000, true],
  ['that is older', VOUCH_COUNTS, false],
  ['of a clock that is a little ahead', 1_000 - VOUCH_SKEW, true],
  ['of the future', -VOUCH_SKEW, false],
])('a vouch %s', (_, agoMs, expected) => expect(isVouchFresh(vouch('ash', agoMs), NOW)).toEqual(expected))

describe('who vouch are enough', () => {
  const [near, far] = ['192.0.2.1', '192.0.2.2']
  test.each<[string, 'private' | 'open', readonly Voucher[], boolean]>([
    ['nobody', 'private', [], false],
    ['one', 'private', [voucher('ash', near, true)], false],
    ['one, twice', 'private', [voucher('ash', near, true), voucher('ash', near, true)], false],
    ['two, one of whom was reached', 'private', [voucher('ash', near, true), voucher('elm', near, false)], true],
    ['two who are listed by word alone', 'private', [voucher('ash', near, false), voucher('elm', far, false)], false],
    ['of an open network two at one IP address', 'open', [voucher('ash', near, true), voucher('elm', near, true)], false],
    ['of an open network two at two', 'open', [voucher('ash', near, true), voucher('elm', far, false)], true],
    ['of an open network two on the loopback', 'open', [voucher('ash', '127.0.0.1', true), voucher('elm', '127.0.0.1', false)], true],
    ['of an open network one at two', 'open', [voucher('ash', near, true), voucher('ash', far, true)], false],
    ['of an open network two in one /64', 'open', [voucher('ash', '[2001:db8::1]', true), voucher('elm', '[2001:db8::2]', true)], false],
  ])('%s', (_, kind, vouchers, expected) => expect(isEnough(vouchers, kind, false)).toEqual(expected))

  test.each<[string, readonly Voucher[], boolean]>([
    ['two who are listed by word alone', [voucher('ash', near, false), voucher('elm', far, false)], true],
    ['two at one IP address', [voucher('ash', near, false), voucher('elm', near, false)], false],
    ['one', [voucher('ash', near, true)], false],
  ])('where this node has reached it elsewhere: %s', (_, vouchers, expected) => expect(isEnough(vouchers, 'open', true)).toEqual(expected))
})

test.each<[string, readonly Vouch[], Vouch, readonly Vouch[]]>([
  ['the first', [], vouch('ash'), [vouch('ash')]],
  ['a later one of the same takes its place', [vouch('ash', HOUR), vouch('elm')], vouch('ash'), [vouch('ash'), vouch('elm')]],
  ['a fourth is not needed', [vouch('ash'), vouch('elm'), vouch('fir')], vouch('oak'), [vouch('ash'), vouch('elm'), vouch('fir')]],
  ['those that count no more make room', [vouch('ash', VOUCH_COUNTS), vouch('elm')], vouch('oak'), [vouch('elm'), vouch('oak')]],
])('with one more: %s', (_, before, one, after) => expect(withVouch(before, one, NOW)).toEqual(after))

test.each<[string, readonly Vouch[], readonly Vouch[], boolean]>([
  ['there are enough now', [], [vouch('ash'), vouch('elm')], true],
  ['one is not enough', [], [vouch('ash')], false],
  ['a third says no more', [vouch('ash'), vouch('elm')], [vouch('ash'), vouch('elm'), vouch('oak')], false],
  [
    'younger ones say no more while those that were said are young',
    [vouch('ash', HOUR), vouch('elm', HOUR)],
    [vouch('ash'), vouch('elm')],
    false,
  ],
  ['they do when those are half as old as counts', [vouch('ash', 12 * HOUR), vouch('elm', HOUR)], [vouch('ash'), vouch('elm')], true],
  [
    'what was said grows old, and there is nothing younger',
    [vouch('ash', 12 * HOUR), vouch('elm')],
    [vouch('ash', 12 * HOUR), vouch('elm')],
    false,
  ],
])('a word of their own: %s', (_, said, known, expected) => expect(isWorthSaying(said, known, NOW)).toEqual(expected))
