// Rows that are only heard of. Anybody can tell of any number, so each source has a share of them, and all together have one.
import { type Heard, isUnproven, type Row } from './table/row.ts'
import { MOST_UNPROVEN, MOST_UNPROVEN_A_SOURCE, MOST_UNSIGNED, UNPROVEN_TURN } from './timings.ts'

/** What may be asked of them. */
export interface Unproven {
  /** How many more rows a source may tell of. Without a name: as many as all together may. */
  roomOf(source: string | null): number
  /** Whether a source's word was left out because too many wait already. */
  isFull(source: string): boolean
}

/** The unproven rows of a table, kept with every change. */
export class UnprovenRows implements Unproven {
  /** Those that wait longest come first. */
  readonly #waiting = new Map<string, Row>()
  readonly #bySource = new Map<string, number>()
  #unsigned = 0
  /** As a row was, and as it is. One that waits keeps its place. */
  replace(before: Row | null, after: Row | null): void {
    if (before?.record.id === null) this.#unsigned--
    if (after?.record.id === null) this.#unsigned++
    const [was, is] = [before !== null && isUnproven(before), after !== null && isUnproven(after)]
    if (before !== null && was) this.#count(before, -1)
    if (after !== null && is) this.#count(after, 1)
    if (after !== null && is) this.#waiting.set(after.key, after)
    else if (before !== null && was) this.#waiting.delete(before.key)
  }
  roomOf(source: string | null): number {
    return source === null ? MOST_UNPROVEN : Math.max(0, MOST_UNPROVEN_A_SOURCE - (this.#bySource.get(source) ?? 0))
  }
  isFull(source: string): boolean {
    return this.roomOf(source) === 0 || this.#waiting.size >= MOST_UNPROVEN
  }
  /**
   * Room for one that is heard of now. `refused`: there is none. A row: it waits longest, and makes room. Null: there is room.
   * `owner`: it speaks for itself, so it need not wait until those before it have had their turn.
   */
  roomFor({ source, atMs }: Heard, is: { readonly unsigned: boolean; readonly owner: boolean }): Row | 'refused' | null {
    if (source !== null && this.roomOf(source) === 0) return 'refused'
    if (is.unsigned && this.#unsigned >= MOST_UNSIGNED) {
      for (const row of this.#waiting.values()) if (row.record.id === null) return row
      return 'refused'
    }
    if (this.#waiting.size < MOST_UNPROVEN) return null
    const [longest] = this.#waiting.values()
    return longest && (is.owner || atMs - (longest.heard?.atMs ?? 0) >= UNPROVEN_TURN) ? longest : 'refused'
  }
  #count({ heard }: Row, sign: 1 | -1): void {
    const source = heard?.source
    if (source == null) return
    const count = (this.#bySource.get(source) ?? 0) + sign
    if (count === 0) this.#bySource.delete(source)
    else this.#bySource.set(source, count)
  }
}
