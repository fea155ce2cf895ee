// What changed in a table since its file was written: lines of JSON beside the file.
import { formatAddress } from '../domain/address.ts'
import { isObject, parseJson } from './lenient.ts'
import { rowFrom, rowObject } from './table-codec.ts'
import type { StoredRow, StoredTable } from './table-file.ts'

/** Whom a row is about. */
export type StoredPlace = Pick<StoredRow, 'id' | 'host' | 'port'>

export interface TableChanges {
  /** As they are now. */
  readonly rows: readonly StoredRow[]
  readonly gone: readonly StoredPlace[]
}

const keyOf = ({ id, host, port }: StoredPlace): string => id ?? formatAddress({ host, port })

/** The table after that. A row that is new comes last. */
export function withChanges({ rows }: StoredTable, changes: TableChanges): StoredTable {
  if (changes.rows.length + changes.gone.length === 0) return { rows }
  const byKey = new Map(rows.map((row) => [keyOf(row), row]))
  for (const place of changes.gone) byKey.delete(keyOf(place))
  for (const row of changes.rows) byKey.set(keyOf(row), row)
  return { rows: [...byKey.values()] }
}

/** A line each. */
export const changeLines = ({ rows, gone }: TableChanges): string =>
  [
    ...gone.map(({ id, host, port }) => ({ gone: { id, ipv4: host, 'port no': String(port) } })),
    ...rows.map((row) => ({ row: rowObject(row) })),
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('')

/** What the lines come to, and how many of their characters are whole lines: the last one may have been cut off by a crash. */
export function readChangeLines(text: string): TableChanges & { readonly wholeChars: number } {
  const [rows, gone] = [new Map<string, StoredRow>(), new Map<string, StoredPlace>()]
  let at = 0
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
    const change = parseJson(text.slice(at, end))
    if (!isObject(change)) break
    const [row, place] = [rowIn(change, 'row'), rowIn(change, 'gone')]
    if (row === null && place === null) break
    at = end + 1
    if (row !== null) {
      rows.set(keyOf(row), row)
    } else if (place !== null) {
      rows.delete(keyOf(place))
      gone.set(keyOf(place), { id: place.id, host: place.host, port: place.port })
    }
  }
  return { rows: [...rows.values()], gone: [...gone.values()], wholeChars: at }
}

function rowIn(change: object, key: 'row' | 'gone'): StoredRow | null {
  const value: unknown = Object.entries(change).find(([name]) => name === key)?.[1]
  return value === undefined ? null : rowFrom(value)
}
