/** A map that holds so many entries at the most; what was set the longest ago makes room. */
export class RecentMap<K, V> {
  readonly #most: number
  readonly #entries = new Map<K, V>()
  constructor(most: number) {
    this.#most = most
  }
  get(key: K): V | undefined {
    return this.#entries.get(key)
  }
  set(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#most) return // finding the oldest is a walk over all that were set anew since
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
  delete(key: K): void {
    this.#entries.delete(key)
  }
  /** What was set the longest ago comes first. */
  entries(): MapIterator<[K, V]> {
    return this.#entries.entries()
  }
  get size(): number {
    return this.#entries.size
  }
  get isFull(): boolean {
    return this.#entries.size >= this.#most
  }
}
