// Pings of one session whose answers are waited for.
import type { FrpClock } from '../contract.ts'

/** So many at once; the oldest makes room. */
const MAX_PINGS = 8

export class Pings {
  /** The last answered one's round trip; null before the first answer. */
  rttMs: number | null = null
  readonly #clock: FrpClock
  readonly #waiting = new Map<number, { readonly at: number; readonly answered: ((rttMs: number) => void) | null }>() // oldest first
  #id = 0

  constructor(clock: FrpClock) {
    this.#clock = clock
  }

  /** The number of one more ping, whoever waits for its answer. */
  next(): number {
    this.#id = (this.#id + 1) >>> 0
    return this.#id
  }

  /** The number of one that is waited for from now on. */
  begin(answered: ((rttMs: number) => void) | null): number {
    const id = this.next()
    const [oldest] = this.#waiting.keys()
    if (oldest !== undefined && this.#waiting.size >= MAX_PINGS) this.#waiting.delete(oldest)
    this.#waiting.set(id, { at: this.#clock.now(), answered })
    return id
  }

  /** An answer came; false: to none of these. */
  answered(id: number): boolean {
    const ping = this.#waiting.get(id)
    if (ping === undefined) return false
    this.#waiting.delete(id)
    this.rttMs = this.#clock.now() - ping.at
    ping.answered?.(this.rttMs)
    return true
  }
}
