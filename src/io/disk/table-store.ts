// The table on disk: lowdb over an adapter that syncs. A crash at any moment leaves the old file or the new one, and beside it
// the one before (`.bak`) for the day the file is damaged by something else. What a person writes into the file stays in it.
import { stat } from 'node:fs/promises'
import { type Adapter, Low } from 'lowdb'
import { edited, NOTHING_BY_HAND, notIn, upToDate } from '../../p2prc/by-hand.ts'
import { type TableChanges, withChanges } from '../../p2prc/table-changes.ts'
import type { StoredRow, StoredTable, TableToWrite } from '../../p2prc/table-file.ts'
import type { Store, StoreFailure, StoreNote } from '../../ports.ts'
import { errorText, placeOf } from './durable-file.ts'
import { writeWithCopy } from './last-good-copy.ts'
import { createTableJournal } from './table-journal.ts'
import { strangeNotes, waitingNotes } from './table-notes.ts'
import { readTable } from './table-reading.ts'
import { createTableText, madeOf } from './table-text.ts'

type TableStore = Pick<Store, 'read' | 'write' | 'append' | 'notes'>

const EMPTY: TableToWrite = { rows: [] }
/** A text of more rows is written though it may be the one that is there: to find out would be to make it twice. */
const MOST_COMPARED = 2_000

/** As this process last saw the file. */
interface Seen {
  /** Of its text; empty where there is no file. */
  readonly hash: string
  /** Which servers it held. */
  readonly rows: readonly Pick<StoredRow, 'id' | 'host' | 'port'>[]
  /** Changes with every write to the file, whoever writes. */
  readonly mark: string
}

/**
 * The directory is made with the first write. Writes are done one after another, in their order, and never reject. `followsLink`: the
 * file is a person's own path and may be a link; else a link there is read and never written.
 */
export function createTableStore(file: string, { followsLink = false }: { readonly followsLink?: boolean } = {}): TableStore {
  const aside: StoreNote[] = []
  const journal = createTableJournal(`${file}.journal`)
  let byHand = NOTHING_BY_HAND
  let byHandNotes: readonly StoreNote[] = []
  let seen: Seen | null = null
  /** The mark of a damaged file that could not be kept under another name. */
  let unsaved: string | null = null

  const found = async (wantsRaw: (row: StoredRow) => boolean): ReturnType<typeof readTable> => {
    const what = await readTable(file, wantsRaw)
    if (what.damage) {
      aside.push(what.damage.note)
      if (!what.damage.isSaved) unsaved = await markOf(file)
    }
    return what
  }
  /** Takes over what somebody wrote into the file since this process last saw it. */
  const takeEdits = async (): Promise<void> => {
    const mark = await markOf(file)
    if (seen && mark === seen.mark) return
    const before = { rows: seen?.rows ?? [] }
    const { hash, damage, ...read } = await found(notIn(before))
    // Of a damaged file nothing new is known; of one that was deleted nothing is left.
    if (!damage && hash !== (seen?.hash ?? '')) byHand = edited(read, before)
  }
  const adapter: Adapter<TableToWrite> = {
    read: async () => {
      const { hash, table, byHand: own, strangeLines } = await found(() => false)
      byHand = own
      byHandNotes = strangeNotes(file, byHand, (i) => strangeLines[i] ?? 1)
      seen = { hash, rows: table.rows.map(placesOf), mark: await markOf(file) }
      return withChanges(table, await journal.read(hash))
    },
    write: async (table) => {
      await takeEdits()
      const mark = await markOf(file)
      if (mark !== '' && mark === unsaved) throw new Error('what it holds can neither be read nor set aside')
      byHand = upToDate(byHand, table)
      const text = createTableText(table, byHand)
      const isSame = table.rows.length <= MOST_COMPARED && (await madeOf(text)).hash === seen?.hash && seen.mark === mark
      if (!isSame) await writeWithCopy(file, text.pieces, followsLink)
      const { hash, places, lineOf } = text.made()
      await journal.remove()
      const [listed, waiting] = [table.rows.length, byHand.waiting.length]
      byHandNotes = [
        ...strangeNotes(file, byHand, (i) => lineOf(listed + waiting + i)),
        ...waitingNotes(file, byHand, (i) => lineOf(listed + i)),
      ]
      seen = { hash, rows: places, mark: await markOf(file) }
    },
  }
  const low = new Low<TableToWrite>(adapter, EMPTY)
  /** What is on disk is in the memory once: in the table. */
  const forget = (): void => {
    low.data = EMPTY
  }
  let last: Promise<unknown> = Promise.resolve()
  const failed = async (error: unknown): Promise<StoreFailure> => {
    const { path, isLink } = await placeOf(file)
    return {
      type: 'failed',
      text: `the IP table can't be written to ${isLink && followsLink ? `${path}, where ${file} links to,` : file} (${errorText(error)})`,
      fix:
        isLink && !followsLink
          ? `Name the file that it links to with --table; the node goes on without.`
          : 'Make room on the disk, or see to the rights of that file; it is tried again and again, and the node goes on without.',
    }
  }
  const append = async (changes: TableChanges): Promise<StoreFailure | 'whole' | null> => {
    if (seen === null || seen.hash === '' || (await markOf(file)) !== seen.mark) return 'whole'
    try {
      await journal.append(seen.hash, changes)
      return null
    } catch (error) {
      return failed(error)
    }
  }
  const write = async (table: TableToWrite): Promise<StoreFailure | null> => {
    low.data = table
    try {
      await low.write()
      forget()
      return null
    } catch (error) {
      forget()
      return failed(error)
    }
  }
  const notes = (): readonly StoreNote[] => [...aside, ...byHandNotes]
  return {
    read: async () => {
      await low.read()
      const table: StoredTable = { rows: [...low.data.rows] }
      forget()
      return { table, notes: notes() }
    },
    write: (table) => {
      const written = last.then(() => write(table))
      last = written
      return written
    },
    append: (changes) => {
      const kept = last.then(() => append(changes))
      last = kept
      return kept
    },
    notes,
  }
}

const placesOf = ({ id, host, port }: StoredRow): Seen['rows'][number] => ({ id, host, port })

/** Empty where there is no file. */
const markOf = (file: string): Promise<string> =>
  stat(file, { bigint: true }).then(
    ({ ino, size, mtimeNs, ctimeNs }) => [ino, size, mtimeNs, ctimeNs].join(' '),
    () => '',
  )
