// How the other commands find the running node: `DIR/control.json`, and the tokens: `DIR/control-token`, which opens it, and
// `DIR/metrics-token`, which can only read the metrics. All are for the owner alone.
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { StoreNote } from '../../ports.ts'
import { codeOf } from '../network/network-failure.ts'
import { errorText } from './durable-file.ts'
import { replaceSync } from './private-file.ts'

const TOKEN_BYTES = 24
/** 128 bits of chance at least, in characters that need no escape in a link or a header. */
const TOKEN = /^[\w-]{22,200}$/

/** What each opens, and how a person gets the new one. */
const TOKENS = {
  'control-token': { name: 'control token', fix: 'Take the new link from `moonwalk dashboard`.' },
  'metrics-token': { name: 'metrics token', fix: 'Give the scraper what `moonwalk metrics token` prints now.' },
} as const

export interface LoadedToken {
  readonly token: string
  /** It could not be read or kept, and this one is good for this run only. */
  readonly note: StoreNote | null
}

/**
 * A token of a data directory, made at the first start and kept over restarts;
 * whoever deletes the file gets another with the next start.
 */
export function loadToken(dir: string, fileName: keyof typeof TOKENS): LoadedToken {
  const file = join(dir, fileName)
  const { name, fix } = TOKENS[fileName]
  const fresh = randomBytes(TOKEN_BYTES).toString('base64url')
  try {
    const found = readOrNull(file)
    if (found !== null && TOKEN.test(found)) return { token: found, note: null }
    replaceSync(file, `${fresh}\n`)
    if (found === null) return { token: fresh, note: null }
    return { token: fresh, note: { text: `${file} held no token of 22 characters or more; a new one was made`, fix } }
  } catch (error) {
    return {
      token: fresh,
      note: {
        text: `the ${name} can't be kept in ${file} (${errorText(error)})`,
        fix: 'Make room on the disk, or see to that file; links and scrapers need the new token after each restart until then.',
      },
    }
  }
}

/** A token of a data directory as it is kept, whether the node runs or not; null where there is none. Throws the system's error. */
export function readToken(dir: string, fileName: keyof typeof TOKENS): string | null {
  const found = readOrNull(join(dir, fileName))
  return found !== null && TOKEN.test(found) ? found : null
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

export interface Control {
  readonly url: string
  readonly token: string
  readonly pid: number
}

export interface ControlFile {
  /** Why it can't be written now; null when it is there. */
  note(): StoreNote | null
  /** Takes it away for good. */
  remove(): void
}

const RETRY_MS = 10_000

/** Writes `DIR/control.json`, and where that fails again and again until it is there. `onTrouble`: told of the first failure. */
export function keepControlFile(dir: string, control: Control, onTrouble: (note: StoreNote) => void, retryMs = RETRY_MS): ControlFile {
  const file = join(dir, 'control.json')
  let note: StoreNote | null = null
  let retry: NodeJS.Timeout | null = null
  const write = (): void => {
    try {
      replaceSync(file, `${JSON.stringify(control)}\n`)
      note = null
    } catch (error) {
      retry = setTimeout(write, retryMs).unref()
      if (note) return
      note = {
        text: `other commands can't find this node, since ${file} can't be written (${errorText(error)})`,
        fix: 'Make room on the disk, or see to that file; it is tried again and again.',
      }
      onTrouble(note)
    }
  }
  write()
  return {
    note: () => note,
    remove: () => {
      if (retry) clearTimeout(retry)
      removeControlFile(dir)
    },
  }
}

/** Nobody is to meet what a killed node left behind. */
export function removeControlFile(dir: string): void {
  try {
    rmSync(join(dir, 'control.json'), { force: true })
  } catch {
    // The other commands see that nobody answers there.
  }
}
