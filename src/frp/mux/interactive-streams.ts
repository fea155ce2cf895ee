// Which streams may be interactive: a terminal, a chat, a game. Bulk on other streams makes room for those.
import type { FrpClock } from '../contract.ts'

/** A stream counts as interactive for this long after it carried a small piece. */
const INTERACTIVE_MS = 500
const MAX_INTERACTIVE = 64

/** Streams that carried a small piece lately, and no large one since. */
export class InteractiveStreams {
  readonly #clock: FrpClock
  readonly #untilMs = new Map<number, number>() // by stream id, oldest first

  constructor(clock: FrpClock) {
    this.#clock = clock
  }

  /** The stream carried a small piece. */
  small(id: number): void {
    this.#untilMs.delete(id)
    for (const oldest of this.#untilMs.keys()) {
      if (this.#untilMs.size < MAX_INTERACTIVE) break
      this.#untilMs.delete(oldest)
    }
    this.#untilMs.set(id, this.#clock.now() + INTERACTIVE_MS)
  }

  /** The stream carried a large piece. */
  large(id: number): void {
    if (this.#untilMs.size > 0) this.#untilMs.delete(id)
  }

  get any(): boolean {
    if (this.#untilMs.size === 0) return false
    const now = this.#clock.now()
    for (const [id, untilMs] of this.#untilMs) {
      if (untilMs > now) return true
      this.#untilMs.delete(id)
    }
    return false
  }
}
