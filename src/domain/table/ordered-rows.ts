// Rows in an order, kept so with every change: finding a place, taking the first, a page in the middle, or those
// that a search finds cost a few steps each, however many rows there are. The values that they are sorted by
// stand beside them: looking at each row would cost the most.
import type { Row } from './row.ts'
import { type RowTexts, rowTexts } from './row-texts.ts'

export interface Ranked {
  readonly size: number
  /** So many from a place on. */
  slice(from: number, count: number): readonly Row[]
  /** All in their order. What changes meanwhile may be missed, or met twice. */
  values(): IterableIterator<Row>
}

export interface Order<Value extends number | string> {
  /** Null: it is not known, and the row comes last. */
  readonly valueIn: (row: Row) => Value | null
  readonly compare: (one: Value, other: Value) => number
  /** Of rows with the same value. Never 0 for two of them. */
  readonly among: (one: Row, other: Row) => number
}

export interface Page {
  readonly rows: readonly Row[]
  /** How many there are on all pages. */
  readonly total: number
}

interface Chunk<Value> {
  readonly rows: Row[]
  readonly values: (Value | null)[]
  /** What a search looks at; null: it has changed since, or was never asked for. */
  texts: RowTexts | null
}

/** A longer one is parted: what moves with one change stays small. */
const MOST_IN_CHUNK = 512
/** Room for some more in each, where all are put in at once. */
const FILLED_CHUNK = 384

export class OrderedRows<Value extends number | string> implements Ranked {
  readonly #order: Order<Value>
  /** None is empty. */
  readonly #chunks: Chunk<Value>[] = []
  #size = 0
  /** `sorted`: rows in that order. */
  constructor(order: Order<Value>, sorted: readonly Row[] = []) {
    this.#order = order
    this.#size = sorted.length
    for (let from = 0; from < sorted.length; from += FILLED_CHUNK) {
      const rows = sorted.slice(from, from + FILLED_CHUNK)
      this.#chunks.push({ rows, values: rows.map(order.valueIn), texts: null })
    }
  }
  get size(): number {
    return this.#size
  }
  /** A row came, went, or became another: as it was, and as it is. Null: it is not among these. */
  replace(before: Row | null, after: Row | null): void {
    if (before !== null && after !== null && this.#compare(before, after) === 0) this.#put(after)
    else {
      if (before !== null) this.#delete(before)
      if (after !== null) this.#insert(after)
    }
  }
  slice(from: number, count: number): readonly Row[] {
    const found: Row[] = []
    let skip = from
    for (const { rows } of this.#chunks) {
      if (found.length >= count) break
      if (skip < rows.length) found.push(...rows.slice(skip, skip + count - found.length))
      skip = Math.max(0, skip - rows.length)
    }
    return found
  }
  /** So many from a place on of those whose text holds `part`, which is as `searchPart` makes it. */
  search(part: string, from: number, count: number): Page {
    const found: Row[] = []
    let total = 0
    for (const chunk of this.#chunks) {
      chunk.texts ??= rowTexts(chunk.rows)
      for (let at = chunk.texts.next(part, 0); at >= 0; at = chunk.texts.next(part, at + 1)) {
        const row = chunk.rows[at]
        if (row !== undefined && total >= from && found.length < count) found.push(row)
        total++
      }
    }
    return { rows: found, total }
  }
  *values(): IterableIterator<Row> {
    for (const { rows } of this.#chunks) yield* rows
  }
  #compare(one: Row, other: Row): number {
    const { valueIn, among } = this.#order
    return this.#compareValues(valueIn(one), valueIn(other)) || among(one, other)
  }
  #compareValues(one: Value | null, other: Value | null): number {
    if (one === other) return 0
    return one === null ? 1 : other === null ? -1 : this.#order.compare(one, other)
  }
  #put(row: Row): void {
    const { chunk, at } = this.#placeOf(row)
    const before = chunk?.rows[at]
    if (chunk === undefined || before === undefined) return
    chunk.rows[at] = row
    if (before.record !== row.record) chunk.texts = null
  }
  #delete(row: Row): void {
    const { chunk, index, at } = this.#placeOf(row)
    if (chunk?.rows[at]?.key !== row.key) return
    chunk.rows.splice(at, 1)
    chunk.values.splice(at, 1)
    chunk.texts = null
    this.#size--
    if (chunk.rows.length === 0) this.#chunks.splice(index, 1)
  }
  #insert(row: Row): void {
    this.#size++
    const { chunk, index, at } = this.#placeOf(row)
    const value = this.#order.valueIn(row)
    if (chunk === undefined) return void this.#chunks.push({ rows: [row], values: [value], texts: null })
    chunk.rows.splice(at, 0, row)
    chunk.values.splice(at, 0, value)
    chunk.texts = null
    const half = chunk.rows.length >> 1
    if (chunk.rows.length > MOST_IN_CHUNK)
      this.#chunks.splice(index + 1, 0, { rows: chunk.rows.splice(half), values: chunk.values.splice(half), texts: null })
  }
  /** Where it stands, or would stand. No chunk: there is none at all. */
  #placeOf(row: Row): { readonly chunk: Chunk<Value> | undefined; readonly index: number; readonly at: number } {
    const value = this.#order.valueIn(row)
    const isBehind = ({ rows, values }: Chunk<Value>, at: number): boolean => {
      const compared = this.#compareValues(values[at] ?? null, value)
      const other = rows[at]
      return compared !== 0 || other === undefined ? compared >= 0 : this.#order.among(other, row) >= 0
    }
    const found = firstPlace(this.#chunks.length, (i) => {
      const chunk = this.#chunks[i]
      return chunk !== undefined && isBehind(chunk, chunk.rows.length - 1)
    })
    const index = Math.min(this.#chunks.length - 1, found)
    const chunk = this.#chunks[index]
    return { chunk, index, at: chunk === undefined ? 0 : firstPlace(chunk.rows.length, (i) => isBehind(chunk, i)) }
  }
}

/** The first of so many places in order for which it holds, or their number. */
export function firstPlace(count: number, holds: (place: number) => boolean): number {
  let [from, to] = [0, count]
  while (from < to) {
    const middle = (from + to) >> 1
    if (holds(middle)) to = middle
    else from = middle + 1
  }
  return from
}
