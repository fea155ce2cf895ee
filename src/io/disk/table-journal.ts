// What has changed since the table's file was written, beside it: appended and synced, so that a
// change costs what it is and not what the table is. A crash loses at most the line that was being
// written. It belongs to one text of the file and counts for no other.
import { constants } from 'node:fs'
import { open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { changeLines, readChangeLines, type TableChanges } from '../../p2prc/table-changes.ts'
import { makeDir } from './durable-file.ts'

const NOTHING: TableChanges = { rows: [], gone: [] }

export interface TableJournal {
  /** What it says beyond the file whose text has that hash. */
  read(hash: string): Promise<TableChanges>
  /** Rejects with the system's error; it is then as it was. */
  append(hash: string, changes: TableChanges): Promise<void>
  /** The file has all of it. */
  remove(): Promise<void>
}

export function createTableJournal(file: string): TableJournal {
  /** Of the text that it belongs to; null: of none. */
  let of: string | null = null
  /** Up to here it is whole. */
  let goodBytes = 0

  return {
    read: async (hash) => {
      const text = await readFile(file, 'utf8').catch(() => '')
      const head = headOf(hash)
      if (!text.startsWith(head)) return NOTHING
      const { wholeChars, ...changes } = readChangeLines(text.slice(head.length))
      of = hash
      goodBytes = Buffer.byteLength(text.slice(0, head.length + wholeChars))
      return changes
    },
    append: async (hash, changes) => {
      const isNew = of !== hash
      const bytes = Buffer.from(`${isNew ? headOf(hash) : ''}${changeLines(changes)}`)
      if (isNew) {
        await rm(file, { force: true })
        makeDir(dirname(file))
      }
      const { O_WRONLY, O_CREAT, O_NOFOLLOW } = constants
      const handle = await open(file, O_WRONLY | O_CREAT | O_NOFOLLOW, 0o600)
      const from = isNew ? 0 : goodBytes
      try {
        // What a crash or a full disk left behind is written over.
        await handle.truncate(from)
        for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at, from + at)).bytesWritten
        await handle.datasync()
        of = hash
        goodBytes = from + bytes.length
      } catch (error) {
        await handle.truncate(from).catch(() => {})
        throw error
      } finally {
        await handle.close()
      }
    },
    remove: async () => {
      of = null
      goodBytes = 0
      await rm(file, { force: true }).catch(() => {})
    },
  }
}

const headOf = (hash: string): string => `{"of":"${hash}"}\n`
