// The dashboard's files and the diagrams, from memory: a request names an entry of a map, never a path on disk.
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { documentHeaders } from './page-headers.ts'

export interface StaticFile {
  readonly content: Buffer
  readonly type: string
  /** Beside those of all files. */
  readonly headers: Readonly<Record<string, string>>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.json': 'application/json',
}

/**
 * Reads a folder when the first file of it is asked for. Names are relative, with `/` between folders. Only the kinds of files listed
 * above are there. A folder that is not there has no files.
 */
export function createStaticFiles(folder: string): (name: string) => Promise<StaticFile | null> {
  let loaded: Promise<ReadonlyMap<string, StaticFile>> | null = null
  return async (name) => {
    loaded ??= load(folder)
    return (await loaded).get(name) ?? null
  }
}

async function load(folder: string): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>()
  for (const entry of await readdir(folder, { recursive: true }).catch(() => [])) {
    const type = TYPES[extname(entry)]
    if (!type) continue
    const content = await readFile(join(folder, entry))
    const headers = extname(entry) === '.html' ? documentHeaders(content.toString()) : {}
    files.set(entry.replaceAll('\\', '/'), { type, content, headers })
  }
  return files
}
