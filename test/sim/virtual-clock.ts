import type { Clock } from '../../src/ports.ts'

/** Node fires a longer timer at once; here it is a bug that is named. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** Turns of the event loop the world may take to come to rest. Streams need a handful. */
const MOST_TURNS = 10_000
/** So many turns without anything going on are rest: an immediate of one turn may have been set by the last of the turn before. */
const QUIET_TURNS = 2
/** A timer that is set for later runs this much later at least, in ms. Less may be lost in the sum, and whoever sets it again for the rest never gets there. */
const FINEST_MS = 1e-6
/** Timers that may run without time moving on. */
const MOST_AT_ONCE = 1_000_000

export interface VirtualClockOptions {
  /** More where what goes on can't be counted, as with links that use the host's own immediates. */
  readonly quietTurns?: number
  /** What `wallMs` says at the beginning. */
  readonly epochMs?: number
}

interface Timer {
  readonly id: number
  readonly dueMs: number
  run: (() => void) | null
}

/**
 * Time that moves only when told to. Timers lie in a binary heap ordered by (due, id): each runs at its own deadline, in the
 * order of setting among equals, and what it set in motion (promises, stream ticks, immediates) comes to rest before the next.
 */
export class VirtualClock implements Clock {
  /** What `wallMs` says at the beginning, unless told otherwise: 2030-01-01. */
  static readonly epochMs = Date.UTC(2030, 0, 1)
  /** Heap steps so far, so that a test can count work instead of timing it. */
  steps = 0
  readonly #quietTurns: number
  readonly #epochMs: number
  #nowMs = 0
  #nextId = 1
  #heap: Timer[] = []
  #cancelled = 0
  #atOnce = 0
  #pendingImmediates = 0
  #touched = 0
  #crash: { readonly error: unknown } | null = null
  #coming: Timer | null = null

  constructor({ quietTurns = QUIET_TURNS, epochMs = VirtualClock.epochMs }: VirtualClockOptions = {}) {
    this.#quietTurns = quietTurns
    this.#epochMs = epochMs
  }

  /** Milliseconds since the world began. */
  readonly now = (): number => this.#nowMs
  readonly wallMs = (): number => this.#epochMs + this.#nowMs
  /** What a process does here takes no time. */
  readonly busyMs = (): number => 0
  readonly waitedShare = (): number => 0

  /** Timers set and neither run nor cleared. */
  get timerCount(): number {
    return this.#heap.length - this.#cancelled
  }

  readonly setTimeout = (run: () => void, ms: number): unknown => {
    if (ms > LONGEST_TIMER_MS) throw new Error(`a timer of ${ms} ms: Node would run it at once`)
    const timer: Timer = { id: this.#nextId++, dueMs: this.#nowMs + (ms > 0 ? Math.max(ms, FINEST_MS) : 0), run }
    this.#touched++
    this.#heap.push(timer)
    this.#rise(this.#heap.length - 1)
    return timer
  }

  /** Lazy: a cleared timer stays where it is until it comes up, or until half the heap is such. */
  readonly clearTimeout = (timer: unknown): void => {
    if (!isTimer(timer) || timer.run === null) return
    timer.run = null
    this.#cancelled++
    if (this.#cancelled > 1_000 && this.#cancelled * 2 > this.#heap.length) this.#sweep()
  }

  /** Moves time on by that much. Rejects with the first error thrown by a timer or reported with `crash`. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await this.#live(untilMs, () => false)
    this.#nowMs = untilMs
  }

  /** The same at once: timers run, and nothing else happens in between. For what uses timers alone. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let timer = this.#next(untilMs); timer !== null; timer = this.#next(untilMs)) this.#run(timer)
    this.#nowMs = untilMs
  }

  /** Moves time on until the predicate holds, asked whenever the world is at rest. False when `maxMs` passed first. */
  async advanceUntil(predicate: () => boolean, maxMs: number): Promise<boolean> {
    const untilMs = this.#nowMs + maxMs
    const held = await this.#live(untilMs, predicate)
    if (!held) this.#nowMs = untilMs
    return held
  }

  /** Moves time on until the promise settles, and answers with what it gave. Throws when `maxMs` passed first. */
  async until<T>(promise: Promise<T>, maxMs = 600_000): Promise<T> {
    let settled = false
    const mark = () => {
      settled = true
    }
    promise.then(mark, mark)
    if (!(await this.advanceUntil(() => settled, maxMs))) throw new Error(`not settled after ${maxMs} virtual ms`)
    return promise
  }

  /** Lets everything that needs no time happen. */
  async settle(): Promise<void> {
    let quiet = 0
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      const before = this.#touched
      await new Promise<void>(hostImmediate)
      if (this.#crash !== null) this.#raise()
      quiet = this.#pendingImmediates === 0 && this.#touched === before ? quiet + 1 : 0
      if (quiet >= this.#quietTurns) return
    }
    throw new Error(`not at rest after ${MOST_TURNS} turns of the event loop`)
  }

  /** An error that nobody caught: `advance` ends with it. */
  crash(error: unknown): void {
    this.#crash ??= { error }
  }

  /** Runs something in the next turn, and has `settle` wait for it. */
  readonly immediate = (run: () => void): NodeJS.Immediate => {
    this.#pendingImmediates++
    return hostImmediate(() => {
      this.#pendingImmediates--
      run()
    })
  }

  async #live(untilMs: number, predicate: () => boolean): Promise<boolean> {
    for (;;) {
      await this.settle()
      if (predicate()) return true
      // Where more turns than usual are waited for, something uses the host's own immediates, of which `#runMany` knows nothing.
      const isAlone = drain === null || this.#quietTurns > QUIET_TURNS
      const ended = isAlone ? this.#runOne(untilMs) : await this.#runMany(untilMs, predicate)
      if (ended !== null) return ended
    }
  }

  /** Null: there may be more. */
  #runOne(untilMs: number): false | null {
    const timer = this.#next(untilMs)
    if (timer === null) return false
    this.#run(timer)
    return null
  }

  /**
   * As many in one turn of the host's loop as it can be: all that one sets in motion is at rest before the next, but what waits for a turn.
   * A turn for each timer was a sixth of the time that a network of whole nodes took.
   */
  #runMany(untilMs: number, predicate: () => boolean): Promise<boolean | null> {
    return new Promise((resolve, reject) => {
      hostImmediate(() => {
        try {
          resolve(this.#runInTurn(untilMs, predicate))
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #runInTurn(untilMs: number, predicate: () => boolean): boolean | null {
    for (let count = 0; count < MOST_IN_A_TURN; count++) {
      // Somebody else may have moved time on since the last look.
      if (predicate()) return true
      const timer = this.#next(untilMs)
      if (timer === null) return false
      // From a microtask, as everywhere in the world: what it sets in motion comes in the same order.
      this.#coming = timer
      SETTLED.then(this.#runComing)
      drain?.()
      if (this.#crash !== null) this.#raise()
      if (this.#pendingImmediates > 0) return null
    }
    return null
  }

  readonly #runComing = (): void => {
    try {
      if (this.#coming !== null) this.#run(this.#coming)
    } catch (error) {
      this.crash(error)
    }
  }

  #run(timer: Timer): void {
    this.#atOnce = timer.dueMs > this.#nowMs ? 0 : this.#atOnce + 1
    if (this.#atOnce > MOST_AT_ONCE) throw new Error(`${MOST_AT_ONCE} timers ran at ${this.#nowMs} ms: time stands still`)
    this.#nowMs = timer.dueMs
    const run = timer.run
    timer.run = null
    run?.()
  }

  #next(untilMs: number): Timer | null {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined) return null
      if (first.run !== null && first.dueMs > untilMs) return null
      this.#dropFirst()
      if (first.run !== null) return first
      this.#cancelled--
    }
  }

  #raise(): never {
    const error = this.#crash?.error
    this.#crash = null
    throw error
  }

  #dropFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #sweep(): void {
    this.#heap = this.#heap.filter((timer) => timer.run !== null)
    this.#cancelled = 0
    this.steps += this.#heap.length
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at)
  }

  #rise(from: number): void {
    const heap = this.#heap
    const timer = heap[from]
    let at = from
    while (timer !== undefined && at > 0) {
      const above = (at - 1) >> 1
      const other = heap[above]
      this.steps++
      if (other === undefined || isBefore(other, timer)) break
      heap[at] = other
      at = above
    }
    if (timer !== undefined) heap[at] = timer
  }

  #sink(from: number): void {
    const heap = this.#heap
    const timer = heap[from]
    let at = from
    while (timer !== undefined) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      const goesRight = left !== undefined && right !== undefined && isBefore(right, left)
      const least = goesRight ? right : left
      this.steps++
      if (least === undefined || isBefore(timer, least)) break
      heap[at] = least
      at = 2 * at + (goesRight ? 2 : 1)
    }
    if (timer !== undefined) heap[at] = timer
  }
}

const MOST_IN_A_TURN = 1_000
const SETTLED = Promise.resolve()

/** Runs all promises' and ticks' callbacks that wait, to the last. Null where this Node has no such thing. */
const drain: (() => void) | null = '_tickCallback' in process ? (process._tickCallback as () => void) : null

/** The host's, taken before any world puts its own in place. */
const hostImmediate = setImmediate

const isBefore = (a: Timer, b: Timer): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.id < b.id)

const isTimer = (timer: unknown): timer is Timer => typeof timer === 'object' && timer !== null && 'dueMs' in timer && 'run' in timer
