import type { Store, StoreNote } from '../../ports.ts'
import { createHistoryStore } from './history-store.ts'
import { createLeaseStore } from './lease-store.ts'
import { createOperatorStore } from './operator-store.ts'
import { createSpendingStore } from './spending-store.ts'
import { createTableStore } from './table-store.ts'

/** The node's files. `more`: what else of the data directory a person should know, such as that the log can't be written. */
export function createStore({
  tableFile,
  followsTableLink,
  operatorFile,
  leaseFile,
  spendingFile,
  historyFile,
  more = () => [],
}: {
  readonly tableFile: string
  /** The table lies outside of the data directory, and may be a link. */
  readonly followsTableLink: boolean
  readonly operatorFile: string
  readonly leaseFile: string
  readonly spendingFile: string
  readonly historyFile: string
  readonly more?: () => readonly StoreNote[]
}): Store {
  const [table, operatorChanges] = [createTableStore(tableFile, { followsLink: followsTableLink }), createOperatorStore(operatorFile)]
  const spending = createSpendingStore(spendingFile)
  return {
    ...table,
    ...operatorChanges,
    ...createLeaseStore(leaseFile),
    ...spending,
    ...createHistoryStore(historyFile),
    notes: () => [...table.notes(), ...operatorChanges.notes(), ...spending.notes(), ...more()],
  }
}
