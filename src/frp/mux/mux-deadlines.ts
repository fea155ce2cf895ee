import type { FrpClock } from '../contract.ts'

/** Items that each have the same time to be done in, with one timer for all. */
export class Deadlines<Item> {
  readonly #clock: FrpClock
  readonly #ms: number
  readonly #onDue: (item: Item) => void
  #dueAt: Map<Item, number> | null = null // oldest first; most sessions never have one
  #timer: unknown = null

  constructor(clock: FrpClock, ms: number, onDue: (item: Item) => void) {
    this.#clock = clock
    this.#ms = ms
    this.#onDue = onDue
  }

  get size(): number {
    return this.#dueAt?.size ?? 0
  }

  add(item: Item): void {
    this.#dueAt ??= new Map()
    this.#dueAt.delete(item)
    this.#dueAt.set(item, this.#clock.now() + this.#ms)
    this.#arm()
  }

  delete(item: Item): void {
    this.#dueAt?.delete(item)
  }

  clear(): void {
    this.#dueAt = null
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer)
    this.#timer = null
  }

  #arm(): void {
    const [oldest] = this.#dueAt?.values() ?? []
    if (oldest === undefined || this.#timer !== null) return
    this.#timer = this.#clock.setTimeout(() => this.#expire(), Math.max(0, oldest - this.#clock.now()))
  }

  #expire(): void {
    this.#timer = null
    const now = this.#clock.now()
    const due: Item[] = []
    for (const [item, at] of this.#dueAt ?? []) {
      if (at > now) break
      due.push(item)
    }
    for (const item of due) if (this.#dueAt?.delete(item)) this.#onDue(item)
    this.#arm()
  }
}
