import { expect, test } from 'vitest'
import { UNPLACED } from '../../src/domain/coordinates.ts'
import { firstLook } from '../../src/domain/first-look.ts'
import type { PeerRecord } from '../../src/domain/record.ts'
import { newRow, type Row } from '../../src/domain/table/row.ts'
import { signedBy } from '../records.ts'

const HERE = { ...UNPLACED, error: 0.1 }
const place = (ms: number, error = 0.1) => ({ ...HERE, at: [ms, 0, 0, 0, 0, 0, 0, 0], error })
const row = (id: string, other: Partial<PeerRecord> = {}): Row => newRow(id, signedBy(id, `192.0.2.${id.length}:8088`, other), 1, null)
const NAT = { via: 'oak', offersTurn: false }

test.each<[string, readonly Row[], number, string | null]>([
  ['nobody where there is none', [], 0, null],
  ['the first where nothing is told', [row('ash'), row('elm')], 99, 'ash'],
  ['the nearest by what they tell', [row('ash'), row('elm', { place: place(40) }), row('fir', { place: place(20) })], 99, 'fir'],
  ['not by an estimate that says little', [row('ash', { place: place(40) }), row('elm', { place: place(1, 1) })], 99, 'ash'],
  ['who could be a TURN, while few are known', [row('ash', { ...NAT, place: place(1) }), row('elm')], 7, 'elm'],
  ['the nearest once enough are', [row('ash', { ...NAT, place: place(1) }), row('elm')], 8, 'ash'],
  ['any where none could', [row('ash', NAT)], 0, 'ash'],
])('%s', (_, rows, turns, expected) => expect(firstLook(rows, { turns, here: HERE })?.key ?? null).toEqual(expected))
