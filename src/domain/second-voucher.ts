// Whom a node that starts asks to connect back beside its seed, so that two vouch for it. A word is read by those who know both who vouch, so
// the best is whom all others ask as well.
import { isProven, type Row } from './ip-table.ts'
import type { PeerId } from './record.ts'
import { VOUCHES_NEEDED } from './timings.ts'

/**
 * One that may be asked, by an address of its own: the one that most of `all` are vouched for by; of these that with the least id, which all who
 * know the same choose. Null: there is none. `self`: the id of who asks.
 */
export function secondVoucher(askable: readonly Row[], all: Iterable<Row>, self: PeerId): Row | null {
  const vouched = new Map<string, number>()
  for (const { record } of all) for (const { by } of record.vouches ?? []) vouched.set(by, (vouched.get(by) ?? 0) + 1)
  const timesOf = ({ key }: Row): number => vouched.get(key) ?? 0
  let best: Row | null = null
  for (const row of askable) {
    if (row.record.id === null || row.record.via !== null || row.strikes > 0 || row.stored !== null || mayAskBack(row, self)) continue
    const isBetter = best === null || timesOf(row) > timesOf(best) || (timesOf(row) === timesOf(best) && row.key < best.key)
    if (isBetter) best = row
  }
  return best
}

/**
 * It may ask this node at the same moment, and neither connects back before it has an answer: to an address that has proven nothing there is one
 * try at a time. So of two that lack vouches that with the greater id asks the other.
 */
const mayAskBack = (row: Row, self: PeerId): boolean =>
  !isProven(row) && (row.record.vouches?.length ?? 0) < VOUCHES_NEEDED && row.key > self
