import { expect, test } from 'vitest'
import { readDeaths, readLookAnswer, readLookAsk } from '../../src/v2/indirect-look.ts'

const ID = 'a'.repeat(32)
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const witness = { by: ID, atMs: 5, sig: 'S' }
const death = { id: ID, seq: 1, address: '192.0.2.1:8088', witnesses: [witness] }

test.each<[unknown, ReturnType<typeof readLookAsk>]>([
  [
    { id: ID, address: '192.0.2.1:8088', more: 1 },
    { id: ID, address: '192.0.2.1:8088' },
  ],
  [{ id: 'ash', address: '192.0.2.1:8088' }, null],
  [{ id: ID }, null],
  [{ id: ID, address: 'x'.repeat(301) }, null],
])('a look is asked for by id and address: %j', (value, read) => expect(readLookAsk(bytes(value))).toEqual(read))

test.each<[unknown, ReturnType<typeof readLookAnswer>]>([
  [{ type: 'reached' }, { type: 'reached' }],
  [
    { type: 'missed', atMs: 5, sig: 'S' },
    { type: 'missed', atMs: 5, sig: 'S' },
  ],
  [{ type: 'missed' }, { type: 'busy' }],
  [{ type: 'busy' }, { type: 'busy' }],
  [[], { type: 'busy' }],
])('what is no answer to a look says nothing: %j', (value, read) => expect(readLookAnswer(bytes(value))).toEqual(read))

test.each<[unknown, number, number]>([
  [[death], 1, 1],
  ['none', 0, 0],
  [[{ ...death, id: 'ash' }, death], 1, 1],
  [[{ ...death, witnesses: [witness, { ...witness, by: 'ash' }, { ...witness, atMs: -1 }] }], 1, 1],
  [[{ ...death, witnesses: Array.from({ length: 20 }, () => witness) }], 1, 8],
  [Array.from({ length: 40 }, () => death), 32, 32],
])('of deaths those that are whole are read, and so many at the most', (value, count, witnesses) => {
  const read = readDeaths(value)
  expect([read.length, read.flatMap((one) => one.witnesses).length]).toEqual([count, witnesses])
})
