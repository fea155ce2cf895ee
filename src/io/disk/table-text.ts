// A table file as it is written: in pieces, between which others have a turn, and never in the memory as a whole.
import { createHash } from 'node:crypto'
import type { ByHand } from '../../p2prc/by-hand.ts'
import { tablePieces } from '../../p2prc/table-codec.ts'
import type { StoredTable } from '../../p2prc/table-file.ts'

export interface TableText {
  /** From the start, each time. */
  readonly pieces: () => AsyncIterable<string>
  /** The line on which the row of that number, from 0, begins. Known once all of it was made. */
  readonly lineOf: (row: number) => number
}

/** Made in some 5 ms. */
const PIECE_CHARS = 256 * 1024

export function createTableText(table: StoredTable, byHand: ByHand): TableText {
  // Only rows that a person wrote are ever named by their line; they come last.
  const first = table.rows.length
  const lines: number[] = []
  return {
    pieces: async function* () {
      let [piece, line, row] = ['', 1, -1]
      const counts = byHand.strange.length + byHand.waiting.length > 0
      for (const next of tablePieces(table, byHand)) {
        if (row >= first) lines[row] = line
        if (counts) line += newlinesIn(next)
        row++
        piece += next
        if (piece.length < PIECE_CHARS) continue
        yield piece
        piece = ''
        await pause()
      }
      if (piece !== '') yield piece
    },
    lineOf: (at) => lines[at] ?? 1,
  }
}

/** SHA-256 of the text, in hex. */
export async function hashOf({ pieces }: TableText): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of pieces()) hash.update(piece)
  return hash.digest('hex')
}

const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

function newlinesIn(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}
