import { describe, expect, test } from 'vitest'
import { type Digest, KeyRanges, NO_WORDS, placeOf, type Word } from '../../src/domain/table/key-ranges.ts'
import { SeededRandom } from '../sim/chance.ts'

const random = new SeededRandom(7)
const idOf = (): string => Buffer.from(random.bytes(16)).toString('hex')
const words: readonly Word[] = Array.from({ length: 9_000 }, (_, i) => ({
  key: i % 9 === 0 ? `10.0.${i >> 8}.${i & 255}:80` : idOf(),
  seq: i % 9,
}))

const rangesOf = (all: readonly Word[]): KeyRanges => {
  const ranges = new KeyRanges()
  for (const word of all) ranges.replace(null, word)
  return ranges
}
const sumOf = (digests: readonly Digest[]): Digest =>
  digests.reduce((sum, one) => ({ count: sum.count + one.count, sum: (sum.sum + one.sum) % 2 ** 52 }), NO_WORDS)
/** What is asked of ranges, worked out anew. */
const digestOf = (range: string, all: readonly Word[]): Digest => rangesOf(all.filter(({ key }) => placeOf(key).startsWith(range))).digest

describe('digests', () => {
  test('are the same for the same words, in whatever order they came and whatever was there meanwhile', () => {
    const other = rangesOf(words.toReversed())
    other.replace(null, { key: 'gone:1', seq: 0 })
    other.replace({ key: 'gone:1', seq: 0 }, null)
    expect(other.digest).toEqual(rangesOf(words).digest)
  })
  test('differ by one word more, one less, and another count of the same', () => {
    const [first, ...rest] = words
    const moved = { key: first?.key ?? '', seq: 99 }
    const digests = [words, rest, [...rest, moved], [...words, { key: 'x:1', seq: 0 }]].map((all) => rangesOf(all).digest.sum)
    expect(new Set(digests).size).toEqual(4)
  })
  test('of none are none', () => {
    const ranges = rangesOf(words.slice(0, 5))
    for (const word of words.slice(0, 5)) ranges.replace(word, null)
    expect([ranges.digest, ranges.partsOf(''), [...ranges.in('')]]).toEqual([NO_WORDS, Array(16).fill(NO_WORDS), []])
  })
  test.each([0, 10, 600, 9_000])('of 16 parts are one range, at each depth, with %d words', (count) => {
    const some = words.slice(0, count)
    const ranges = rangesOf(some)
    for (const range of ['', 'a', '0f', '3c1', '77aa'])
      expect([sumOf(ranges.partsOf(range)), ranges.partsOf(range)[5]]).toEqual([digestOf(range, some), digestOf(`${range}5`, some)])
  })
})

test('a range holds the words whose places begin with it', () => {
  const ranges = rangesOf(words)
  for (const range of ['', 'b', '0f', '3c1'])
    expect([...ranges.in(range)].map(({ key }) => key).toSorted()).toEqual(
      words
        .filter(({ key }) => placeOf(key).startsWith(range))
        .map(({ key }) => key)
        .toSorted(),
    )
})

test('the same word again changes nothing', () => {
  const ranges = rangesOf(words.slice(0, 3))
  const before = ranges.digest
  const [first] = words
  if (first) ranges.replace(first, { ...first })
  expect(ranges.digest).toBe(before)
})

test.each([
  ['0123456789abcdef0123456789abcdef', '0123456789abcdef0123456789abcdef'],
  ['192.0.2.1:8088', '96994a9e'],
])('the place of %s is %s', (key, place) => expect(placeOf(key)).toEqual(place))
