// Which of the rows that are listed by others' word is looked at first.
import { type Coordinate, estimateError, estimateMs, MAX_TOLD_ERROR } from './coordinates.ts'
import type { Row } from './ip-table.ts'

/** So many that could be a TURN are looked for before all else. */
const ENOUGH_TURNS = 8

/**
 * One of those that could be a TURN, while few are known; of these, or of all, the one that is nearest by what it and this node tell of
 * where they are; the first where nothing is told. Null: there is none. `turns`: how many are known. `here`: this node's own coordinate.
 */
export function firstLook(rows: readonly Row[], { turns, here }: { readonly turns: number; readonly here: Coordinate }): Row | null {
  const mayCarry = turns < ENOUGH_TURNS ? rows.filter(({ record: { offersTurn, via } }) => offersTurn && via === null) : []
  const among = mayCarry.length > 0 ? mayCarry : rows
  const msOf = ({ record: { place } }: Row): number =>
    place === undefined || estimateError(here, place) > MAX_TOLD_ERROR ? Number.POSITIVE_INFINITY : estimateMs(here, place)
  let best: Row | null = null
  for (const row of among) if (best === null || msOf(row) < msOf(best)) best = row
  return best
}
