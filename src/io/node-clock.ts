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
  waitedShare: createWaitedShare(),
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

/** What is older than this counts little. */
const WAITED_OF_MS = 2_000
/** It is not read anew before so long: each time is a file. */
const READ_AGAIN_MS = 250
/** So little says nothing. */
const LITTLE_MS = 40

/** Of the main thread, as Linux counts it. 0 elsewhere. */
export function createWaitedShare(
  read = (): string => readFileSync(SCHEDSTAT, 'utf8'),
  now = (): number => performance.now(),
): () => number {
  const readMs = (): readonly [number, number] | null => {
    try {
      const [ran = Number.NaN, waited = Number.NaN] = read()
        .split(' ')
        .map((ns) => Number(ns) / 1e6)
      return ran >= 0 && waited >= 0 ? [ran, waited] : null
    } catch {
      return null
    }
  }
  let last = readMs()
  let atMs = now()
  let [ran, waited] = [0, 0]
  return () => {
    const passedMs = now() - atMs
    if (last !== null && passedMs >= READ_AGAIN_MS) {
      const next = readMs() ?? last
      const kept = Math.exp(-passedMs / WAITED_OF_MS)
      // Of a long time only as much as of a short one: when in it that was nobody knows.
      const counted = Math.min(1, WAITED_OF_MS / passedMs)
      ran = ran * kept + (next[0] - last[0]) * counted
      waited = waited * kept + (next[1] - last[1]) * counted
      last = next
      atMs += passedMs
    }
    return waited / (ran + waited + LITTLE_MS)
  }
}
