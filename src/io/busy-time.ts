// How long this process was at work, or wanted to be and had to wait for a processor that others had.
import { readFileSync } from 'node:fs'

/** Of the main thread, where Linux counts it: ns that it ran, ns that it was ready and did not run, and how often it ran. */
const SCHEDSTAT = '/proc/self/schedstat'

/** Its two times together, in ms. Null: it says nothing of them. */
export function wantedMs(schedstat: string): number | null {
  const [ran, waited] = schedstat.split(' ').map(Number)
  const ms = ((ran ?? 0) + (waited ?? 0)) / 1e6
  return ms > 0 ? ms : null
}

/**
 * Ms so far, from an origin that is arbitrary. Elsewhere it is what Node's loop was at work: a process that waits for a processor
 * while its loop waits for packets seems to rest then.
 */
export function createBusyTime(read = (): string => readFileSync(SCHEDSTAT, 'utf8')): () => number {
  const readMs = (): number | null => {
    try {
      return wantedMs(read())
    } catch {
      return null
    }
  }
  const isCounted = readMs() !== null
  let lastMs = 0
  return () => {
    if (!isCounted) return performance.eventLoopUtilization().active
    lastMs = readMs() ?? lastMs
    return lastMs
  }
}
