// Few rows that try much: whatever values two (or `strength`) factors may take together, some row takes.

/** A factor's name and the values it may take. */
export type Factors = Readonly<Record<string, readonly string[]>>
export type Row<F extends Factors> = { readonly [K in keyof F]: F[K][number] }

export interface CoveringOptions<F extends Factors> {
  /** How many factors are covered together; 2 by default. */
  readonly strength?: number
  /** Rows that can't exist. */
  readonly excludes?: (row: Row<F>) => boolean
}

type Cells = Readonly<Record<string, string>>

/**
 * The same rows for the same factors, each chosen greedily: of all rows that can exist, the one that covers most of what is
 * not covered yet, the earlier one of equals. Looks at every row there is, so it is for factors whose product stays below some
 * ten thousand.
 */
export function coveringArray<F extends Factors>(factors: F, options: CoveringOptions<F> = {}): readonly Row<F>[] {
  const { strength = 2, excludes = () => false } = options
  const possible = product(Object.entries(factors)).filter((cells) => !excludes(cells as Row<F>))
  const candidates = possible.map((cells) => ({ cells, tuples: tuplesOf(cells, strength) }))
  const missing = new Set(candidates.flatMap(({ tuples }) => tuples))
  const rows: Cells[] = []
  while (missing.size > 0) {
    let best: Cells = {}
    let most = 0
    for (const { cells, tuples } of candidates) {
      const fresh = tuples.filter((tuple) => missing.has(tuple)).length
      if (fresh > most) [best, most] = [cells, fresh]
    }
    for (const tuple of tuplesOf(best, strength)) missing.delete(tuple)
    rows.push(best)
  }
  return rows as unknown as readonly Row<F>[]
}

/** What a row covers: its values taken `strength` at a time. */
export function tuplesOf(row: Cells, strength: number): readonly string[] {
  const cells = Object.entries(row).map(([name, value]) => `${name}=${value}`)
  const choose = (from: number, left: number): string[][] =>
    left === 0 ? [[]] : cells.slice(from).flatMap((cell, at) => choose(from + at + 1, left - 1).map((rest) => [cell, ...rest]))
  return choose(0, strength).map((tuple) => tuple.join(', '))
}

function product(factors: readonly (readonly [string, readonly string[]])[]): readonly Cells[] {
  return factors.reduce<readonly Cells[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  )
}
