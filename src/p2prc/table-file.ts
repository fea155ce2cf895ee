// The IP table as it lies on disk: readable and editable by a person.
import type { P2prcFields } from '../domain/record.ts'

export type { P2prcFields }

/** One row. `null` means not measured yet.. */
export interface StoredRow {
  readonly id: string | null
  readonly name: string
  /** Host without port or brackets: v4, v6 or a name. */
  readonly host: string
  readonly port: number
  /** Milliseconds. */
  readonly latency: number | null
  /** Mbit/s. */
  readonly download: number | null
  /** Mbit/s. */
  readonly upload: number | null
  /** ISO time of the speed test that gave both; null: not known. */
  readonly speedAt: string | null
  /** ISO time of the last proof that it answers. */
  readonly lastSeen: string | null
  /** The owner's signed record, as it came; null for P2PRC rows. */
  readonly envelope: string | null
  /** What P2PRC knows of it, in its own names, kept to be told on faithfully. */
  readonly p2prc: P2prcFields | null
}

export interface StoredTable {
  readonly rows: readonly StoredRow[]
}

/** A table that is to be written. Of a large one each row is made when its turn comes, and anew each time: all at once would be as much again. */
export interface TableToWrite {
  readonly rows: StoredRows
}

export interface StoredRows extends Iterable<StoredRow> {
  readonly length: number
}
