// The files that a node keeps beside the table, for their owner alone. Of a data directory no link is followed when writing: whoever
// could once put one there would have the node write, or open to others, a file of somebody else's.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { StoreNote } from '../../ports.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants

/** A file that is made for this write alone: what stands in its place, a link too, is removed first. Mode 0600. */
export function openFresh(file: string): number {
  rmSync(file, { force: true })
  return openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
}

/**
 * Puts a synced file with this text in the file's place; a link there is replaced, not
 * followed. Throws the system's error, the file being as it was.
 */
export function replaceSync(file: string, text: string): void {
  const next = `${file}.new`
  try {
    const opened = openFresh(next)
    try {
      writeSync(opened, text)
      fsyncSync(opened)
    } finally {
      closeSync(opened)
    }
    renameSync(next, file)
  } catch (error) {
    rmSync(next, { force: true })
    throw error
  }
}

/** Where what a file held is kept when it is replaced for good. Two made within one millisecond are two files. */
export const asideOf = (file: string): string =>
  `${file}.replaced-${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${randomBytes(3).toString('hex')}`

/** Writes a small file where it stands, unsynced. */
export function overwriteSync(file: string, text: string): void {
  const opened = openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600)
  try {
    writeSync(opened, text)
  } finally {
    closeSync(opened)
  }
}

/** The names of what a node keeps in its data directory, those of older copies too. */
const OURS =
  /^\.?(ip_table\.json|operator\.json|leases\.json|speed-tests\.json|history\.json|identity\.json|network\.json|control\.json|control-token|metrics-token|turn-token|moonwalk\.(json|log|pid))(\..*)?$/

/**
 * Makes a data directory, and the node's files in it, those from before too, for their owner alone. What
 * belongs to another user is left as it is, and so is a directory that is more than a node's: the root, a
 * home, one like /tmp. A note where others may write there.
 */
export function keepPrivate(dir: string): StoreNote | null {
  for (const name of namesIn(dir)) if (OURS.test(name)) closeToOthers(join(dir, name), 0o600)
  const STICKY = 0o1000
  const isMore = [home(), '/'].includes(resolve(dir)) || ((lstatSync(dir, { throwIfNoEntry: false })?.mode ?? 0) & STICKY) !== 0
  if (!isMore) closeToOthers(dir, 0o700)
  const found = lstatSync(dir, { throwIfNoEntry: false })
  if (!found?.isDirectory() || (found.mode & 0o022) === 0) return null
  return {
    text: `others may write in ${dir} (its mode is ${(found.mode & 0o7777).toString(8)}), and so replace what this node keeps there`,
    fix: 'Give the node a directory of its own with --data, or chmod 700 that one.',
  }
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
  } catch {
    // Whoever needs a file of it says so.
    return []
  }
}

/** Empty where this user has none. */
function home(): string {
  try {
    return homedir()
  } catch {
    return ''
  }
}

function closeToOthers(path: string, mode: number): void {
  let opened = -1
  try {
    opened = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | (mode === 0o700 ? O_DIRECTORY : 0))
    const found = fstatSync(opened)
    if ((found.isFile() || found.isDirectory()) && (found.mode & 0o777) !== mode) fchmodSync(opened, mode)
  } catch {
    // A link, another user's, or one that can't even be opened.
  } finally {
    if (opened !== -1) closeSync(opened)
  }
}
