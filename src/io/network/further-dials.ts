// TCP sends a lost SYN again after 1, 3 and 7 seconds. Where a handshake takes longer than most paths do, another one is begun beside it, and who is
// through first is used: as browsers do it with a host's addresses (RFC 8305).
import { FURTHER_DIALS } from '../../domain/timings.ts'

interface Timers {
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

/** Begins at once, and again at each of `FURTHER_DIALS` until what it answers is called: one is through, or all is over. */
export function beginAgain(begin: () => void, timers: Timers): () => void {
  let isOver = false
  begin()
  const waiting = FURTHER_DIALS.map((ms) =>
    timers.setTimeout(() => {
      if (!isOver) begin()
    }, ms),
  )
  return () => {
    isOver = true
    for (const timer of waiting) timers.clearTimeout(timer)
  }
}
