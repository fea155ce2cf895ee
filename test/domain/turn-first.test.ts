import { expect, test } from 'vitest'
import { newRow, type Row } from '../../src/domain/table/row.ts'
import { TURN_FIRST_FOR } from '../../src/domain/timings.ts'
import { isTurnsTurn } from '../../src/domain/turn-first.ts'
import { signedBy } from '../records.ts'

const HEARD = { source: 'elm', atMs: 1_000 }
const turn = newRow('ash', signedBy('ash', '192.0.2.1:8088'), 1, HEARD)
const home = newRow('home', signedBy('home', '192.0.2.1:20001', { via: 'ash' }), 2, HEARD)

test.each<[string, boolean, Row, Row | undefined, number]>([
  ['is its TURN’s turn where both are only heard of', true, home, turn, 1_000],
  ['is so until it was heard of for long', true, home, turn, 1_000 + TURN_FIRST_FOR - 1],
  ['is its own then', false, home, turn, 1_000 + TURN_FIRST_FOR],
  ['is its own where its TURN is not in the table', false, home, undefined, 1_000],
  ['is its own where its TURN has answered', false, home, { ...turn, state: 'alive' }, 1_000],
  ['is its TURN’s where others alone have reached that', true, home, { ...turn, state: 'alive', told: ['elm', 'oak'] }, 1_000],
  ['is its own where it is listed', false, { ...home, state: 'alive' }, turn, 1_000],
  ['is its own where it stands in the file', false, { ...home, heard: null }, turn, 1_000],
  [
    'is its own where its TURN stands at another IP address',
    false,
    home,
    { ...turn, record: { ...turn.record, address: '192.0.2.2:8088' } },
    1_000,
  ],
])('the next try at the address of a row that is reached through a TURN %s', (_, expected, row, its, wallMs) => {
  expect(isTurnsTurn(row, its, wallMs)).toEqual(expected)
})
