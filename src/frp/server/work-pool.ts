// A session's idle work connections, and the users who wait for one. As in frp one more is asked for after every one that is used.
// Beyond that each user who has to wait asks for one too, so after a burst the pool is as large as the burst needed.
import type { FrpClock } from '../contract.ts'
import type { MuxStream } from '../mux/mux-contract.ts'
import type { Wire } from '../wire/wire.ts'

/** A work connection nobody uses yet; `rest`: what the client sent too early. */
export interface IdleWork {
  readonly stream: MuxStream
  /** The wire its first message came on, which is the one to answer on. */
  readonly wire: Wire
  readonly rest: Buffer | null
}

export interface Waiter {
  give(work: IdleWork): void
  /** There is none for it; `why` is one clause. */
  refuse(why: string): void
}

export interface WorkPoolOptions {
  readonly clock: FrpClock
  /** Connections the client wants ready, clamped already. */
  readonly poolCount: number
  /** Asks the client for one more. */
  readonly ask: () => void
}

interface Waiting {
  readonly waiter: Waiter
  readonly timer: unknown
}

/** frp's `user_conn_timeout`. */
const USER_WAIT_MS = 10_000
/** Idle ones kept beyond `poolCount`; frp's figure. */
const EXTRA = 10
/** Asked for at once: a client's mux opens no more before the first are there. */
const MAX_ASKED = 100
/** Users who may wait at once. */
const MAX_WAITING = 1_024
/** While some are left, those that were used are asked for together, and this much later: their setup would delay the user. */
const REFILL_MS = 3

export class WorkPool {
  readonly #options: WorkPoolOptions
  readonly #idle: IdleWork[] = []
  readonly #waiting: Waiting[] = []
  /** Asked for and not here yet. Set anew when a user has waited in vain: the client did not bring them. */
  #asked = 0
  /** Used, and not asked for again yet. */
  #owed = 0
  #refillTimer: unknown = null
  #closed = false

  constructor(options: WorkPoolOptions) {
    this.#options = options
  }

  get idleCount(): number {
    return this.#idle.length
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  /** Asks for what the client wants ready. */
  start(): void {
    for (let count = 0; count < this.#options.poolCount; count++) this.#ask()
  }

  /** Gives the waiter a work connection, now or within 10 s, or refuses it. */
  get(waiter: Waiter): void {
    if (this.#closed) return waiter.refuse('the client is gone')
    if (this.#waiting.length >= MAX_WAITING) return waiter.refuse(`${MAX_WAITING} users wait for a work connection already`)
    const work = this.#idle.shift()
    if (work !== undefined) {
      this.#handOver(work, waiter)
      return
    }
    const entry: Waiting = { waiter, timer: this.#options.clock.setTimeout(() => this.#giveUp(entry), USER_WAIT_MS) }
    this.#waiting.push(entry)
    this.#ask()
  }

  /** Takes a connection the client opened; false when there are more than enough. */
  add(work: IdleWork): boolean {
    if (this.#closed) return false
    if (this.#asked > 0) this.#asked--
    const entry = this.#waiting.shift()
    if (entry !== undefined) {
      this.#options.clock.clearTimeout(entry.timer)
      this.#handOver(work, entry.waiter)
      return true
    }
    if (this.#idle.length >= this.#options.poolCount + EXTRA) return false
    this.#idle.push(work)
    const lost = (): void => {
      const at = this.#idle.indexOf(work)
      if (at < 0) return
      this.#idle.splice(at, 1)
      work.stream.reset()
    }
    work.stream.onGone = lost
    work.stream.onEnd = lost
    return true
  }

  /** Refuses those who wait and ends what is idle. */
  close(): void {
    this.#closed = true
    this.#stopRefill()
    for (const { waiter, timer } of this.#waiting.splice(0)) {
      this.#options.clock.clearTimeout(timer)
      waiter.refuse('the client is gone')
    }
    for (const { stream } of this.#idle.splice(0)) {
      stream.onGone = null
      stream.onEnd = null
      stream.reset()
    }
  }

  #handOver(work: IdleWork, waiter: Waiter): void {
    work.stream.onGone = null
    work.stream.onEnd = null
    const spare = this.#idle.length + this.#asked + this.#owed - this.#waiting.length
    if (spare < this.#options.poolCount + EXTRA) this.#owed++
    waiter.give(work)
    if (this.#closed || this.#owed === 0) return
    if (this.#idle.length === 0) this.#refill()
    else this.#refillTimer ??= this.#options.clock.setTimeout(() => this.#refill(), REFILL_MS)
  }

  #refill(): void {
    this.#stopRefill()
    for (; this.#owed > 0; this.#owed--) this.#ask()
  }

  #stopRefill(): void {
    if (this.#refillTimer !== null) this.#options.clock.clearTimeout(this.#refillTimer)
    this.#refillTimer = null
  }

  #ask(): void {
    if (this.#asked >= MAX_ASKED) return // users who wait get the next ones that come
    this.#asked++
    this.#options.ask()
  }

  #giveUp(entry: Waiting): void {
    const at = this.#waiting.indexOf(entry)
    if (at < 0) return
    this.#waiting.splice(at, 1)
    this.#asked = this.#waiting.length
    entry.waiter.refuse(`the client opened no work connection in ${USER_WAIT_MS / 1_000} s`)
  }
}
