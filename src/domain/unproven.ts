// Rows that are only heard of. Anybody can tell of any number, so each source has a share of them, and all together have one.
import type { IpTable, Row } from './ip-table.ts'
import { MOST_UNPROVEN, MOST_UNPROVEN_A_SOURCE, MOST_UNSIGNED, UNPROVEN_TURN } from './timings.ts'

/** Who told of a row that is not proven, and since when (wall time) it waits. `source`: an IP address or an id; null: this node itself, or a person. */
export interface Heard {
  readonly source: string | null
  readonly atMs: number
}

type Standing = Pick<Row, 'state' | 'stored' | 'lastProofMs'>

/** Told by others and never seen: what stands in the file, or has only moved, is known by more than that. */
export const isUnproven = ({ state, stored, lastProofMs }: Standing): boolean =>
  state === 'unknown' && stored === null && lastProofMs === null

/** How many more rows a source may tell of, as the table stands. Without a name: as many as all together may. */
export function roomFor({ rows }: Pick<IpTable, 'rows'>, source: string | null): number {
  if (source === null) return MOST_UNPROVEN
  let room = MOST_UNPROVEN_A_SOURCE
  for (const row of rows.values()) if (isUnproven(row) && row.heard?.source === source) room--
  return Math.max(0, room)
}

/** Whether a source's word was left out because too many wait already. */
export const isFull = (table: Pick<IpTable, 'rows'>, source: string): boolean =>
  roomFor(table, source) === 0 || [...table.rows.values()].filter(isUnproven).length >= MOST_UNPROVEN

/** The unproven rows of a table that is being rewritten, counted once. */
export class UnprovenRows {
  /** Those that wait longest come first. */
  readonly #waiting = new Map<string, Row>()
  readonly #bySource = new Map<string, number>()
  #unsigned = 0
  constructor(rows: ReadonlyMap<string, Row>) {
    for (const row of rows.values()) this.add(row)
  }
  /** A row that came. */
  add(row: Row): void {
    if (row.record.id === null) this.#unsigned++
    if (!isUnproven(row)) return
    this.#waiting.set(row.key, row)
    const source = row.heard?.source
    if (source != null) this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + 1)
  }
  /** A row that went. */
  delete(row: Row): void {
    if (row.record.id === null) this.#unsigned--
    if (!this.#waiting.delete(row.key)) return
    const source = row.heard?.source
    if (source != null) this.#bySource.set(source, (this.#bySource.get(source) ?? 0) - 1)
  }
  /**
   * Room for one that is heard of now. `refused`: there is none. A row: it waits longest, and makes room. Null: there is room.
   * `owner`: it speaks for itself, so it need not wait until those before it have had their turn.
   */
  roomFor({ source, atMs }: Heard, is: { readonly unsigned: boolean; readonly owner: boolean }): Row | 'refused' | null {
    if (source !== null && (this.#bySource.get(source) ?? 0) >= MOST_UNPROVEN_A_SOURCE) return 'refused'
    if (is.unsigned && this.#unsigned >= MOST_UNSIGNED) {
      for (const row of this.#waiting.values()) if (row.record.id === null) return row
      return 'refused'
    }
    if (this.#waiting.size < MOST_UNPROVEN) return null
    const [longest] = this.#waiting.values()
    return longest && (is.owner || atMs - (longest.heard?.atMs ?? 0) >= UNPROVEN_TURN) ? longest : 'refused'
  }
}
