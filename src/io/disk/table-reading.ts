// Reads the table's file in pieces, and what is used in its place where it can't be read.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { NOTHING_BY_HAND } from '../../p2prc/by-hand.ts'
import { type ParsedFile, TableReader } from '../../p2prc/table-codec.ts'
import type { StoredRow } from '../../p2prc/table-file.ts'
import type { StoreNote } from '../../ports.ts'
import { codeOf } from '../network/network-failure.ts'
import { placeOf, setAside } from './durable-file.ts'
import { backupOf } from './last-good-copy.ts'

type Readable = Extract<ParsedFile, { readonly type: 'table' }>
interface Found extends Readable {
  /** Of its text; empty where there is no file. */
  readonly hash: string
  /** The file could not be read; whether it is kept under another name. */
  readonly damage: { readonly note: StoreNote; readonly isSaved: boolean } | null
}

/**
 * An unreadable file is kept under another name, and the last good copy is used. A
 * missing one is an empty table: somebody may have meant it.
 */
export async function readTable(file: string, wantsRaw: (row: StoredRow) => boolean): Promise<Found> {
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

const NO_FILE = { type: 'table', table: { rows: [] }, raws: new Map(), byHand: NOTHING_BY_HAND, strangeLines: [], hash: '' } as const

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
