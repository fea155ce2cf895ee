/** Keys in a list without gaps, so that some of them can be drawn by chance without a look at the others. */
export interface Picks {
  readonly size: number
  has(key: string): boolean
  /** So many different ones at the most, by chance, and never `except`. `fraction`: draws one in [0, 1). */
  draw(count: number, fraction: () => number, except?: string): readonly string[]
  /** All in their order, or where there are more than `most` so many by chance. */
  some(most: number, fraction: () => number): readonly string[]
}

export class PickedKeys implements Picks {
  readonly #keys: string[] = []
  readonly #places = new Map<string, number>()
  get size(): number {
    return this.#keys.length
  }
  has(key: string): boolean {
    return this.#places.has(key)
  }
  set(key: string, isIn: boolean): void {
    const place = this.#places.get(key)
    if ((place !== undefined) === isIn) return
    if (place === undefined) {
      this.#places.set(key, this.#keys.push(key) - 1)
      return
    }
    this.#places.delete(key)
    const last = this.#keys.pop()
    if (last === undefined || last === key) return
    // The last one fills the gap.
    this.#keys[place] = last
    this.#places.set(last, place)
  }
  draw(count: number, fraction: () => number, except = ''): readonly string[] {
    const drawn: string[] = []
    /** What stands at a place instead of the key there: the list itself stays as it is. */
    const moved = new Map<number, string>()
    const at = (place: number): string | undefined => moved.get(place) ?? this.#keys[place]
    const left = this.#places.get(except)
    const size = left === undefined ? this.size : this.size - 1
    const last = this.#keys[size]
    if (left !== undefined && last !== undefined) moved.set(left, last)
    for (let i = 0; i < Math.min(count, size); i++) {
      const j = i + Math.floor(fraction() * (size - i))
      const [here, there] = [at(i), at(j)]
      if (here === undefined || there === undefined) break
      moved.set(j, here)
      drawn.push(there)
    }
    return drawn
  }
  some(most: number, fraction: () => number): readonly string[] {
    return this.size <= most ? [...this.#keys] : this.draw(most, fraction)
  }
}
