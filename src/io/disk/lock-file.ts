// A file that says who owns something, made by one process only and never seen half made.
import { constants, copyFileSync, linkSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { codeOf } from '../network/network-failure.ts'
import { type Owner, ownerText } from './lock-owner.ts'

/** False if it is there. */
export function make(file: string, own: Owner): boolean {
  try {
    symlinkSync(ownerText(own), file)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    if (!NO_LINKS.has(codeOf(error))) throw error
    return makeAsFile(file, own)
  }
}

const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])

/** For file systems without symbolic links. A hard link appears with its whole content; where there are none either, a copy. */
function makeAsFile(file: string, own: Owner): boolean {
  const whole = `${file}.${own.key}.whole`
  writeFileSync(whole, ownerText(own), { mode: 0o600, flag: 'wx' })
  try {
    try {
      linkSync(whole, file)
    } catch (error) {
      if (!NO_LINKS.has(codeOf(error))) throw error
      copyFileSync(whole, file, constants.COPYFILE_EXCL)
    }
    return true
  } catch (error) {
    // ENOENT: the owner has tidied up meanwhile.
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false
    throw error
  } finally {
    remove(whole)
  }
}

/** A link's target, or a file's content. */
export function textAt(file: string): string | null {
  try {
    return readlinkSync(file)
  } catch {
    // No link, or none such.
  }
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

export function remove(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // It tells of a process that is gone soon: a later start sees through it.
  }
}
