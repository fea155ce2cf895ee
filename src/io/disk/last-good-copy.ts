// A file that is replaced as a whole, and beside it the one before (`.bak`) for the day it is damaged by something else than a crash.
import { copyFile, link, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../network/network-failure.ts'
import { placeOf, writeDurably } from './durable-file.ts'

export const backupOf = (file: string): string => `${file}.bak`

/** lowdb's own adapter never syncs: after a power cut its rename may stand while the bytes do not. */
export async function writeWithCopy(file: string, pieces: () => AsyncIterable<string>, followsLink: boolean): Promise<void> {
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
