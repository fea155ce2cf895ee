import type { Random } from '../../src/ports.ts'

/** Draws of a seed. */
export interface Draw {
  /** Whole, both ends belong to it. */
  between(least: number, most: number): number
  chance(share: number): boolean
  one<T>(among: readonly T[]): T
  /** Two different ones. */
  two<T>(among: readonly T[]): readonly [T, T]
  /** Each with its weight. */
  weighted<T>(among: readonly (readonly [weight: number, T])[]): T
}

export function drawFrom(random: Pick<Random, 'fraction'>): Draw {
  const between = (least: number, most: number): number => least + Math.floor(random.fraction() * (most - least + 1))
  const one = <T>(among: readonly T[]): T => {
    const drawn = among[between(0, among.length - 1)]
    if (drawn === undefined) throw new Error('there is nothing to draw from')
    return drawn
  }
  return {
    between,
    one,
    chance: (share) => random.fraction() < share,
    two: (among) => {
      const first = one(among)
      return [first, one(among.filter((other) => other !== first))]
    },
    weighted: (among) => {
      let left = random.fraction() * among.reduce((sum, [weight]) => sum + weight, 0)
      for (const [weight, thing] of among) {
        left -= weight
        if (left < 0) return thing
      }
      return one(among)[1]
    },
  }
}
