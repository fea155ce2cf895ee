/** Looks within a window. More are cut sooner; fewer let one that has just been fast rest for longer. */
const LOOKS = 5

export interface PaceOptions {
  /** Bytes that have passed so far. */
  readonly total: () => number
  /** In any time of this length so many more must have passed. */
  readonly windowMs: number
  readonly minBytes: number
  /** They did not. It looks no further. */
  readonly onSlow: () => void
}

/**
 * Watches how fast a transfer is, however long it may last: one that stalls or dribbles is told after `windowMs`, or a fifth of that
 * later. Answers how to end that.
 */
export function watchPace({ total, windowMs, minBytes, onSlow }: PaceOptions): () => void {
  let seen: readonly number[] = [total()]
  const stop = (): void => clearInterval(timer)
  const timer = setInterval(() => {
    const [first = 0] = seen
    const now = total()
    if (seen.length === LOOKS && now - first < minBytes) {
      stop()
      return onSlow()
    }
    seen = [...seen.slice(seen.length === LOOKS ? 1 : 0), now]
  }, windowMs / LOOKS)
  return stop
}
