import type { Store, StoreNote } from '../../ports.ts'
import { createTableStore } from './table-store.ts'
import { createWishesStore } from './wishes-store.ts'

/** The node's files. `more`: what else of the data directory a person should know, such as that the log can't be written. */
export function createStore({
  tableFile,
  wishesFile,
  more = () => [],
}: {
  readonly tableFile: string
  readonly wishesFile: string
  readonly more?: () => readonly StoreNote[]
}): Store {
  const [table, wishes] = [createTableStore(tableFile), createWishesStore(wishesFile)]
  return { ...table, ...wishes, notes: () => [...table.notes(), ...wishes.notes(), ...more()] }
}
