import { expect, test } from 'vitest'
import { digestText, readDigest, readLists, readRanges, readWords, wordsText } from '../../src/v2/gossip-words.ts'

const ID = '0123456789abcdef0123456789abcdef'

test('a word takes 30 characters', () => {
  expect(wordsText([{ key: ID, seq: 1_764_289_469_123 }])).toEqual('ASNFZ4mrze8BI0VniavN7wmii4eawz')
})

test.each<[string, unknown, number, unknown]>([
  [
    'of owners and of addresses',
    `ASNFZ4mrze8BI0VniavN7wa 192.0.2.1:80`,
    9,
    [
      { key: ID, seq: 10 },
      { key: '192.0.2.1:80', seq: 0 },
    ],
  ],
  [
    'of which there are too many',
    'h:1 h:2 h:3',
    2,
    [
      { key: 'h:1', seq: 0 },
      { key: 'h:2', seq: 0 },
    ],
  ],
  ['that are none', 'x h h:0 h:1', 9, [{ key: 'h:1', seq: 0 }]],
  ['with another text of the same id', 'ASNFZ4mrze8BI0VniavN7xa', 9, []],
  ['with another text of the same count', 'ASNFZ4mrze8BI0VniavN7w0a', 9, []],
  ['with a count that is too high', `ASNFZ4mrze8BI0VniavN7wzzzzzzzzzzz`, 9, []],
  ['with an address that is not written as it is kept', 'H:1 [::0001]:1', 9, []],
  ['as nothing', '', 9, []],
  ['as a number', 7, 9, []],
])('words %s', (_, text, most, words) => expect(readWords(text, most)).toEqual(words))

test.each([
  [{ count: 0, sum: 0 }, '-'],
  [{ count: 100, sum: 2 ** 52 - 1 }, '2s.18ce53un18f'],
])('the digest %j is written as %s', (digest, text) => expect([digestText(digest), readDigest(text)]).toEqual([text, digest]))

test('digests that are none are null, and a range without all 16 is left out', () => {
  expect(['', '1', '1.', '.1', 'A.1', '1.1.1', 7, null].map(readDigest)).toEqual(Array(8).fill(null))
  const parts = Array(16).fill('-').join(' ')
  expect(
    readRanges([['a', parts], ['b', '- -'], ['G', parts], ['a'.repeat(32), parts], ['', `${parts} -`], 7]).map(({ range }) => range),
  ).toEqual(['a', ''])
})

test('lists hold 4,096 words in all', () => {
  const text = Array.from({ length: 3_000 }, (_, i) => `h:${i + 1}`).join(' ')
  expect(
    readLists([
      ['', text],
      ['a', text],
      ['b', text],
    ]).map(({ words }) => words.length),
  ).toEqual([3_000, 1_096, 0])
})
