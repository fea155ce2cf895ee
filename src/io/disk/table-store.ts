// The table on disk: lowdb over an adapter that syncs. A crash at any moment leaves the old file or the new one, and beside it
// the one before (`.bak`) for the day the file is damaged by something else. What a person writes into the file stays in it.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, link, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Adapter, Low } from 'lowdb'
import { formatAddress } from '../../domain/address.ts'
import { type ByHand, edited, NOTHING_BY_HAND, notIn, upToDate } from '../../p2prc/by-hand.ts'
import { type TableChanges, withChanges } from '../../p2prc/table-changes.ts'
import { type ParsedFile, TableReader } from '../../p2prc/table-codec.ts'
import type { StoredRow, StoredTable } from '../../p2prc/table-file.ts'
import type { Store, StoreFailure, StoreNote } from '../../ports.ts'
import { codeOf } from '../network/network-failure.ts'
import { errorText, placeOf, setAside, writeDurably } from './durable-file.ts'
import { createTableJournal } from './table-journal.ts'
import { createTableText, hashOf } from './table-text.ts'

type TableStore = Pick<Store, 'read' | 'write' | 'append' | 'notes'>

const EMPTY: StoredTable = { rows: [] }

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

  const found = async (wantsRaw: (row: StoredRow) => boolean): Promise<Found> => {
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
  const adapter: Adapter<StoredTable> = {
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
      const hash = await hashOf(text)
      if (seen?.hash !== hash || seen.mark !== mark) await writeWithCopy(file, text.pieces, followsLink)
      await journal.remove()
      const [listed, waiting] = [table.rows.length, byHand.waiting.length]
      byHandNotes = [
        ...strangeNotes(file, byHand, (i) => text.lineOf(listed + waiting + i)),
        ...waitingNotes(file, byHand, (i) => text.lineOf(listed + i)),
      ]
      seen = { hash, rows: table.rows.map(placesOf), mark: await markOf(file) }
    },
  }
  const low = new Low<StoredTable>(adapter, EMPTY)
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
  const write = async (table: StoredTable): Promise<StoreFailure | null> => {
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
      const table = low.data
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

const backupOf = (file: string): string => `${file}.bak`

/** Empty where there is no file. */
const markOf = (file: string): Promise<string> =>
  stat(file, { bigint: true }).then(
    ({ ino, size, mtimeNs, ctimeNs }) => [ino, size, mtimeNs, ctimeNs].join(' '),
    () => '',
  )

type Readable = Extract<ParsedFile, { readonly type: 'table' }>
interface Found extends Readable {
  /** Of its text; empty where there is no file. */
  readonly hash: string
  /** The file could not be read; whether it is kept under another name. */
  readonly damage: { readonly note: StoreNote; readonly isSaved: boolean } | null
}

/** An unreadable file is kept under another name, and the last good copy is used. A missing one is an empty table: somebody may have meant it. */
async function readTable(file: string, wantsRaw: (row: StoredRow) => boolean): Promise<Found> {
  const found = await look(file, wantsRaw)
  if (found.type === 'table') return { ...found, damage: null }
  const { path } = await placeOf(file)
  // A directory is somebody's mistake, such as Docker's, which makes one where a file to be mounted does not exist.
  if (await isDirectory(path)) return { ...NO_FILE, damage: null }
  const aside = await setAside(path)
  const copy = await look(backupOf(path), wantsRaw)
  const isUsed = copy.type === 'table' && copy.hash !== ''
  const instead = isUsed ? `the last good copy, ${backupOf(path)}, was used` : 'the seeds will be asked again'
  const note = {
    text: `${file} could not be read as an IP table; ${aside.text}, and ${instead}`,
    fix: 'Look at that file if something is missing from the table; the node goes on without it.',
  }
  return { ...(isUsed ? copy : NO_FILE), damage: { note, isSaved: aside.isSaved } }
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

const NO_FILE = { type: 'table', table: EMPTY, raws: new Map(), byHand: NOTHING_BY_HAND, strangeLines: [], hash: '' } as const

/** In pieces, between which others have a turn. An empty file is no table. */
async function look(
  file: string,
  wantsRaw: (row: StoredRow) => boolean,
): Promise<(Readable & { readonly hash: string }) | { readonly type: 'unreadable' }> {
  try {
    const [reader, hash] = [new TableReader(wantsRaw), createHash('sha256')]
    for await (const piece of createReadStream(file, { highWaterMark: PIECE_BYTES })) {
      reader.push(piece)
      hash.update(piece)
    }
    const parsed = reader.end()
    return parsed.type === 'table' ? { ...parsed, hash: hash.digest('hex') } : parsed
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(codeOf(error)) ? NO_FILE : { type: 'unreadable' }
  }
}

/** Its rows are read in some 5 ms. */
const PIECE_BYTES = 128 * 1024

const MAX_NOTES = 10

/** The rows that can't be used. `lineOf`: the line that the strange row of that number has now. */
function strangeNotes(file: string, { strange }: ByHand, lineOf: (i: number) => number): readonly StoreNote[] {
  if (strange.length === 0) return []
  const fix = 'Mend that row or take it out; it stays in the file as it is, and a mended one is asked after the next start.'
  const notes = strange.slice(0, MAX_NOTES).map(({ why }, i) => ({ text: `${file}, line ${lineOf(i)}: ${why}`, fix }))
  const more = strange.length - notes.length
  return more === 0 ? notes : [...notes, { text: `${file} has ${more} more rows that can't be used`, fix }]
}

function waitingNotes(file: string, { waiting }: ByHand, lineOf: (i: number) => number): readonly StoreNote[] {
  return waiting.slice(0, MAX_NOTES).map(({ row }, i) => {
    const address = formatAddress(row)
    return {
      text: `${file}, line ${lineOf(i)}: ${address} was written there while the node ran`,
      fix: `It is asked after the next start; \`moonwalk add ${address}\` asks it now.`,
    }
  })
}

/** lowdb's own adapter never syncs: after a power cut its rename may stand while the bytes do not. */
async function writeWithCopy(file: string, pieces: () => AsyncIterable<string>, followsLink: boolean): Promise<void> {
  const { path } = await placeOf(file)
  // Rather the table without a copy than neither.
  await writeDurably(file, pieces, {
    followsLink,
    beforeReplace: () => keepAsCopy(path, link).catch(() => {}),
    beforeOverwrite: () => keepAsCopy(path, copyFile).catch(() => {}),
  })
}

/** The file as it is becomes the last good copy, under a second name of its own, so that editing one never touches the other. */
async function keepAsCopy(file: string, make: (from: string, to: string) => Promise<void>): Promise<void> {
  const next = join(dirname(file), `.${basename(file)}.bak.new`)
  await rm(next, { force: true })
  try {
    await make(file, next)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return // the first write
    await copyFile(file, next) // no links here
  }
  await rename(next, backupOf(file))
}
