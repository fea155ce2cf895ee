// What a search looks at: the texts of many rows in one, which is read many times as fast as row by row.
import type { Row } from './row.ts'

export interface RowTexts {
  /** The place of the first row from that place on whose text holds it; -1: there is none. */
  next(part: string, from: number): number
}

const [BETWEEN_ROWS, BETWEEN_FIELDS] = ['\n', '\t']

/** As it is looked for: in whatever case, and never across two fields. */
export const searchPart = (search: string): string => search.toLowerCase().replaceAll(/[\n\t]/g, ' ')

/** Name, address and id of each. */
export function rowTexts(rows: readonly Pick<Row, 'record'>[]): RowTexts {
  const texts = rows.map(textOf)
  const text = texts.join(BETWEEN_ROWS)
  /** Where each begins; behind the last one where all end. */
  const starts = new Uint32Array(rows.length + 1)
  for (const [i, { length }] of texts.entries()) starts[i + 1] = (starts[i] ?? 0) + length + BETWEEN_ROWS.length
  return {
    next: (part, from) => {
      const hit = text.indexOf(part, starts[from])
      if (hit < 0 || from >= rows.length) return -1
      let at = from
      while (hit >= (starts[at + 1] ?? 0)) at++
      return at
    },
  }
}

/** Whether the text of one row holds it. */
export const textHolds = (row: Pick<Row, 'record'>, part: string): boolean => textOf(row).includes(part)

const textOf = ({ record: { id, name, address } }: Pick<Row, 'record'>): string =>
  [searchPart(name), address, id ?? ''].join(BETWEEN_FIELDS)
