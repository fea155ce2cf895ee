// One process per data directory: `moonwalk.pid` holds the pid of its owner and when that process started, so that neither a
// dead owner nor a stranger who was given the same pid since keeps the directory locked.
import { constants, copyFileSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type LockAnswer =
  | { readonly type: 'locked'; release(): void }
  /** `pid` is 0 where the directory can't be used at all. */
  | { readonly type: 'refused'; readonly pid: number; readonly text: string }

/** Makes the directory if it is missing. */
export function lockDataDir(dir: string): LockAnswer {
  const file = join(dir, 'moonwalk.pid')
  const own = `${file}.${process.pid}`
  const word = `${process.pid} ${startOf(process.pid)}\n`
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    writeFileSync(own, word, { mode: 0o600 })
    for (let attempt = 0; attempt < 8; attempt++) {
      if (linked(own, file)) return { type: 'locked', release: () => release(file, word) }
      const found = textOf(file)
      if (found === null) continue
      const owner = ownerIn(found)
      if (owner !== null)
        return refused(owner, `another moonwalk (pid ${owner}) already uses ${dir}; stop it, or choose another directory with --data`)
      sweep(file, found)
    }
    return refused(0, `${file} could not be taken; another moonwalk may be starting there`)
  } catch (error) {
    return refused(0, `can't use ${dir} (${error instanceof Error ? error.message : String(error)}); choose another directory with --data`)
  } finally {
    remove(own)
  }
}

const refused = (pid: number, text: string): LockAnswer => ({ type: 'refused', pid, text })

/** A link appears with its whole content: nobody ever reads a lock that is half written. */
function linked(own: string, file: string): boolean {
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'EEXIST') return false
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    return copied(own, file)
  }
}

/** For file systems without links. */
function copied(own: string, file: string): boolean {
  try {
    copyFileSync(own, file, constants.COPYFILE_EXCL)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Removes a stale lock. Should another process have put its own there meanwhile, that one is put back. */
function sweep(file: string, stale: string): void {
  const aside = `${file}.${process.pid}.stale`
  try {
    renameSync(file, aside)
  } catch {
    return // swept by another process
  }
  if (textOf(aside) !== stale) linked(aside, file)
  remove(aside)
}

function release(file: string, word: string): void {
  if (textOf(file) === word) remove(file)
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // It names a process that is gone soon: a later start sees through it.
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

/** The pid of the living owner; null when it is gone, or its number was given to another process since. */
function ownerIn(text: string): number | null {
  const [pidText = '', start = ''] = text.trim().split(' ')
  const pid = Number(pidText)
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return null
  return start === startOf(pid) ? pid : null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** When a process started, in clock ticks since boot (field 22 of Linux's `stat`); empty where the system does not tell. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
