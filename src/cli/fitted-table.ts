// Tables as wide as the terminal: columns go by their rank, then what may be cut is cut. Where lines have no end nothing goes.
import { tame } from '../domain/tame.ts'
import { painted } from './terminal.ts'
import { padded, textWidth, within } from './text-width.ts'

export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => string
  /** The highest goes first; 0 stays. */
  readonly rank: number
  /** To so many characters, with `…`, once no column can go. */
  readonly least?: number
  /** To so many before a column goes. */
  readonly fair?: number
  readonly colour?: (row: Row) => Parameters<typeof painted>[1] | null
}

const GAP = 2
const cut = (text: string, most: number): string => (textWidth(text) <= most ? text : `${within(text, most - 1)}…`)

/** `width`: characters of a line. What strangers wrote is tamed. */
export function fittedTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number, isColoured = false): string {
  let shown = columns.map((column) => ({ column, cells: [column.head, ...rows.map((row) => tame(column.cell(row)))], most: 0 }))
  for (const one of shown) one.most = Math.max(...one.cells.map(textWidth))
  const total = (): number => shown.reduce((sum, { most }) => sum + most, GAP * (shown.length - 1))
  const cutTo = (bound: 'fair' | 'least'): void => {
    for (const one of shown) one.most = Math.max(Math.min(one.most, one.column[bound] ?? one.most), one.most - Math.max(0, total() - width))
  }
  cutTo('fair')
  while (total() > width) {
    const rank = Math.max(...shown.map(({ column }) => column.rank))
    if (rank === 0) break
    shown = shown.filter(({ column }) => column.rank !== rank)
  }
  cutTo('least')
  return Array.from({ length: rows.length + 1 }, (_, at) =>
    shown
      .map(({ column, cells, most }, i) => {
        const text = cut(cells[at] ?? '', most)
        const row = at === 0 ? undefined : rows[at - 1]
        const colour = row === undefined ? null : (column.colour?.(row) ?? null)
        const filled = i === shown.length - 1 ? text : padded(text, most)
        return colour === null ? filled : painted(filled, colour, isColoured)
      })
      .join(' '.repeat(GAP)),
  ).join('\n')
}

/** Names and what they stand for, long lines going on below themselves, broken between words. */
export function fittedPairs(pairs: readonly (readonly string[])[], width: number): string {
  const wide = Math.max(0, ...pairs.map(([name = '']) => textWidth(tame(name))))
  const room = Math.max(20, width - wide - GAP)
  return pairs
    .flatMap(([name = '', text = '']) =>
      broken(tame(text), room).map((line, i) => `${padded(i === 0 ? tame(name) : '', wide)}${' '.repeat(GAP)}${line}`),
    )
    .join('\n')
}

/** A word that is longer than a line stays whole: it may be one to copy. */
export function broken(text: string, room: number): readonly string[] {
  if (textWidth(text) <= room) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && textWidth(line) + 1 + textWidth(word) > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
