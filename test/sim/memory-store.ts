import type { StoredTable } from '../../src/p2prc/table-file.ts'
import type { Store } from '../../src/ports.ts'

/** A disk that outlives the host's processes. */
export class MemoryStore implements Store {
  table: StoredTable
  /** What `read` says was set aside. */
  note: string | null = null
  writes = 0
  /** Nothing can be written: the file stays as it is, and nobody is told, as with the real store. */
  isFull = false

  constructor(table: StoredTable = { rows: [] }) {
    this.table = table
  }

  readonly read = (): Promise<{ readonly table: StoredTable; readonly note: string | null }> =>
    Promise.resolve({ table: this.table, note: this.note })

  readonly write = (table: StoredTable): Promise<void> => {
    if (this.isFull) return Promise.resolve()
    this.table = table
    this.writes++
    return Promise.resolve()
  }
}
