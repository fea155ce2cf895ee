import type { Random } from '../../src/ports.ts'

/** Chance that always draws these, one after another and again from the first; its bytes are zeros. Its parts draw the same. */
export function fixedChance(...fractions: readonly number[]): Random {
  let at = 0
  const random: Random = {
    fraction: () => fractions[at++ % fractions.length] ?? 0,
    bytes: (count) => new Uint8Array(count),
    fork: () => random,
  }
  return random
}
