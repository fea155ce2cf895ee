// News on their way to something outside of the node: one after another, in order, never waited for. Where the other end is slow or
// gone the oldest make room, and the next one says how many are missing.
import type { Entry } from '../../feed/news.ts'
import type { StoreNote } from '../../ports.ts'

/** Hands one over; null: done, else why not, as a clause. `signal`: the node ends, and waits no longer. */
export type Deliver = (text: string, signal: AbortSignal) => Promise<string | null>

export interface OutsideQueue {
  tell(entry: Entry): void
  /** Why nothing gets through now; null: it does. */
  note(): StoreNote | null
  /** Hands over what waits, for a second at the most. */
  close(): Promise<void>
}

interface QueueNeeds {
  readonly deliver: Deliver
  /** What it is, as the subject of a sentence: `the web hook http://…`. */
  readonly what: string
  readonly fix: string
  readonly node: { readonly id: string; readonly name: string }
  /** Told once when it stops to get through, and not again before it did. */
  readonly onTrouble: (note: StoreNote) => void
}

const MAX_WAITING = 256
const CLOSE_MS = 1_000

/**
 * Each is one JSON object: `{"schemaVersion":1,"node":{"id","name"}, …the news entry…}`, with `"missed": N` where N before it were
 * left out, or were not taken.
 */
export function createOutsideQueue({ deliver, what, fix, node, onTrouble }: QueueNeeds): OutsideQueue {
  const waiting: Entry[] = []
  const ending = new AbortController()
  let missed = 0
  let trouble: StoreNote | null = null
  let isRunning = false
  let idle: () => void = () => {}

  const next = async (): Promise<void> => {
    isRunning = true
    for (let entry = waiting.shift(); entry !== undefined && !ending.signal.aborted; entry = waiting.shift()) {
      const before = missed
      const text = JSON.stringify({ schemaVersion: 1, node, ...entry, ...(before > 0 ? { missed: before } : {}) })
      missed = 0
      const why = await deliver(text, ending.signal)
      if (why === null) trouble = null
      else {
        missed += before + 1
        if (trouble !== null) continue
        trouble = { text: `${what} is not told what happens: ${why}`, fix }
        onTrouble(trouble)
      }
    }
    isRunning = false
    idle()
  }
  return {
    tell: (entry) => {
      if (ending.signal.aborted) return
      waiting.push(entry)
      if (waiting.length > MAX_WAITING) {
        waiting.shift()
        missed++
      }
      if (!isRunning) void next()
    },
    note: () => trouble,
    close: async () => {
      if (!isRunning) return
      const timer = setTimeout(() => ending.abort(), CLOSE_MS)
      await new Promise<void>((resolve) => {
        idle = resolve
      })
      clearTimeout(timer)
    },
  }
}
