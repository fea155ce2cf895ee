// Tries several addresses of one node: each next one a little later, or as soon as the one before has failed.
import type { Clock } from '../../ports.ts'
import { type Failure, isFailure } from '../../ports.ts'

interface RaceNeeds<T extends { readonly type: string }> {
  readonly clock: Clock
  /** Best first; at least one. */
  readonly addresses: readonly string[]
  readonly staggerMs: number
  /** `signal`: another address was faster. */
  readonly attempt: (address: string, signal: AbortSignal) => Promise<T | Failure>
  /** What came too late is given back. */
  readonly drop: (outcome: T) => void
}

/** The first that is no failure, and where; else the failure of the first address. */
export function raceAddresses<T extends { readonly type: string }>({
  clock,
  addresses,
  staggerMs,
  attempt,
  drop,
}: RaceNeeds<T>): Promise<{ readonly type: 'won'; readonly address: string; readonly outcome: T } | Failure> {
  return new Promise((resolve, reject) => {
    const ends = new Set<AbortController>()
    let next = 0
    let isOver = false
    let firstFailure: Failure | null = null
    let timer: unknown = null
    const begin = (): void => {
      clock.clearTimeout(timer)
      timer = null
      const address = addresses[next]
      if (isOver || address === undefined) return
      const isFirst = next === 0
      next += 1
      const end = new AbortController()
      ends.add(end)
      if (next < addresses.length) timer = clock.setTimeout(begin, staggerMs)
      attempt(address, end.signal).then((outcome) => {
        ends.delete(end)
        if (isFailure(outcome)) return failed(outcome, isFirst)
        if (isOver) return drop(outcome)
        isOver = true
        clock.clearTimeout(timer)
        for (const other of ends) other.abort()
        resolve({ type: 'won', address, outcome })
      }, reject)
    }
    const failed = (failure: Failure, isFirst: boolean): void => {
      if (isFirst || firstFailure === null) firstFailure = failure
      if (isOver) return
      if (next < addresses.length) return begin()
      if (ends.size > 0) return
      isOver = true
      resolve(firstFailure)
    }
    begin()
  })
}
