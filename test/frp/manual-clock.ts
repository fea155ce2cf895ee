import type { FrpClock } from '../../src/frp/contract.ts'

export interface ManualClock extends FrpClock {
  /** Lets so much time pass, ringing what falls due on the way, in order. */
  pass(ms: number): void
  readonly timerCount: number
}

/** A clock that stands still until it is told. */
export function manualClock(): ManualClock {
  let now = 0
  let nextId = 1
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>()
  return {
    now: () => now,
    wallMs: () => now,
    setTimeout(run, ms) {
      const id = nextId++
      timers.set(id, { at: now + ms, run })
      return id
    },
    clearTimeout(timer) {
      if (typeof timer === 'number') timers.delete(timer)
    },
    get timerCount() {
      return timers.size
    },
    pass(ms) {
      const end = now + ms
      for (let rung = 0; rung < 100_000; rung++) {
        let next: [number, { at: number; run: () => void }] | null = null
        for (const entry of timers) if (entry[1].at <= end && (next === null || entry[1].at < next[1].at)) next = entry
        if (next === null) break
        timers.delete(next[0])
        now = Math.max(now, next[1].at)
        next[1].run()
      }
      now = end
    },
  }
}
