// How gossip writes words and digests: short, since they are most of what nodes with equal tables say.
//
//   a word: its owner's id in base64url, 22 characters, and its count in base 36; or an address, which nobody signs for
//   a digest: how many words in base 36, a point, and their sum in base 36; `-` for none
//   several, of either: parted by spaces
//   a range's digests, or the words in it: [RANGE, TEXT]
import { addressOf, parseAddress } from '../domain/address.ts'
import { recalled } from '../domain/recalled.ts'
import type { RangeParts, RangeWords } from '../domain/table/differences.ts'
import { type Digest, NO_WORDS, PARTS, type Word } from '../domain/table/key-ranges.ts'
import { isId } from './envelope.ts'

/** Words in all lists of one message. */
const MOST_WORDS = 4_096
const MOST_RANGES = 256
const MAX_TEXT = 256 * 1024
const RANGE = /^[0-9a-f]{0,31}$/
const DIGEST = /^([0-9a-z]{1,6})\.([0-9a-z]{1,11})$/
const SIGNED = /^([\w-]{22})([0-9a-z]{1,11})$/

export const wordsText = (words: readonly Word[]): string => words.map(wordText).join(' ')

/** What is none is left out. */
export function readWords(text: unknown, most: number): readonly Word[] {
  if (typeof text !== 'string' || text === '' || text.length > MAX_TEXT) return []
  return text
    .split(' ', most)
    .map(readWord)
    .filter((word) => word !== null)
}

export const digestText = ({ count, sum }: Digest): string => (count === 0 ? '-' : `${count.toString(36)}.${sum.toString(36)}`)

export function readDigest(text: unknown): Digest | null {
  if (text === '-') return NO_WORDS
  const [, count, sum] = typeof text === 'string' ? (DIGEST.exec(text) ?? []) : []
  return count === undefined || sum === undefined ? null : { count: Number.parseInt(count, 36), sum: Number.parseInt(sum, 36) }
}

export const rangesJson = (ranges: readonly RangeParts[]): readonly unknown[] =>
  ranges.map(({ range, parts }) => [range, parts.map(digestText).join(' ')])

export const readRanges = (value: unknown): readonly RangeParts[] =>
  pairsIn(value).flatMap(([range, text]) => {
    const parts = text
      .split(' ', PARTS)
      .map(readDigest)
      .filter((digest) => digest !== null)
    return parts.length === PARTS ? [{ range, parts }] : []
  })

export const listsJson = (lists: readonly RangeWords[]): readonly unknown[] => lists.map(({ range, words }) => [range, wordsText(words)])

export function readLists(value: unknown): readonly RangeWords[] {
  let left = MOST_WORDS
  return pairsIn(value).map(([range, text]) => {
    const words = readWords(text, left)
    left -= words.length
    return { range, words }
  })
}

/** The same ids are written and read in nearly every message. */
const MOST_IDS = 4_096
const MAX_ID_CHARS = 32
const MAX_WORD_CHARS = 34
/** Null: it is no id. */
const idText = recalled((key: string) => (isId(key) ? Buffer.from(key, 'hex').toString('base64url') : null), MOST_IDS, MAX_ID_CHARS)
/** Null: it is not the one way to write an id. */
const idIn = recalled(
  (text: string) => {
    const id = Buffer.from(text, 'base64url').toString('hex')
    return idText(id) === text ? id : null
  },
  MOST_IDS,
  MAX_ID_CHARS,
)

function wordText({ key, seq }: Word): string {
  const id = idText(key)
  return id === null ? key : `${id}${seq.toString(36)}`
}

/** The same word is offered by one after another. */
const readWord = recalled(readWordAnew, MOST_IDS, MAX_WORD_CHARS)

function readWordAnew(text: string): Word | null {
  const [, id, count] = SIGNED.exec(text) ?? []
  if (id === undefined || count === undefined) {
    const at = text.length <= 300 ? parseAddress(text) : null
    return at && addressOf(at.host, at.port) === text ? { key: text, seq: 0 } : null
  }
  const key = idIn(id)
  const seq = Number.parseInt(count, 36)
  // One text for one word.
  return key !== null && Number.isSafeInteger(seq) && seq.toString(36) === count ? { key, seq } : null
}

const pairsIn = (value: unknown): readonly (readonly [string, string])[] =>
  Array.isArray(value)
    ? value.slice(0, MOST_RANGES).flatMap((pair: unknown): readonly (readonly [string, string])[] => {
        const [range, text] = Array.isArray(pair) ? (pair as readonly unknown[]) : []
        return typeof range === 'string' && RANGE.test(range) && typeof text === 'string' && text.length <= MAX_TEXT ? [[range, text]] : []
      })
    : []
