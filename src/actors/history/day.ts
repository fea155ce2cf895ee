import { HISTORY_MINUTES } from '../../domain/history.ts'

const BLOCK = 60

/** A small number for each minute of a day, 0 at first. Memory is taken by the hour, for hours in which there is another. */
export class Day<Block extends Uint8Array | Uint16Array> {
  readonly #blocks: (Block | undefined)[] = Array.from({ length: Math.ceil(HISTORY_MINUTES / BLOCK) }, () => undefined)
  readonly #make: (minutes: number) => Block
  constructor(make: (minutes: number) => Block) {
    this.#make = make
  }
  at(slot: number): number {
    return this.#blocks[Math.floor(slot / BLOCK)]?.[slot % BLOCK] ?? 0
  }
  set(slot: number, value: number): void {
    const index = Math.floor(slot / BLOCK)
    const block = this.#blocks[index]
    if (block !== undefined) block[slot % BLOCK] = value
    else if (value !== 0) {
      const made = this.#make(BLOCK)
      made[slot % BLOCK] = value
      this.#blocks[index] = made
    }
  }
  /** Every minute is 0. Hours that are get their memory back. */
  isEmpty(): boolean {
    for (const [index, block] of this.#blocks.entries()) if (block?.every((value) => value === 0)) this.#blocks[index] = undefined
    return this.#blocks.every((block) => block === undefined)
  }
}
