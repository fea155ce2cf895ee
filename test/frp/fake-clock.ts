import type { FrpClock } from '../../src/frp/contract.ts'

interface Timer {
  readonly atMs: number
  readonly run: () => void
}

/** Time that moves only when told to, for the frp ends. `pending` shows what was left behind. */
export class FakeClock implements FrpClock {
  readonly #timers = new Set<Timer>()
  #nowMs = 0

  now = (): number => this.#nowMs
  wallMs = (): number => 1_700_000_000_000 + this.#nowMs

  setTimeout = (run: () => void, ms: number): Timer => {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), run }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout = (timer: unknown): void => {
    for (const other of this.#timers) if (other === timer) this.#timers.delete(other)
  }

  get pending(): number {
    return this.#timers.size
  }

  /** Moves on, letting links deliver in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#nowMs + ms
    for (;;) {
      await settle()
      const next = [...this.#timers].reduce<Timer | null>(
        (least, timer) => (least === null || timer.atMs < least.atMs ? timer : least),
        null,
      )
      if (next === null || next.atMs > until) break
      this.#timers.delete(next)
      this.#nowMs = next.atMs
      next.run()
    }
    this.#nowMs = until
    await settle()
  }
}

/** Lets everything that links have under way arrive; 60 rounds cover a login and a first user several times over. */
export async function settle(rounds = 60): Promise<void> {
  for (let round = 0; round < rounds; round++) await new Promise<void>((resolve) => setImmediate(resolve))
}
