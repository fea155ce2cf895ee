import type { StoredTable } from '../../src/p2prc/table-file.ts'
import { NO_WISHES, type Store, type StoreFailure, type StoreNote, type Wishes } from '../../src/ports.ts'

/** A disk that outlives the host's processes. */
export class MemoryStore implements Store {
  table: StoredTable
  wishes: Wishes = NO_WISHES
  /** What `read` says was set aside. */
  note: string | null = null
  /** While set, every write answers this and keeps nothing. */
  failure: StoreFailure | null = null
  writes = 0

  constructor(table: StoredTable = { rows: [] }) {
    this.table = table
  }

  readonly read = (): Promise<{ readonly table: StoredTable; readonly note: string | null }> =>
    Promise.resolve({ table: this.table, note: this.note })

  readonly write = (table: StoredTable): Promise<void> => {
    this.table = table
    this.writes++
    return Promise.resolve()
  }

  readonly readWishes = (): Promise<{ readonly wishes: Wishes; readonly notes: readonly StoreNote[] }> =>
    Promise.resolve({ wishes: this.wishes, notes: [] })

  readonly writeWishes = (wishes: Wishes): Promise<StoreFailure | null> => {
    if (this.failure === null) this.wishes = wishes
    return Promise.resolve(this.failure)
  }
}
