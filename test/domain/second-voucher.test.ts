import { describe, expect, test } from 'vitest'
import type { PeerRecord } from '../../src/domain/record.ts'
import { secondVoucher } from '../../src/domain/second-voucher.ts'
import { NOT_MEASURED, newRow, type Row } from '../../src/domain/table/row.ts'
import type { Vouch } from '../../src/domain/vouches.ts'
import { signedBy } from '../records.ts'

const SELF = 'm'
const by = (...ids: readonly string[]): Pick<PeerRecord, 'vouches'> => ({
  vouches: ids.map((id): Vouch => ({ by: id, atS: 1, sig: `${id} signs` })),
})
/** Reached by this node itself. */
const proven = (id: string, record: Partial<PeerRecord> = {}): Row => ({ ...heard(id, record), state: 'alive' })
/** Only heard of. */
const heard = (id: string, record: Partial<PeerRecord> = {}): Row =>
  newRow(id, signedBy(id, `192.0.2.${id.charCodeAt(0)}:8088`, record), 1, { source: null, atMs: 0 })
const chosen = (askable: readonly Row[], all: readonly Row[] = askable): string | null => secondVoucher(askable, all, SELF)?.key ?? null

describe('a node that starts asks', () => {
  test.each<[string, readonly Row[], readonly Row[], string | null]>([
    ['nobody where there is nobody', [], [], null],
    ['the one there is', [proven('z')], [], 'z'],
    [
      'whom most are vouched for by',
      [proven('a'), proven('b'), proven('c')],
      [proven('w', by('c', 'b')), proven('x', by('b', 'a')), proven('y', by('b', 'c'))],
      'b',
    ],
    ['also where that one comes last and has the greatest id', [proven('a'), proven('b'), proven('z')], [proven('x', by('z'))], 'z'],
    ['of equals that with the least id', [proven('c'), proven('a'), proven('b')], [], 'a'],
    [
      'of those that equally many are vouched for by that with the least id',
      [proven('a'), proven('d'), proven('c'), proven('b')],
      [heard('w', by('d', 'b')), heard('x', by('b')), heard('y', by('d', 'c'))],
      'b',
    ],
    [
      'of those that may be asked alone, whoever else vouches',
      [proven('b'), proven('c')],
      [proven('w', by('a', 'c')), proven('x', by('a'))],
      'c',
    ],
  ])('%s', (_, askable, all, expected) => expect(chosen(askable, all)).toEqual(expected))
})

describe('it does not ask', () => {
  test.each<[string, Row]>([
    ['who has no id', { ...proven('a'), record: { ...proven('a').record, id: null } }],
    ['who is behind a TURN', proven('a', { via: 'b' })],
    ['who was silent', { ...proven('a'), strikes: 1 }],
    ['who stands in the file alone', { ...proven('a'), stored: NOT_MEASURED }],
    ['who may ask it at the same moment: not reached yet, of a greater id, and not vouched for', heard('n')],
    ['nor with one vouch', heard('n', by('a'))],
    ['nor where it is listed by word alone', { ...proven('n', by('a')), told: ['a', 'b'] }],
  ])('%s, however many it vouches for', (_, row) => {
    const all = [heard('w', by('a', 'n')), heard('x', by('a', 'n'))]
    expect([chosen([row], all), chosen([row, proven('z')], all)]).toEqual([null, 'z'])
  })
})

describe('it does ask', () => {
  test.each<[string, Row]>([
    ['who is not reached yet and lacks vouches, of a lesser id: that one waits to be asked', heard('l')],
    ['who is not reached yet and is vouched for by enough', heard('n', by('a', 'b'))],
    ['who is listed by word alone and is vouched for by enough', { ...proven('n', by('a', 'b')), told: ['a', 'b'] }],
    ['who is reached, of a greater id', proven('n')],
  ])('%s', (_, row) => expect(chosen([row])).toEqual(row.key))
})
