// A table file as it is written: in pieces, between which others have a turn, and never in the memory as a whole.
import { createHash } from 'node:crypto'
import type { ByHand } from '../../p2prc/by-hand.ts'
import type { StoredPlace } from '../../p2prc/table-changes.ts'
import { tablePieces } from '../../p2prc/table-codec.ts'
import type { StoredRow, StoredRows, TableToWrite } from '../../p2prc/table-file.ts'

export interface TableText {
  /** From the start, each time. */
  readonly pieces: () => AsyncIterable<string>
  /** Of what the pieces came to the last time that all of them were made. */
  readonly made: () => MadeText
}

export interface MadeText {
  /** SHA-256 of the text, in hex. */
  readonly hash: string
  /** Which servers it holds. */
  readonly places: readonly StoredPlace[]
  /** The line on which the row of that number, from 0, begins. */
  readonly lineOf: (row: number) => number
}

/** Made in some 5 ms. */
const PIECE_CHARS = 256 * 1024
const NOTHING: MadeText = { hash: '', places: [], lineOf: () => 1 }

export function createTableText({ rows }: TableToWrite, byHand: ByHand): TableText {
  // Only rows that a person wrote are ever named by their line; they come last.
  const first = rows.length
  const counts = byHand.strange.length + byHand.waiting.length > 0
  let made = NOTHING
  return {
    pieces: async function* () {
      const [hash, lines, places]: [ReturnType<typeof createHash>, number[], StoredPlace[]] = [createHash('sha256'), [], []]
      let [piece, line, row] = ['', 1, -1]
      for (const next of tablePieces({ rows: seenOf(rows, places) }, byHand)) {
        if (row >= first) lines[row] = line
        if (counts) line += newlinesIn(next)
        row++
        piece += next
        if (piece.length < PIECE_CHARS) continue
        hash.update(piece)
        yield piece
        piece = ''
        await pause()
      }
      hash.update(piece)
      made = { hash: hash.digest('hex'), places, lineOf: (at) => lines[at] ?? 1 }
      if (piece !== '') yield piece
    },
    made: () => made,
  }
}

/** The same rows; notes where each is as its turn comes. */
const seenOf = (rows: StoredRows, places: StoredPlace[]): StoredRows => ({
  length: rows.length,
  *[Symbol.iterator](): Generator<StoredRow> {
    for (const row of rows) {
      const { id, host, port } = row
      places.push({ id, host, port })
      yield row
    }
  },
})

/** What the text comes to, without keeping any of it. */
export async function madeOf(text: TableText): Promise<MadeText> {
  for await (const _ of text.pieces());
  return text.made()
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
