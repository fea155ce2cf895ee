// Reading tables as Go's encoding/json reads them, and a little more kindly: keys match whatever their case, `null` and values
// of the wrong type count as absent, unknown keys are left alone, and a syntax error anywhere means no table at all. Kinder
// than Go: numbers may be written as text, ports as numbers, and flags as "True" and "False".
import { isShallow, MAX_FILE_DEPTH, MAX_PEER_DEPTH } from '../domain/json-depth.ts'

export interface Fields {
  /** By lower-case key; of keys that differ only in case, the last that is not `null`. */
  get(key: string): unknown
  /** Whether the row has the key spelled exactly so. */
  spells(key: string): boolean
}

export interface TableLimits {
  /** A longer text is no table. */
  readonly maxChars: number
  /** Nor is one that nests deeper. */
  readonly maxDepth: number
  /** Rows beyond are left out. */
  readonly maxRows: number
}

/** What a stranger may send: more is not from any network of servers that people own. */
export const WIRE_LIMITS: TableLimits = { maxChars: 4 * 1024 * 1024, maxDepth: MAX_PEER_DEPTH, maxRows: 4_096 }
/** What this node or its owner may have written. */
export const FILE_LIMITS: TableLimits = { maxChars: 256 * 1024 * 1024, maxDepth: MAX_FILE_DEPTH, maxRows: 131_072 }

export interface Listed {
  /** What stands under `ip_address`: nothing, for `ip_address: null` and `{}`. */
  readonly list: readonly unknown[]
  /** The other keys. */
  readonly others: Readonly<Record<string, unknown>>
}

/** The table a text holds; null when it holds none. */
export function listIn(text: string, { maxChars, maxDepth }: Omit<TableLimits, 'maxRows'>): Listed | null {
  const value = text.length > maxChars || !isShallow(text, maxDepth) ? undefined : parseJson(text)
  if (!isObject(value)) return null
  const entries = Object.entries(value)
  const listed = entries.findLast(([key]) => isListKey(key))
  if (!listed && entries.length > 0) return null
  const list = listed?.[1] ?? []
  return Array.isArray(list) ? { list, others: Object.fromEntries(entries.filter(([key]) => !isListKey(key))) } : null
}

export const isListKey = (key: string): boolean => key.toLowerCase() === 'ip_address'

/** The rows of a table, as many as the limits let; null when the text holds none. */
export function rowsIn(text: string, limits: TableLimits): readonly Fields[] | null {
  return listIn(text, limits)?.list.slice(0, limits.maxRows).filter(isObject).map(fieldsOf) ?? null
}

/** Undefined: it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

export function fieldsOf(row: object): Fields {
  const spells = (key: string): boolean => Object.hasOwn(row, key)
  // As the node writes them: no two keys differ in case only.
  if (Object.keys(row).every(isLowerCase)) {
    const values: Readonly<Record<string, unknown>> = { ...row }
    return { get: (key) => (spells(key) ? (values[key] ?? undefined) : undefined), spells }
  }
  const values = new Map<string, unknown>()
  for (const [key, value] of Object.entries(row)) if (value !== null) values.set(key.toLowerCase(), value)
  return { get: (key) => values.get(key), spells }
}

const isLowerCase = (key: string): boolean => key.toLowerCase() === key

/** The text under a key; empty when there is none. */
export function textIn(fields: Fields, key: string): string {
  const value = fields.get(key)
  return typeof value === 'string' ? value : ''
}

/** A port as its decimal text, also when it is written as a number; empty when there is none. */
export function portTextIn(fields: Fields, key: string): string {
  const value = fields.get(key)
  return Number.isInteger(value) ? String(value) : textIn(fields, key)
}

/** A number, also when it is written as text; null when it is neither, or not finite. */
export function numberIn(fields: Fields, key: string): number | null {
  const value = fields.get(key)
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** Older P2PRC wrote `"True"` and `"False"`. */
export function flagIn(fields: Fields, key: string): boolean {
  const value = fields.get(key)
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true')
}

/** P2PRC writes 0 for what it has not measured, and nothing measured is 0. */
export const measured = (value: number | null): number | null => (value !== null && value > 0 ? value : null)
