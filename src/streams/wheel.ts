/** A timing wheel: keys in buckets of one tick each, so that a tick costs only what is due in it. */
export class Wheel {
  #slots = new Map<number, Set<string>>()
  #slotOf = new Map<string, number>()
  #tick = 0
  readonly #tickMs: number
  constructor(tickMs: number) {
    this.#tickMs = tickMs
  }
  /** The last one that it was turned to. */
  get tick(): number {
    return this.#tick
  }
  /**
   * Makes the key due `delayMs` after the tick `from` (the next tick at the earliest), in place of when it was due before. Answers the tick
   * at which it is due.
   */
  put(key: string, delayMs: number, from = this.#tick): number {
    this.delete(key)
    const slot = from + Math.max(1, Math.round(delayMs / this.#tickMs))
    const keys = this.#slots.get(slot) ?? new Set()
    this.#slots.set(slot, keys.add(key))
    this.#slotOf.set(key, slot)
    return slot
  }
  delete(key: string): void {
    const slot = this.#slotOf.get(key)
    if (slot === undefined) return
    this.#slotOf.delete(key)
    const keys = this.#slots.get(slot)
    keys?.delete(key)
    if (keys?.size === 0) this.#slots.delete(slot)
  }
  /** On to that tick; what is due by then leaves the wheel. */
  turnTo(tick: number): readonly string[] {
    const due: string[] = []
    while (this.#tick < tick) {
      due.push(...(this.#slots.get(++this.#tick) ?? []))
      this.#slots.delete(this.#tick)
    }
    for (const key of due) this.#slotOf.delete(key)
    return due
  }
  /** The next tick at which something is due, or the last of the next `most`. */
  next(most: number): number {
    let tick = this.#tick + 1
    while (tick < this.#tick + most && !this.#slots.has(tick)) tick++
    return tick
  }
  has(key: string): boolean {
    return this.#slotOf.has(key)
  }
  /** At which tick it is due; null: it is not in the wheel. */
  dueAt(key: string): number | null {
    return this.#slotOf.get(key) ?? null
  }
  get size(): number {
    return this.#slotOf.size
  }
}
