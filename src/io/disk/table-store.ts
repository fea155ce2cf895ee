// The table on disk: lowdb over an adapter that syncs. A crash at any moment leaves the old file or the new one, and beside it
// the one before (`.bak`) for the day the file is damaged by something else.
import { copyFile, link, readFile, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Adapter, Low } from 'lowdb'
import { formatTableFile, parseTableFile } from '../../p2prc/table-codec.ts'
import type { StoredTable } from '../../p2prc/table-file.ts'
import type { Store } from '../../ports.ts'
import { errorText, setAside, writeDurably } from './durable-file.ts'

const EMPTY: StoredTable = { rows: [] }

export interface TableStoreOptions {
  /** Told with one sentence when a write fails, and not again before one has worked. Until then the file is as it was. */
  readonly onTrouble?: (text: string) => void
}

/** The directory is made with the first write. Writes are done one after another, in their order, and never reject. */
export function createTableStore(file: string, { onTrouble = () => {} }: TableStoreOptions = {}): Pick<Store, 'read' | 'write'> {
  let note: string | null = null
  const adapter: Adapter<StoredTable> = {
    read: async () => {
      const found = await readTable(await resolved(file))
      note = found.note
      return found.table
    },
    write: async (table) => writeWithCopy(await resolved(file), formatTableFile(table)),
  }
  const low = new Low<StoredTable>(adapter, EMPTY)
  let last: Promise<void> = Promise.resolve()
  let isTroubled = false
  const write = async (table: StoredTable): Promise<void> => {
    low.data = table
    try {
      await low.write()
      isTroubled = false
    } catch (error) {
      if (!isTroubled) onTrouble(`the IP table can't be written to ${file} (${errorText(error)})`)
      isTroubled = true
    }
  }
  return {
    read: async () => {
      await low.read()
      return { table: low.data, note }
    },
    write: (table) => {
      last = last.then(() => write(table))
      return last
    },
  }
}

/** A link stays a link: what it points at is replaced. */
const resolved = (file: string): Promise<string> => realpath(file).catch(() => file)
const backupOf = (file: string): string => `${file}.bak`

type Look = ReturnType<typeof parseTableFile> | { readonly type: 'absent' }

async function look(file: string): Promise<Look> {
  try {
    return parseTableFile(await readFile(file, 'utf8'))
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? { type: 'absent' } : { type: 'unreadable' }
  }
}

/** An unreadable file is kept under another name, and the last good copy is used. A missing one is an empty table: somebody may have meant it. */
async function readTable(file: string): Promise<{ readonly table: StoredTable; readonly note: string | null }> {
  const found = await look(file)
  if (found.type === 'absent') return { table: EMPTY, note: null }
  if (found.type === 'table') return { table: found.table, note: noteOf(file, found.skipped) }
  const aside = await setAside(file)
  const copy = await look(backupOf(file))
  const instead = copy.type === 'table' ? `the last good copy, ${backupOf(file)}, was used` : 'the seeds will be asked again'
  return { table: copy.type === 'table' ? copy.table : EMPTY, note: `${file} could not be read as an IP table; ${aside}, and ${instead}` }
}

function noteOf(file: string, skipped: number): string | null {
  if (skipped === 0) return null
  return skipped === 1
    ? `${file} has a row without a usable address; it was left out`
    : `${file} has ${skipped} rows without a usable address; they were left out`
}

/** lowdb's own adapter never syncs: after a power cut its rename may stand while the bytes do not. */
async function writeWithCopy(file: string, text: string): Promise<void> {
  await keepAsBackup(file).catch(() => {}) // rather the table without a copy than neither
  await writeDurably(file, text)
}

/** The file as it is becomes the last good copy, under a second name of its own, so that editing one never touches the other. */
async function keepAsBackup(file: string): Promise<void> {
  const next = join(dirname(file), `.${basename(file)}.bak.new`)
  await rm(next, { force: true })
  try {
    await link(file, next)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return // the first write
    await copyFile(file, next) // no links here
  }
  await rename(next, backupOf(file))
}
