// What one table answers to what another tells of its words: digests of the ranges that differ, lists of
// the words in a small range, words that the other may want, and words that are wanted. Both ends do the
// same with what comes, until there is nothing to say any more.
import { type Digest, isSame, NO_WORDS, PARTS, placeOf, type Word, type Words } from './key-ranges.ts'

/** The digests of a range's 16 parts, as the teller's table has them. */
export interface RangeParts {
  readonly range: string
  readonly parts: readonly Digest[]
}

/** All words that the teller's table has in a range. */
export interface RangeWords {
  readonly range: string
  readonly words: readonly Word[]
}

export interface Comparison {
  readonly ranges: readonly RangeParts[]
  readonly lists: readonly RangeWords[]
  /** Words that the teller can give. */
  readonly offers: readonly Word[]
}

export interface Answered extends Comparison {
  /** Words that the other is to give. */
  readonly wants: readonly Word[]
  /** Something that differs was left for later. */
  readonly isCut: boolean
}

/**
 * What this table makes of a word that another has. `new`: nothing is known of its owner; `later`: an earlier word is. `held`: there
 * is nothing to learn. A word: this table can give this later one.
 */
export type Judgement = 'new' | 'later' | 'held' | Word

interface Bounds {
  /** So many of the words that are wanted may be of owners that this table knows nothing of. */
  readonly room: number
  /** In [0, 1): where to begin in what is more than one message holds, so that nothing waits behind the same words every time. */
  readonly fraction: number
}

/** A range with no more words is listed. */
const MOST_LISTED = 16
/** Bounds of one message. */
export const MOST_RANGES = 32
export const MOST_LISTS = 128
export const MOST_OFFERS = 128
export const MOST_WANTS = 128
/** Deeper, a range is not parted: whoever grinds ids to stand side by side gets lists of them. */
const MOST_DIGITS = 8

/** The first thing to say where the digests of all differ, or may. */
export const differing = (mine: Words): Comparison =>
  mine.digest.count <= MOST_LISTED
    ? { ranges: [], lists: [{ range: '', words: [...mine.in('')] }], offers: [] }
    : { ranges: [{ range: '', parts: mine.partsOf('') }], lists: [], offers: [] }

/** What to say to `theirs`. Nothing at all: as far as they told, there is nothing to learn or to give. */
export function answerTo(mine: Words, theirs: Comparison, judge: (word: Word) => Judgement, { room, fraction }: Bounds): Answered {
  const ranges: RangeParts[] = []
  const lists: RangeWords[] = []
  const offers = new Map<string, Word>()
  const wants = new Map<string, Word>()
  let [left, isCut] = [room, false]

  const offer = (word: Word): void => {
    if (offers.size < MOST_OFFERS) offers.set(word.key, word)
    else isCut = true
  }
  const consider = (word: Word): void => {
    const judged = judge(word)
    if (judged === 'held' || wants.has(word.key)) return
    if (typeof judged === 'object') return offer(judged)
    if (wants.size >= MOST_WANTS || (judged === 'new' && left <= 0)) isCut = true
    else {
      wants.set(word.key, word)
      if (judged === 'new') left--
    }
  }
  const compare = (range: string, here: Digest, there: Digest): void => {
    if (isSame(here, there)) return
    if (there.count === 0) for (const word of turned([...mine.in(range)], fraction)) offer(word)
    else if (here.count <= MOST_LISTED || range.length >= MOST_DIGITS) {
      if (lists.length < MOST_LISTS) lists.push({ range, words: turned([...mine.in(range)], fraction).slice(0, MOST_OFFERS) })
      else isCut = true
    } else if (ranges.length < MOST_RANGES) ranges.push({ range, parts: mine.partsOf(range) })
    else isCut = true
  }

  for (const { range, parts } of turned(theirs.ranges, fraction)) {
    const here = mine.partsOf(range)
    for (let i = 0; i < PARTS; i++) compare(range + i.toString(PARTS), here[i] ?? NO_WORDS, parts[i] ?? NO_WORDS)
  }
  for (const word of theirs.offers) consider(word)
  for (const { range, words } of theirs.lists) {
    for (const word of words) if (placeOf(word.key).startsWith(range)) consider(word)
    const listed = new Set(words.map(({ key }) => key))
    for (const word of turned([...mine.in(range)], fraction)) if (!listed.has(word.key)) offer(word)
  }
  return { ranges, lists, offers: [...offers.values()], wants: [...wants.values()], isCut }
}

/** The same in the same order, beginning elsewhere. */
function turned<T>(list: readonly T[], fraction: number): readonly T[] {
  const first = Math.floor(list.length * fraction)
  return [...list.slice(first), ...list.slice(0, first)]
}
