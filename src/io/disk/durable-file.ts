// Files that a crash at any moment leaves whole: the new text is synced under another name and then put in the file's place.
import { mkdir, open, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Makes the directory if it is missing. The file is for its owner alone. Rejects with the system's error; the file is then as it was. */
export async function writeDurably(file: string, text: string): Promise<void> {
  const dir = dirname(file)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const next = join(dir, `.${basename(file)}.new`)
  await writeSynced(next, text)
  await rename(next, file)
  await syncDirectory(dir)
}

/** Writes the file itself. */
export async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Until then a rename may be undone by a power cut. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Keeps a file that can't be read under another name. A clause about where it went. */
export async function setAside(file: string): Promise<string> {
  const aside = `${file}.broken-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  try {
    await rename(file, aside)
    return `it was set aside as ${aside}`
  } catch (error) {
    return `it could not be set aside (${errorText(error)})`
  }
}

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error))
