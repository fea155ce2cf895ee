// Time and chance of the real world.
import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Clock, Random } from '../ports.ts'

/** Node fires a timer beyond this at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const createNodeClock = (): Clock => ({
  now: () => performance.now(),
  wallMs: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, Math.min(ms, LONGEST_TIMER_MS)),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  busyMs: createBusyTime(),
})

export function createNodeRandom(): Random {
  const random: Random = {
    fraction: () => randomInt(2 ** 32) / 2 ** 32,
    bytes: (count) => randomBytes(count),
    fork: () => random,
  }
  return random
}

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
