// What automatic speed tests have used within the last day, in `DIR/speed-tests.json`:
//
//   { "hours": [{ "from": "2026-11-28T09:00:00.000Z", "bytes": 7340032 }] }
//
// It is the node's own. One entry that can't be read makes the sum unknown, so then the whole file is damaged.
import { readFile, stat } from 'node:fs/promises'
import { isShallow, MAX_FILE_DEPTH } from '../../domain/json-depth.ts'
import { HOUR_MS, MOST_HOURS, type SpeedSpending } from '../../domain/speed-budget.ts'
import type { Store, StoreNote } from '../../ports.ts'
import { codeOf } from '../network/network-failure.ts'
import { errorText, setAside, writeDurably } from './durable-file.ts'

/** More than what a day of hours takes. */
const MAX_BYTES = 16 * 1024

/** Writes are done one after another. */
export function createSpendingStore(file: string): Pick<Store, 'readSpeedSpending' | 'writeSpeedSpending' | 'notes'> {
  let last: Promise<unknown> = Promise.resolve()
  let found: readonly StoreNote[] = []
  const write = async (spending: SpeedSpending): ReturnType<Store['writeSpeedSpending']> => {
    try {
      const hours = spending.map(({ hour, bytes }) => ({ from: new Date(hour * HOUR_MS).toISOString(), bytes }))
      await writeDurably(file, `${JSON.stringify({ hours }, null, 1)}\n`)
      return null
    } catch (error) {
      return {
        type: 'failed',
        text: `what speed tests have used can't be written to ${file} (${errorText(error)})`,
        fix: 'Make room on the disk, or see to the rights of that file: after a restart this node could use its budget once more.',
      }
    }
  }
  return {
    readSpeedSpending: async () => {
      const spending = await read(file)
      if (spending !== 'damaged') return spending
      found = [
        {
          text: `${file} could not be read; ${(await setAside(file)).text}, and what speed tests have used is not known, so this node makes none by itself for a day`,
          fix: 'Ask for one with `moonwalk speedtest NODE` meanwhile.',
        },
      ]
      return 'damaged'
    },
    writeSpeedSpending: (spending) => {
      const done = last.then(() => write(spending))
      last = done
      return done
    },
    notes: () => found,
  }
}

async function read(file: string): Promise<SpeedSpending | 'damaged'> {
  try {
    const { size } = await stat(file)
    return size <= MAX_BYTES ? spendingIn(await readFile(file, 'utf8')) : 'damaged'
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? [] : 'damaged'
  }
}

function spendingIn(text: string): SpeedSpending | 'damaged' {
  const content: unknown = isShallow(text, MAX_FILE_DEPTH) ? JSON.parse(text) : null
  const list = typeof content === 'object' && content !== null && 'hours' in content ? content.hours : null
  if (!Array.isArray(list) || list.length > MOST_HOURS) return 'damaged'
  const hours = list.flatMap(hourIn)
  return hours.length === list.length ? hours : 'damaged'
}

function hourIn(raw: unknown): SpeedSpending {
  if (typeof raw !== 'object' || raw === null || !('from' in raw) || !('bytes' in raw)) return []
  const hour = typeof raw.from === 'string' ? Date.parse(raw.from) / HOUR_MS : Number.NaN
  const { bytes } = raw
  return Number.isInteger(hour) && typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0 ? [{ hour, bytes }] : []
}
