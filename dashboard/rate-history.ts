// The last minute of each service's rate, as this page has seen it.
import { signal } from '@preact/signals'
import { traffic } from './feed-client.ts'

/** Seconds that are kept. */
export const HISTORY_SECONDS = 60

/** By the service's name: bytes per second in both directions, the newest last. */
export const rateHistory = signal<ReadonlyMap<string, readonly number[]>>(new Map())

/** Takes one reading a second from now on. */
export function startRateHistory(): void {
  setInterval(() => {
    const before = rateHistory.value
    rateHistory.value = new Map(
      [...traffic.value].map(([name, { inBytesPerSecond, outBytesPerSecond }]) => [
        name,
        [...(before.get(name) ?? []), inBytesPerSecond + outBytesPerSecond].slice(-HISTORY_SECONDS),
      ]),
    )
  }, 1_000)
}
