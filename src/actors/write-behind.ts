// Keeps a file after what changes in memory: several changes are one write, one that failed is tried again, and the end writes what
// is not on disk yet.
import { STORE_RETRY } from '../domain/timings.ts'
import type { Clock, StoreFailure } from '../ports.ts'

export interface WriteBehind {
  /** There is something that is not on disk. */
  changed(): void
  /** Writes it now, and no more after that. */
  close(): Promise<void>
}

interface WriteBehindNeeds {
  readonly clock: Clock
  /** At most one write in this time. */
  readonly periodMs: number
  /** Writes what is so now. Null: it is on disk. */
  readonly write: () => Promise<StoreFailure | null>
  readonly onBug: (error: unknown) => void
}

export function createWriteBehind({ clock, periodMs, write, onBug }: WriteBehindNeeds): WriteBehind {
  let timer: unknown = null
  let writing: Promise<void> = Promise.resolve()
  let [isClosed, isDirty] = [false, false]

  const writeNow = async (): Promise<void> => {
    isDirty = false
    if ((await write()) === null) return
    isDirty = true
    writeAfter(STORE_RETRY)
  }
  const start = (): Promise<void> => {
    writing = writing.then(writeNow).catch(onBug)
    return writing
  }
  const writeAfter = (ms: number): void => {
    if (isClosed || timer !== null) return
    timer = clock.setTimeout(() => {
      timer = null
      void start()
    }, ms)
  }
  return {
    changed: () => {
      isDirty = true
      writeAfter(periodMs)
    },
    close: async () => {
      isClosed = true
      if (timer !== null) clock.clearTimeout(timer)
      await (isDirty ? start() : writing)
    },
  }
}
