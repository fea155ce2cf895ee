// What a person should know of the rows that they wrote into the table's file.
import { formatAddress } from '../../domain/address.ts'
import type { ByHand } from '../../p2prc/by-hand.ts'
import type { StoreNote } from '../../ports.ts'

const MAX_NOTES = 10

/** The rows that can't be used. `lineOf`: the line that the strange row of that number has now. */
export function strangeNotes(file: string, { strange }: ByHand, lineOf: (i: number) => number): readonly StoreNote[] {
  if (strange.length === 0) return []
  const fix = 'Mend that row or take it out; it stays in the file as it is, and a mended one is asked after the next start.'
  const notes = strange.slice(0, MAX_NOTES).map(({ why }, i) => ({ text: `${file}, line ${lineOf(i)}: ${why}`, fix }))
  const more = strange.length - notes.length
  return more === 0 ? notes : [...notes, { text: `${file} has ${more} more rows that can't be used`, fix }]
}

/** Those that the node has not taken up. */
export function waitingNotes(file: string, { waiting }: ByHand, lineOf: (i: number) => number): readonly StoreNote[] {
  return waiting.slice(0, MAX_NOTES).map(({ row }, i) => {
    const address = formatAddress(row)
    return {
      text: `${file}, line ${lineOf(i)}: ${address} was written there while the node ran`,
      fix: `It is asked after the next start; \`moonwalk add ${address}\` asks it now.`,
    }
  })
}
