// Time, and chance.

/** One clock serves XState, RxJS (`clockScheduler`) and plain code alike. */
export interface Clock {
  /** Monotonic milliseconds with decimals; the origin is arbitrary. */
  now(): number
  /** Milliseconds since 1970, for people and files only. */
  wallMs(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
  /** Milliseconds that this process has been at work so far, or had to wait for a processor to be; the origin is arbitrary. */
  busyMs(): number
  /**
   * Of the time in the last seconds in which this process was ready to run, the share, 0 to 1, in which it had to wait for a processor: other programs
   * had them. 0 where nobody counts that.
   */
  waitedShare(): number
}

export interface Random {
  /** In [0, 1). */
  fraction(): number
  bytes(count: number): Uint8Array
  /** Chance for one part alone: what it draws shifts nobody else's draws where chance repeats. */
  fork(part: string): Random
}
