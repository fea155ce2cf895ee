/** Whoever wants to be told, and what tells them all. */
export class ToldAll<T> {
  readonly #listeners = new Set<(value: T) => void>()

  /** Answers how to be told no more. */
  readonly add = (listener: (value: T) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  readonly tell = (value: T): void => {
    for (const listener of this.#listeners) listener(value)
  }
}
