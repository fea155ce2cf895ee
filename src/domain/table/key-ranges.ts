// The words that a table passes on, in ranges of their keys, with a digest of each range that is kept with every change. Two tables
// that hold the same words have the same digests, and where they differ a few steps down find the words that do.
import { fnv1a } from '../fnv1a.ts'

/** A word is known by its owner's key and the owner's count of it; 0 where nobody counts. */
export interface Word {
  readonly key: string
  readonly seq: number
}

/** Of some words: how many, and a sum over them. */
export interface Digest {
  readonly count: number
  readonly sum: number
}

/** Ranges are named by the hex digits that all places in them begin with; '' is all. */
export interface Words {
  readonly digest: Digest
  /** The digests of a range's 16 parts, in order. */
  partsOf(range: string): readonly Digest[]
  in(range: string): IterableIterator<Word>
}

interface PlacedWord extends Word {
  readonly place: string
  readonly hash: number
}

export const NO_WORDS: Digest = { count: 0, sum: 0 }
export const PARTS = 16
const MODULUS = 2 ** 52
/** Words in a bucket, on the average, before each is parted. */
const MOST_IN_BUCKET = 512
const MOST_DEPTH = 3
const ID = /^[0-9a-f]{32}$/

export const isSame = (one: Digest, other: Digest): boolean => one.count === other.count && one.sum === other.sum

/** Ids are hashes already, and stand evenly; so do the hashes of addresses. */
export const placeOf = (key: string): string => (ID.test(key) ? key : fnv1a(key).toString(16).padStart(8, '0'))

/** Over key and count alone: all who hold a word with that count hold the same one. Twice 32 bits, of which 52 are kept. */
const hashOf = ({ key, seq }: Word): number => (fnv1a(`${seq} ${key}`) & 0xfffff) * 2 ** 32 + fnv1a(`${key} ${seq}`)

export class KeyRanges implements Words {
  /** How many digits of its place say in which bucket a word is. */
  #depth = 1
  #buckets: (Map<string, PlacedWord> | undefined)[] = []
  #digests: (Digest | undefined)[] = []
  #digest = NO_WORDS
  get digest(): Digest {
    return this.#digest
  }
  /** As a word was, and as it is. Null: it is none of these. */
  replace(before: Word | null, after: Word | null): void {
    if (before?.key === after?.key && before?.seq === after?.seq) return
    if (before !== null) this.#delete(before.key)
    if (after === null) return
    this.#put({ key: after.key, seq: after.seq, place: placeOf(after.key), hash: hashOf(after) })
    if (this.#depth < MOST_DEPTH && this.#digest.count > MOST_IN_BUCKET * PARTS ** this.#depth) this.#part()
  }
  partsOf(range: string): readonly Digest[] {
    const [first, count] = this.#bucketsOf(range)
    if (range.length < this.#depth) {
      const parts: Digest[] = Array.from({ length: PARTS }, () => NO_WORDS)
      for (let i = 0; i < count; i++) {
        const part = Math.floor((i * PARTS) / count)
        parts[part] = sumOf(parts[part] ?? NO_WORDS, this.#digests[first + i] ?? NO_WORDS)
      }
      return parts
    }
    const counts = new Array<number>(PARTS).fill(0)
    const sums = new Array<number>(PARTS).fill(0)
    for (const { place, hash } of this.#buckets[first]?.values() ?? []) {
      if (!place.startsWith(range)) continue
      const part = digitOf(place.charCodeAt(range.length))
      counts[part] = (counts[part] ?? 0) + 1
      sums[part] = ((sums[part] ?? 0) + hash) % MODULUS
    }
    return counts.map((many, part) => (many === 0 ? NO_WORDS : { count: many, sum: sums[part] ?? 0 }))
  }
  *in(range: string): IterableIterator<Word> {
    for (const { key, seq } of this.#placedIn(range)) yield { key, seq }
  }
  *#placedIn(range: string): IterableIterator<PlacedWord> {
    const [first, count] = this.#bucketsOf(range)
    for (let i = first; i < first + count; i++)
      for (const word of this.#buckets[i]?.values() ?? []) if (word.place.startsWith(range)) yield word
  }
  /** The first bucket with words of the range, and how many there are. */
  #bucketsOf(range: string): readonly [number, number] {
    const digits = range.slice(0, this.#depth)
    const count = PARTS ** (this.#depth - digits.length)
    return [(digits === '' ? 0 : Number.parseInt(digits, PARTS)) * count, count]
  }
  #delete(key: string): void {
    const [index] = this.#bucketsOf(placeOf(key))
    const word = this.#buckets[index]?.get(key)
    if (word === undefined) return
    this.#buckets[index]?.delete(key)
    this.#add(index, { count: -1, sum: MODULUS - word.hash })
  }
  #put(word: PlacedWord): void {
    const [index] = this.#bucketsOf(word.place)
    const bucket = this.#buckets[index] ?? new Map<string, PlacedWord>()
    this.#buckets[index] = bucket.set(word.key, word)
    this.#add(index, { count: 1, sum: word.hash })
  }
  #add(index: number, more: Digest): void {
    this.#digests[index] = sumOf(this.#digests[index] ?? NO_WORDS, more)
    this.#digest = sumOf(this.#digest, more)
  }
  #part(): void {
    const words = [...this.#placedIn('')]
    this.#depth++
    this.#buckets = []
    this.#digests = []
    this.#digest = NO_WORDS
    for (const word of words) this.#put(word)
  }
}

/** Of a lower-case hex digit, by its code; 0 behind the end of a place. */
const digitOf = (code: number): number => (code >= 0x61 ? code - 0x57 : code >= 0x30 ? code - 0x30 : 0)

const sumOf = (one: Digest, other: Digest): Digest => ({ count: one.count + other.count, sum: (one.sum + other.sum) % MODULUS })
