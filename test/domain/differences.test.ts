import { describe, expect, test } from 'vitest'
import {
  type Answered,
  answerTo,
  type Comparison,
  differing,
  type Judgement,
  MOST_OFFERS,
  MOST_WANTS,
} from '../../src/domain/table/differences.ts'
import { isSame, KeyRanges, type Word } from '../../src/domain/table/key-ranges.ts'
import { SeededRandom } from '../sim/chance.ts'

const random = new SeededRandom(11)
const idOf = (): string => Buffer.from(random.bytes(16)).toString('hex')
const wordsOf = (count: number): readonly Word[] => Array.from({ length: count }, () => ({ key: idOf(), seq: 5 }))

/** A table that takes whatever is later than what it has. */
function holder(words: readonly Word[]) {
  const ranges = new KeyRanges()
  const held = new Map<string, number>()
  const take = (word: Word): void => {
    const before = held.get(word.key)
    ranges.replace(before === undefined ? null : { key: word.key, seq: before }, word)
    held.set(word.key, word.seq)
  }
  for (const word of words) take(word)
  const judge = ({ key, seq }: Word): Judgement => {
    const mine = held.get(key)
    return mine === undefined ? 'new' : mine < seq ? 'later' : mine > seq ? { key, seq: mine } : 'held'
  }
  return { ranges, held, take, judge }
}
type Holder = ReturnType<typeof holder>

/** One talks to the other until there is nothing to say. Answers how many messages that took, and what travelled in them. */
function talk(one: Holder, other: Holder, room = 10_000) {
  let [from, to] = [other, one]
  let said: Comparison & Pick<Answered, 'wants'> = { ranges: [], lists: [], offers: [], wants: [] }
  if (!isSame(one.ranges.digest, other.ranges.digest)) said = { ...differing(other.ranges), wants: [] }
  const sums = { messages: 1, digests: 0, listed: 0, offered: 0, given: 0 }
  while (said.ranges.length + said.lists.length + said.offers.length + said.wants.length > 0 && sums.messages < 100) {
    sums.messages++
    sums.digests += 16 * said.ranges.length
    sums.listed += said.lists.reduce((sum, { words }) => sum + words.length, 0)
    sums.offered += said.offers.length
    const answered = answerTo(to.ranges, said, to.judge, { room, fraction: 0.5 })
    for (const { key } of said.wants) {
      const seq = to.held.get(key)
      if (seq !== undefined) from.take({ key, seq })
      sums.given++
    }
    said = answered
    ;[from, to] = [to, from]
  }
  return sums
}

const common = wordsOf(3_000)
const later = common.slice(0, 3).map(({ key }) => ({ key, seq: 9 }))
const extra = wordsOf(4)

test.each<[string, readonly Word[], readonly Word[], readonly number[]]>([
  ['that are the same', common, common, [1, 0, 0, 0, 0]],
  ['of which one lacks a word', common.slice(0, 100), common.slice(0, 99), [4, 16, 5, 0, 1]],
  ['of which both have words the other lacks', [...common, ...extra.slice(0, 2)], [...common, ...extra.slice(2)], [6, 64, 46, 2, 4]],
  ['of which one has later words', [...common, ...later], common, [6, 48, 37, 3, 3]],
  ['of which one is empty', [], common.slice(0, 100), [5, 16, 0, 100, 100]],
])('two tables %s find what differs, and nothing else travels', (_, one, other, expected) => {
  const [here, there] = [holder(one), holder(other)]
  const { messages, digests, listed, offered, given } = talk(here, there)
  expect([messages, digests, listed, offered, given]).toEqual(expected)
  expect(isSame(here.ranges.digest, there.ranges.digest)).toEqual(true)
})

describe('an answer', () => {
  const mine = holder(common.slice(0, 2_000))
  const nothing: Comparison = { ranges: [], lists: [], offers: [] }
  test('offers so many words, and other ones the next time', () => {
    const offersAt = (fraction: number): readonly Word[] => {
      const { offers, isCut } = answerTo(mine.ranges, { ...nothing, lists: [{ range: '', words: [] }] }, mine.judge, { room: 9, fraction })
      expect(isCut).toEqual(true)
      return offers
    }
    const [first, second] = [offersAt(0), offersAt(0.5)]
    expect([first.length, second.length, new Set([...first, ...second].map(({ key }) => key)).size]).toEqual([
      MOST_OFFERS,
      MOST_OFFERS,
      2 * MOST_OFFERS,
    ])
  })
  test('wants no more new words than there is room for, and later ones of known owners besides', () => {
    const offers = [...wordsOf(3), ...common.slice(0, 2).map(({ key }) => ({ key, seq: 9 }))]
    const { wants, isCut } = answerTo(mine.ranges, { ...nothing, offers }, mine.judge, { room: 2, fraction: 0 })
    expect([wants, isCut]).toEqual([[...offers.slice(0, 2), ...offers.slice(3)], true])
  })
  test('wants so many at the most', () => {
    const { wants } = answerTo(mine.ranges, { ...nothing, offers: wordsOf(500) }, mine.judge, { room: 999, fraction: 0 })
    expect(wants.length).toEqual(MOST_WANTS)
  })
  test('is given the later word where an earlier one was offered', () => {
    const [word] = common
    const answered = answerTo(mine.ranges, { ...nothing, offers: word ? [{ ...word, seq: 1 }] : [] }, mine.judge, { room: 9, fraction: 0 })
    expect(answered).toEqual({ ...nothing, offers: [word], wants: [], isCut: false })
  })
  test('is none to words of which there is nothing to learn, and to words outside the range they are listed in', () => {
    const [word] = common
    const stray = { key: `f${'0'.repeat(31)}`, seq: 1 }
    const lists = [{ range: '0', words: [...mine.ranges.in('0'), stray] }]
    expect(answerTo(mine.ranges, { ...nothing, lists, offers: word ? [word] : [] }, mine.judge, { room: 9, fraction: 0 })).toEqual({
      ...nothing,
      wants: [],
      isCut: false,
    })
  })
  test('to whoever has nothing in a range offers what is there, and asks for no list', () => {
    const parts = mine.ranges.partsOf('').map((part, i) => (i === 3 ? { count: 0, sum: 0 } : part))
    const { ranges, lists, offers } = answerTo(mine.ranges, { ...nothing, ranges: [{ range: '', parts }] }, mine.judge, {
      room: 9,
      fraction: 0,
    })
    expect([ranges, lists, offers.every(({ key }) => key.startsWith('3')), offers.length > 99]).toEqual([[], [], true, true])
  })
})
