// The node's own history, in `DIR/history.json` (actors/history/history-text.ts), for its owner alone.
import { readFile, stat } from 'node:fs/promises'
import type { Store } from '../../ports.ts'
import { errorText, writeDurably } from './durable-file.ts'

/** More than what a day of 200 peers and 100 busy services takes. */
const MAX_BYTES = 16 * 1024 * 1024

/** Writes are done one after another. */
export function createHistoryStore(file: string): Pick<Store, 'readHistory' | 'writeHistory'> {
  let last: Promise<unknown> = Promise.resolve()
  const write = async (text: string): ReturnType<Store['writeHistory']> => {
    try {
      await writeDurably(file, text)
      return null
    } catch (error) {
      return {
        type: 'failed',
        text: `the history can't be written to ${file} (${errorText(error)})`,
        fix: 'Make room on the disk, or see to the rights of that file: what happened is forgotten with the next restart.',
      }
    }
  }
  return {
    readHistory: async () => {
      const isFit = await stat(file).then(
        (found) => found.isFile() && found.size <= MAX_BYTES,
        () => false,
      )
      return isFit ? readFile(file, 'utf8').catch(() => '') : ''
    },
    writeHistory: (text) => {
      const done = last.then(() => write(text))
      last = done
      return done
    },
  }
}
