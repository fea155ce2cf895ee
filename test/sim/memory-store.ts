import type { StoredTable } from '../../src/p2prc/table-file.ts'
import { NO_WISHES, type Store, type StoreFailure, type StoreNote, type Wishes } from '../../src/ports.ts'

/** A disk that outlives the host's processes. */
export class MemoryStore implements Store {
  table: StoredTable
  wishes: Wishes = NO_WISHES
  /** What `read` says was set aside. */
  note: StoreNote | null = null
  /** While set, every write answers this and keeps nothing: a full disk. */
  failure: StoreFailure | null = null
  /** Writes of the table that were kept. */
  writes = 0

  constructor(table: StoredTable = { rows: [] }) {
    this.table = table
  }

  readonly read = async (): ReturnType<Store['read']> => ({ table: this.table, notes: this.notes() })

  readonly write = async (table: StoredTable): Promise<StoreFailure | null> => {
    if (this.failure) return this.failure
    this.table = table
    this.writes++
    return null
  }

  readonly readWishes = async (): ReturnType<Store['readWishes']> => ({ wishes: this.wishes, notes: [] })

  readonly writeWishes = async (wishes: Wishes): Promise<StoreFailure | null> => {
    if (this.failure === null) this.wishes = wishes
    return this.failure
  }

  readonly notes = (): readonly StoreNote[] => (this.note ? [this.note] : [])
}
