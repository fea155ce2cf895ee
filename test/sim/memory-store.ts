import type { SpeedSpending } from '../../src/domain/speed-budget.ts'
import { type TableChanges, withChanges } from '../../src/p2prc/table-changes.ts'
import type { StoredTable, TableToWrite } from '../../src/p2prc/table-file.ts'
import {
  NO_OPERATOR_CHANGES,
  type OperatorChanges,
  type Store,
  type StoredLease,
  type StoreFailure,
  type StoreNote,
} from '../../src/ports.ts'

/** A disk that outlives the host's processes. */
export class MemoryStore implements Store {
  table: StoredTable
  operatorChanges: OperatorChanges = NO_OPERATOR_CHANGES
  leases: readonly StoredLease[] = []
  spending: SpeedSpending | 'damaged' = []
  history = ''
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

  readonly write = async ({ rows }: TableToWrite): Promise<StoreFailure | null> => {
    if (this.failure) return this.failure
    this.table = { rows: [...rows] }
    this.writes++
    return null
  }

  /** Changes that were kept beside the table. */
  appended = 0
  readonly append = async (changes: TableChanges): Promise<StoreFailure | null> => {
    if (this.failure) return this.failure
    this.table = withChanges(this.table, changes)
    this.appended += changes.rows.length + changes.gone.length
    return null
  }

  readonly readOperatorChanges = async (): ReturnType<Store['readOperatorChanges']> => ({
    operatorChanges: this.operatorChanges,
    notes: [],
  })

  readonly writeOperatorChanges = async (operatorChanges: OperatorChanges): Promise<StoreFailure | null> => {
    if (this.failure === null) this.operatorChanges = operatorChanges
    return this.failure
  }

  readonly readLeases = async (): Promise<readonly StoredLease[]> => this.leases

  readonly writeLeases = async (leases: readonly StoredLease[]): Promise<StoreFailure | null> => {
    if (this.failure === null) this.leases = leases
    return this.failure
  }

  readonly readSpeedSpending = async (): Promise<SpeedSpending | 'damaged'> => this.spending

  readonly writeSpeedSpending = async (spending: SpeedSpending): Promise<StoreFailure | null> => {
    if (this.failure === null) this.spending = spending
    return this.failure
  }

  readonly readHistory = async (): Promise<string> => this.history

  readonly writeHistory = async (text: string): Promise<StoreFailure | null> => {
    if (this.failure === null) this.history = text
    return this.failure
  }

  readonly notes = (): readonly StoreNote[] => (this.note ? [this.note] : [])
}
