// Files that a crash at any moment leaves whole: the new text is synced under another name and then put in the file's place.
import { constants, mkdirSync, statSync } from 'node:fs'
import { copyFile, lstat, open, readFile, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { codeOf } from '../network/network-failure.ts'

/**
 * Makes a directory and those above it, for their owner alone, where they are missing. Node's own way never returns where the
 * system says that a directory is not there and lets none be made, as below /proc.
 */
export function makeDir(dir: string): void {
  const make = (): void => {
    try {
      mkdirSync(dir, 0o700)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || !statSync(dir).isDirectory()) throw error
    }
  }
  try {
    make()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(dir) === dir) throw error
    makeDir(dirname(dir))
    make()
  }
}

/** Where a file lies. Where links are followed a link stays a link: what it points at is replaced, be it there yet or not. */
export interface Place {
  readonly path: string
  readonly isLink: boolean
}

export async function placeOf(file: string): Promise<Place> {
  const isLink = await lstat(file).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )
  if (!isLink) return { path: file, isLink }
  const there = await realpath(file).catch(() => null)
  // A link to nothing, or to a link to nothing, or in a circle.
  return there === null ? placeOfDangling(file, 8) : { path: there, isLink }
}

async function placeOfDangling(link: string, steps: number): Promise<Place> {
  const target = await readlink(link).catch(() => null)
  if (target === null) return { path: link, isLink: true }
  return steps === 0 ? { path: link, isLink: true } : placeOfDangling(resolve(dirname(link), target), steps - 1)
}

export interface WriteOptions {
  /** The file is a person's own path and may be a link. Default: false, as for everything in the data directory; a link there fails. */
  readonly followsLink?: boolean
  /** Runs when the new text is safe and the file not replaced yet. */
  readonly beforeReplace?: () => Promise<void>
  /** Runs in its place where the file can't be replaced and will be written itself. */
  readonly beforeOverwrite?: () => Promise<void>
}

/**
 * `text`: all of it, or its pieces, from the start each time. Makes the directory if it is missing (never that
 * which a link points into: its disk may just not be there). The file is for its owner alone. Where the system does
 * not let the file be replaced, since it is a mount point or its directory can't be written, it is written itself.
 * Rejects with the system's error; the file is then as it was.
 */
export async function writeDurably(
  file: string,
  text: Text,
  { followsLink = false, beforeReplace, beforeOverwrite }: WriteOptions = {},
): Promise<void> {
  const { path, isLink } = await placeOf(file)
  if (isLink && !followsLink) throw new Error(IS_LINK)
  const dir = dirname(path)
  if (!isLink) makeDir(dir)
  const next = join(dir, `.${basename(path)}.new`)
  try {
    await writeSynced(next, text)
    await beforeReplace?.()
    await rename(next, path)
    await syncDirectory(dir)
  } catch (error) {
    await rm(next, { force: true }).catch(() => {})
    if (!NOT_REPLACEABLE.has(codeOf(error)) || !(await isFile(path))) throw error
    await beforeOverwrite?.()
    await overwrite(path, text)
  }
}

/** Why a file of the data directory can't be written. */
export const IS_LINK = 'it is a link, and none is followed in the data directory'

const NOT_REPLACEABLE = new Set(['EBUSY', 'EXDEV', 'EACCES', 'EPERM', 'EROFS'])
const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  )

type Text = string | (() => AsyncIterable<string>)

async function whole(text: Text): Promise<Buffer> {
  if (typeof text === 'string') return Buffer.from(text)
  const pieces: Buffer[] = []
  for await (const piece of text()) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

/** Longer first, then cut: a full disk is noticed while the old bytes can still be put back. */
async function overwrite(path: string, text: Text): Promise<void> {
  const before = await readFile(path)
  const after = await whole(text)
  const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW)
  try {
    await fill(handle, after).catch(async (error: unknown) => {
      await fill(handle, before).catch(() => {})
      throw error
    })
  } finally {
    await handle.close()
  }
}

async function fill(handle: Awaited<ReturnType<typeof open>>, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at, at)).bytesWritten
  await handle.truncate(bytes.length)
  await handle.sync()
}

async function writeSynced(file: string, text: Text): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  await rm(file, { force: true })
  const handle = await open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    if (typeof text === 'string') await handle.writeFile(text)
    else for await (const piece of text()) await handle.writeFile(piece)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Until then a rename may be undone by a power cut. Not every file system can. */
async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r').catch(() => null)
  try {
    await handle?.sync()
  } catch (error) {
    if (codeOf(error) === 'EIO') throw error
  } finally {
    await handle?.close()
  }
}

/** Keeps a file that can't be read under another name. `text`: a clause about where it went. */
export async function setAside(file: string): Promise<{ readonly isSaved: boolean; readonly text: string }> {
  const aside = `${file}.broken-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  try {
    await rename(file, aside).catch((error: unknown) => {
      if (!NOT_REPLACEABLE.has(codeOf(error))) throw error
      return copyFile(file, aside, constants.COPYFILE_EXCL)
    })
    return { isSaved: true, text: `it was set aside as ${aside}` }
  } catch (error) {
    return { isSaved: false, text: `it could not be set aside (${errorText(error)})` }
  }
}

/** The system's error as a clause for people. */
export function errorText(error: unknown): string {
  const known = TEXTS[codeOf(error)]
  return known ?? (error instanceof Error ? error.message : String(error))
}

const TEXTS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'no more may be stored there: the quota is used up',
  EROFS: 'that file system can only be read',
  EACCES: 'this user has no right to it',
  EPERM: 'the system does not permit it',
  ENOENT: 'its directory is not there',
  EISDIR: 'a directory is in its place',
  ENOTDIR: 'a file stands where its directory should be',
  EEXIST: 'a file stands where its directory should be',
  ELOOP: 'it is a link that leads back to itself',
  EIO: 'the disk reports an error',
  EFBIG: 'files may not be that large here',
  EMFILE: 'this process has no open files left',
  ENFILE: 'this machine has no open files left',
}
