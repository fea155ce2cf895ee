// What a person wrote into the table's file beyond what the node keeps there: it goes back into the file with every write.
import { formatAddress } from '../domain/address.ts'
import type { StoredRow, StoredTable, TableToWrite } from './table-file.ts'

export interface ByHand {
  /** Fields of rows that the node has no use for. */
  readonly fields: readonly OwnFields[]
  /** Rows that can't be used. */
  readonly strange: readonly StrangeRow[]
  /** Rows that were written while the node ran, which the table does not have yet. */
  readonly waiting: readonly { readonly row: StoredRow; readonly raw: unknown }[]
  /** Keys beside `ip_address`. */
  readonly others: Readonly<Record<string, unknown>>
}

/** A person's fields for one server, found by its id, else by its address. */
export interface OwnFields {
  readonly id: string | null
  readonly host: string
  readonly port: number
  readonly name: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface StrangeRow {
  /** As it stands in the file. */
  readonly raw: unknown
  /** A clause with the row's name, such as `"cellar" has no usable port ("80 88")`. */
  readonly why: string
}

export const NOTHING_BY_HAND: ByHand = { fields: [], strange: [], waiting: [], others: {} }

const isId = (text: string | null): boolean => text !== null && /^[0-9a-f]{32}$/.test(text)
const placeOf = ({ host, port }: { readonly host: string; readonly port: number }): string => formatAddress({ host, port })

/** Whether both are the same server, as far as that can be told. */
function isSame(one: Pick<StoredRow, 'id' | 'host' | 'port'>, other: Pick<StoredRow, 'id' | 'host' | 'port'>): boolean {
  if (isId(one.id) && isId(other.id)) return one.id === other.id
  return placeOf(one) === placeOf(other)
}

/** Finds rows by id or address. */
function finder<T extends Pick<StoredRow, 'id' | 'host' | 'port'>>(
  list: readonly T[],
): (row: Pick<StoredRow, 'id' | 'host' | 'port'>) => T | null {
  const byId = new Map(list.map((one) => [one.id, one]))
  const byPlace = new Map(list.map((one) => [placeOf(one), one]))
  return (row) => {
    const found = (isId(row.id) ? byId.get(row.id) : undefined) ?? byPlace.get(placeOf(row))
    return found && isSame(found, row) ? found : null
  }
}

/**
 * What a person wrote, brought up to the table that is about to be written: fields follow a server to its id and to its new
 * address, and a row that the table has by now waits no longer.
 */
export function upToDate(byHand: ByHand, { rows }: TableToWrite): ByHand {
  if (byHand.fields.length === 0 && byHand.waiting.length === 0) return byHand
  const inTable = finder([...rows])
  const fields = byHand.fields.map((own) => {
    const row = inTable(own)
    return row ? { ...own, id: row.id ?? own.id, host: row.host, port: row.port, name: row.name } : own
  })
  return { ...byHand, fields, waiting: byHand.waiting.filter(({ row }) => inTable(row) === null) }
}

/** A person's fields for each row, and those whose server is in none. */
export function fieldsByRow(
  byHand: ByHand,
  { rows }: TableToWrite,
): { readonly of: (row: StoredRow) => OwnFields | null; readonly absent: readonly OwnFields[] } {
  if (byHand.fields.length === 0) return { of: () => null, absent: [] }
  const inTable = finder([...rows])
  const waits = finder(byHand.waiting.map(({ row }) => row))
  return { of: finder(byHand.fields), absent: byHand.fields.filter((own) => inTable(own) === null && waits(own) === null) }
}

type Places = { readonly rows: readonly Pick<StoredRow, 'id' | 'host' | 'port'>[] }

/** Whether a server is none of those. */
export function notIn({ rows }: Places): (row: Pick<StoredRow, 'id' | 'host' | 'port'>) => boolean {
  const known = finder(rows)
  return (row) => known(row) === null
}

/**
 * The file was changed by somebody else since the node wrote `before`: rows in it that were not in that table are a person's, and
 * wait until the table has them.
 */
export function edited(
  found: { readonly table: StoredTable; readonly raws: ReadonlyMap<StoredRow, unknown>; readonly byHand: ByHand },
  before: Places,
): ByHand {
  const isNew = notIn(before)
  const waiting = found.table.rows.flatMap((row) => (isNew(row) ? [{ row, raw: found.raws.get(row) }] : []))
  return { ...found.byHand, waiting }
}
