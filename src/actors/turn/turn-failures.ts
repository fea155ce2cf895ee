// Which TURNs failed this node since they last carried it.
import { TURN_BAR } from '../../domain/timings.ts'
import type { HeldTurn, TurnFailure } from '../../domain/turn-plan.ts'
import type { Clock, Random } from '../../ports.ts'

export interface TurnFailures {
  current(): ReadonlyMap<string, TurnFailure>
  /** Its tunnel ended, or never opened. */
  failed(key: string): void
  /** What is held now: one that is open is no failure. */
  held(held: readonly HeldTurn[]): void
  /** It answered a ping. `isBack`: after a silence; that it failed often before counts no more. */
  heard(key: string, isBack: boolean): void
  /** It is another run of it, or another one there. */
  forget(key: string): void
}

/** Remembered at once; the oldest makes room. */
const MOST = 64

export function createTurnFailures({ clock, random }: { readonly clock: Clock; readonly random: Random }): TurnFailures {
  const failures = new Map<string, TurnFailure>()
  /** Times in a row, also while the tunnel is open: one that breaks off again and again counts on. */
  const times = new Map<string, number>()
  const openSinceMs = new Map<string, number>()
  return {
    current: () => failures,
    failed: (key) => {
      const openForMs = clock.now() - (openSinceMs.get(key) ?? clock.now())
      const count = (openForMs >= TURN_BAR ? 0 : (times.get(key) ?? 0)) + 1
      times.set(key, count)
      failures.delete(key)
      failures.set(key, { times: count, atMs: clock.now(), isHeard: false, fraction: random.fraction() })
      const [oldest] = failures.keys()
      if (oldest === undefined || failures.size <= MOST) return
      failures.delete(oldest)
      times.delete(oldest)
    },
    held: (held) => {
      const opens = new Set(held.filter(({ state }) => state === 'open').map(({ key }) => key))
      for (const key of [...openSinceMs.keys()]) if (!opens.has(key)) openSinceMs.delete(key)
      for (const key of opens) {
        failures.delete(key)
        if (!openSinceMs.has(key)) openSinceMs.set(key, clock.now())
      }
    },
    heard: (key, isBack) => {
      const failure = failures.get(key)
      if (!failure || (failure.isHeard && !isBack)) return
      if (isBack) times.set(key, 1)
      failures.set(key, { ...failure, isHeard: true, times: isBack ? 1 : failure.times })
    },
    forget: (key) => {
      failures.delete(key)
      times.delete(key)
    },
  }
}
