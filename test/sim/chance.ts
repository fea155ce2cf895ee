import type { Random } from '../../src/ports.ts'

/** Chance that a seed repeats: mulberry32. */
export class SeededRandom implements Random {
  readonly #seed: number
  #state: number

  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#state = seed >>> 0
  }

  readonly fork = (part: string): Random => new SeededRandom(seedFor(this.#seed, part))

  readonly fraction = (): number => this.#word() / 2 ** 32

  readonly bytes = (count: number): Uint8Array => {
    const bytes = new Uint8Array(count)
    for (let at = 0; at < count; at += 4) {
      const word = this.#word()
      for (let i = 0; i < 4 && at + i < count; i++) bytes[at + i] = word >>> (8 * i)
    }
    return bytes
  }

  #word(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let word = this.#state
    word = Math.imul(word ^ (word >>> 15), word | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return (word ^ (word >>> 14)) >>> 0
  }
}

/** A seed of its own for everything that has a name, so that one host's draws never shift another's: FNV-1a over both. */
export function seedFor(seed: number, name: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(`${seed}/${name}`)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
