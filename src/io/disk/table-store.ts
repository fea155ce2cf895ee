// The table on disk: lowdb over an adapter that syncs. A crash at any moment leaves the old file or the new one, and beside it
// the one before (`.bak`) for the day the file is damaged by something else. What a person writes into the file stays in it.
import { copyFile, link, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Adapter, Low } from 'lowdb'
import { formatAddress } from '../../domain/address.ts'
import { type ByHand, edited, NOTHING_BY_HAND, upToDate } from '../../p2prc/by-hand.ts'
import { rowLines } from '../../p2prc/row-lines.ts'
import { formatTableFile, type ParsedFile, parseTableFile } from '../../p2prc/table-codec.ts'
import type { StoredTable } from '../../p2prc/table-file.ts'
import type { Store, StoreFailure, StoreNote } from '../../ports.ts'
import { codeOf } from '../network/network-failure.ts'
import { errorText, placeOf, setAside, writeDurably } from './durable-file.ts'

type TableStore = Pick<Store, 'read' | 'write' | 'notes'>

const EMPTY: StoredTable = { rows: [] }

/** As this process last saw the file. */
interface Seen {
  readonly text: string
  readonly table: StoredTable
  /** Changes with every write to the file, whoever writes. */
  readonly mark: string
}

/**
 * The directory is made with the first write. Writes are done one after another, in their order, and never reject. `followsLink`: the
 * file is a person's own path and may be a link; else a link there is read and never written.
 */
export function createTableStore(file: string, { followsLink = false }: { readonly followsLink?: boolean } = {}): TableStore {
  const aside: StoreNote[] = []
  let byHand = NOTHING_BY_HAND
  let byHandNotes: readonly StoreNote[] = []
  let seen: Seen | null = null
  /** The mark of a damaged file that could not be kept under another name. */
  let unsaved: string | null = null

  const found = async (): Promise<Found> => {
    const what = await readTable(file)
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
    const { text, damage, ...read } = await found()
    // Of a damaged file nothing new is known; of one that was deleted nothing is left.
    if (!damage && text !== seen?.text) byHand = edited(read, seen?.table ?? EMPTY)
  }
  const adapter: Adapter<StoredTable> = {
    read: async () => {
      const { text, table, byHand: own, strangeAt } = await found()
      byHand = own
      byHandNotes = strangeNotes(file, text, byHand, (i) => strangeAt[i] ?? 0)
      seen = { text, table, mark: await markOf(file) }
      return table
    },
    write: async (table) => {
      await takeEdits()
      const mark = await markOf(file)
      if (mark !== '' && mark === unsaved) throw new Error('what it holds can neither be read nor set aside')
      byHand = upToDate(byHand, table)
      const text = formatTableFile(table, byHand)
      if (seen?.text !== text || seen.mark !== mark) await writeWithCopy(file, text, followsLink)
      const [listed, waiting] = [table.rows.length, byHand.waiting.length]
      byHandNotes = [
        ...strangeNotes(file, text, byHand, (i) => listed + waiting + i),
        ...waitingNotes(file, text, byHand, (i) => listed + i),
      ]
      seen = { text, table, mark: await markOf(file) }
    },
  }
  const low = new Low<StoredTable>(adapter, EMPTY)
  let last: Promise<unknown> = Promise.resolve()
  const write = async (table: StoredTable): Promise<StoreFailure | null> => {
    low.data = table
    try {
      await low.write()
      return null
    } catch (error) {
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
  }
  const notes = (): readonly StoreNote[] => [...aside, ...byHandNotes]
  return {
    read: async () => {
      await low.read()
      return { table: low.data, notes: notes() }
    },
    write: (table) => {
      const written = last.then(() => write(table))
      last = written
      return written
    },
    notes,
  }
}

const backupOf = (file: string): string => `${file}.bak`

/** Empty where there is no file. */
const markOf = (file: string): Promise<string> =>
  stat(file, { bigint: true }).then(
    ({ ino, size, mtimeNs, ctimeNs }) => [ino, size, mtimeNs, ctimeNs].join(' '),
    () => '',
  )

type Readable = Extract<ParsedFile, { readonly type: 'table' }>
interface Found extends Readable {
  /** Empty where there is no file. */
  readonly text: string
  /** The file could not be read; whether it is kept under another name. */
  readonly damage: { readonly note: StoreNote; readonly isSaved: boolean } | null
}

/** An unreadable file is kept under another name, and the last good copy is used. A missing one is an empty table: somebody may have meant it. */
async function readTable(file: string): Promise<Found> {
  const found = await look(file)
  if (found.type === 'table') return { ...found, damage: null }
  const { path } = await placeOf(file)
  // A directory is somebody's mistake, such as Docker's, which makes one where a file to be mounted does not exist.
  if (await isDirectory(path)) return { ...NO_FILE, damage: null }
  const aside = await setAside(path)
  const copy = await look(backupOf(path))
  const isUsed = copy.type === 'table' && copy.text !== ''
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

const NO_FILE = { type: 'table', table: EMPTY, raws: [], byHand: NOTHING_BY_HAND, strangeAt: [], text: '' } as const

async function look(file: string): Promise<(Readable & { readonly text: string }) | { readonly type: 'unreadable' }> {
  try {
    const text = await readFile(file, 'utf8')
    const parsed = parseTableFile(text)
    return parsed.type === 'table' ? { ...parsed, text } : parsed
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(codeOf(error)) ? NO_FILE : { type: 'unreadable' }
  }
}

const MAX_NOTES = 10

/** The rows that can't be used, each with the line it has now. `rowAt`: where the strange row of that number stands among all. */
function strangeNotes(file: string, text: string, { strange }: ByHand, rowAt: (i: number) => number): readonly StoreNote[] {
  if (strange.length === 0) return []
  const lines = rowLines(text)
  const fix = 'Mend that row or take it out; it stays in the file as it is, and a mended one is asked after the next start.'
  const notes = strange.slice(0, MAX_NOTES).map(({ why }, i) => ({ text: `${file}, line ${lines[rowAt(i)] ?? 1}: ${why}`, fix }))
  const more = strange.length - notes.length
  return more === 0 ? notes : [...notes, { text: `${file} has ${more} more rows that can't be used`, fix }]
}

function waitingNotes(file: string, text: string, { waiting }: ByHand, rowAt: (i: number) => number): readonly StoreNote[] {
  if (waiting.length === 0) return []
  const lines = rowLines(text)
  return waiting.slice(0, MAX_NOTES).map(({ row }, i) => {
    const address = formatAddress(row)
    return {
      text: `${file}, line ${lines[rowAt(i)] ?? 1}: ${address} was written there while the node ran`,
      fix: `It is asked after the next start; \`moonwalk add ${address}\` asks it now.`,
    }
  })
}

/** lowdb's own adapter never syncs: after a power cut its rename may stand while the bytes do not. */
async function writeWithCopy(file: string, text: string, followsLink: boolean): Promise<void> {
  const { path } = await placeOf(file)
  // Rather the table without a copy than neither.
  await writeDurably(file, text, {
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
