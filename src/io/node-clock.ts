// Time and chance of the real world.
import { randomBytes, randomInt } from 'node:crypto'
import type { Clock, Random } from '../ports.ts'
import { createBusyTime } from './busy-time.ts'

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
