// Permits of the node's own thread to connect: each is for one connection, and is given back when that has ended.

export interface Permit {
  readonly ip: string
  /** More than once is no harm. */
  giveBack(): void
}

/** Those that were given and not used yet, by where they are for. */
export class Permits {
  readonly #unused = new Map<string, Permit[]>()
  readonly #over: () => void

  constructor(over: () => void) {
    this.#over = over
  }

  /** Answers what takes it back where it was not used. */
  add(name: string, ip: string): () => void {
    let isOver = false
    const permit: Permit = {
      ip,
      giveBack: () => {
        if (!isOver) this.#over()
        isOver = true
      },
    }
    this.#unused.set(name, [...(this.#unused.get(name) ?? []), permit])
    return () => {
      if (this.#remove(name, permit)) permit.giveBack()
    }
  }

  /** For a connection that is made now. */
  take(name: string): Permit | null {
    const [permit = null] = this.#unused.get(name) ?? []
    if (permit !== null) this.#remove(name, permit)
    return permit
  }

  #remove(name: string, permit: Permit): boolean {
    const unused = this.#unused.get(name) ?? []
    const left = unused.filter((one) => one !== permit)
    if (left.length === 0) this.#unused.delete(name)
    else this.#unused.set(name, left)
    return left.length < unused.length
  }
}
