/** A timing wheel: keys in buckets of one tick each, so that a tick costs only what is due in it. */
export class Wheel {
  #slots = new Map<number, Set<string>>()
  #slotOf = new Map<string, number>()
  #tick = 0
  readonly #tickMs: number
  constructor(tickMs: number) {
    this.#tickMs = tickMs
  }
  /** Makes the key due after `delayMs` (the next tick at the earliest), in place of when it was due before. */
  put(key: string, delayMs: number): void {
    this.delete(key)
    const slot = this.#tick + Math.max(1, Math.round(delayMs / this.#tickMs))
    const keys = this.#slots.get(slot) ?? new Set()
    this.#slots.set(slot, keys.add(key))
    this.#slotOf.set(key, slot)
  }
  delete(key: string): void {
    const slot = this.#slotOf.get(key)
    if (slot === undefined) return
    this.#slotOf.delete(key)
    const keys = this.#slots.get(slot)
    keys?.delete(key)
    if (keys?.size === 0) this.#slots.delete(slot)
  }
  /** One tick on; what is due now leaves the wheel. */
  turn(): readonly string[] {
    const due = [...(this.#slots.get(++this.#tick) ?? [])]
    this.#slots.delete(this.#tick)
    for (const key of due) this.#slotOf.delete(key)
    return due
  }
  has(key: string): boolean {
    return this.#slotOf.has(key)
  }
  get size(): number {
    return this.#slotOf.size
  }
}
