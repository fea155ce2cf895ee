// Rows in order of latency, then of address, kept so with every change: finding a place, taking the first and taking a page in the middle
// cost a few steps, however many rows there are.
import type { Row } from './row.ts'

export interface Ranked {
  readonly size: number
  /** So many from a place on, the nearest first. */
  slice(from: number, count: number): readonly Row[]
  /** Those for which it holds, the nearest first. */
  filter(holds: (row: Row) => boolean): readonly Row[]
  /** All, the nearest first. What changes meanwhile may be missed, or met twice. */
  values(): IterableIterator<Row>
}

/** A longer one is parted: what moves with one change stays small. */
const MOST_IN_CHUNK = 512

export class RankedRows implements Ranked {
  /** None is empty. */
  readonly #chunks: Row[][] = []
  #size = 0
  get size(): number {
    return this.#size
  }
  /** A row came, went, or became another: as it was, and as it is. Null: it is not among these. */
  replace(before: Row | null, after: Row | null): void {
    if (before !== null && after !== null && byRank(before, after) === 0) this.#put(after)
    else {
      if (before !== null) this.#delete(before)
      if (after !== null) this.#insert(after)
    }
  }
  slice(from: number, count: number): readonly Row[] {
    const found: Row[] = []
    let skip = from
    for (const chunk of this.#chunks) {
      if (found.length >= count) break
      if (skip < chunk.length) found.push(...chunk.slice(skip, skip + count - found.length))
      skip = Math.max(0, skip - chunk.length)
    }
    return found
  }
  filter(holds: (row: Row) => boolean): readonly Row[] {
    const found: Row[] = []
    for (const chunk of this.#chunks) for (const row of chunk) if (holds(row)) found.push(row)
    return found
  }
  *values(): IterableIterator<Row> {
    for (const chunk of this.#chunks) yield* chunk
  }
  #put(row: Row): void {
    const { chunk, at } = this.#placeOf(row)
    if (chunk[at] !== undefined) chunk[at] = row
  }
  #delete(row: Row): void {
    const { chunk, index, at } = this.#placeOf(row)
    if (chunk[at]?.key !== row.key) return
    chunk.splice(at, 1)
    this.#size--
    if (chunk.length === 0) this.#chunks.splice(index, 1)
  }
  #insert(row: Row): void {
    this.#size++
    if (this.#chunks.length === 0) return void this.#chunks.push([row])
    const { chunk, index, at } = this.#placeOf(row)
    chunk.splice(at, 0, row)
    if (chunk.length > MOST_IN_CHUNK) this.#chunks.splice(index + 1, 0, chunk.splice(chunk.length >> 1))
  }
  /** Where it stands, or would stand. */
  #placeOf(row: Row): { readonly chunk: Row[]; readonly index: number; readonly at: number } {
    const last = this.#chunks.length - 1
    const index = Math.min(
      last,
      firstIndex(this.#chunks, (chunk) => byRank(chunk.at(-1) ?? row, row) >= 0),
    )
    const chunk = this.#chunks[index] ?? []
    return { chunk, index, at: firstIndex(chunk, (one) => byRank(one, row) >= 0) }
  }
}

/** The first of a sorted list for which it holds, or the list's length. */
export function firstIndex<T>(list: readonly T[], holds: (one: T) => boolean): number {
  let [from, to] = [0, list.length]
  while (from < to) {
    const middle = (from + to) >> 1
    const one = list[middle]
    if (one !== undefined && holds(one)) to = middle
    else from = middle + 1
  }
  return from
}

/** By latency, who was never measured last; then by address, then by key. */
export function byRank(a: Row, b: Row): number {
  const [ms, otherMs] = [a.latency.rttMs ?? Number.POSITIVE_INFINITY, b.latency.rttMs ?? Number.POSITIVE_INFINITY]
  if (ms !== otherMs) return ms < otherMs ? -1 : 1
  return a.record.address.localeCompare(b.record.address) || (a.key === b.key ? 0 : a.key < b.key ? -1 : 1)
}
