// Who waits for what a row's ping comes to.
import type { Pinged } from './peer-ping.ts'

export interface AwaitedPings {
  /** What the row's ping under way, or its next, comes to; null: there will be none. */
  next(key: string): Promise<Pinged | null>
  /** Tells all who wait for that row. */
  settle(key: string, pinged: Pinged | null): void
  /** All who wait now are told null. */
  end(): void
}

export function createAwaitedPings(): AwaitedPings {
  const waiting = new Map<string, ((pinged: Pinged | null) => void)[]>()
  const settle = (key: string, pinged: Pinged | null): void => {
    const settled = waiting.get(key) ?? []
    waiting.delete(key)
    for (const done of settled) done(pinged)
  }
  return {
    next: (key) => new Promise((resolve) => waiting.set(key, [...(waiting.get(key) ?? []), resolve])),
    settle,
    end: () => {
      for (const key of [...waiting.keys()]) settle(key, null)
    },
  }
}
