// How late a thread's own loop is, watched only while something is timed: a packet that came while the loop was busy is stamped when
// the loop gets to it, and nothing in the stamp says so.

/** A tick this often while what is timed is young, and less often for what takes long anyway: a silent peer costs next to nothing. */
const PERIOD_MS = 1
const CALM_PERIOD_MS = 5
const YOUNG_FOR_MS = 100
/** A stamp is believed when the loop was last seen idle no longer before it than this many periods. */
const TOLERANCE = 4
const KEPT = 16

interface Tick {
  readonly atMs: number
  /** The one after it was due this much later. */
  readonly periodMs: number
}

/**
 * Whether a stamp can't be believed. Not the last tick before it counts but the one before that: timers run before sockets are read,
 * so after a pause a late tick comes just before the late packet.
 */
export function isLate(ticks: readonly Tick[], stampMs: number): boolean {
  const before = ticks.filter(({ atMs }) => atMs <= stampMs)
  const seen = before.at(-2) ?? before[0]
  return seen === undefined || stampMs - seen.atMs > seen.periodMs * TOLERANCE
}

export class LoopWatch {
  readonly #under = new Map<object, number>()
  #ticks: Tick[] = []
  #timer: NodeJS.Timeout | null = null

  /** Something is timed from now on; answers the end of it. */
  begin(): () => void {
    const one = {}
    this.#under.set(one, performance.now())
    if (this.#timer === null) this.#tick()
    else {
      // A tick of the calm pace would leave the first milliseconds unwatched. None is made by hand: it would say that the loop is idle.
      clearTimeout(this.#timer)
      this.#timer = setTimeout(this.#tick, PERIOD_MS)
    }
    return () => {
      this.#under.delete(one)
      if (this.#under.size > 0 || this.#timer === null) return
      clearTimeout(this.#timer)
      this.#timer = null
      this.#ticks = []
    }
  }

  isLateAt(stampMs: number): boolean {
    return isLate(this.#ticks, stampMs)
  }

  readonly #tick = (): void => {
    this.#timer = null
    const youngest = [...this.#under.values()].at(-1)
    if (youngest === undefined) return
    const atMs = performance.now()
    const periodMs = atMs - youngest < YOUNG_FOR_MS ? PERIOD_MS : CALM_PERIOD_MS
    this.#ticks = [...this.#ticks.slice(1 - KEPT), { atMs, periodMs }]
    this.#timer = setTimeout(this.#tick, periodMs)
  }
}
