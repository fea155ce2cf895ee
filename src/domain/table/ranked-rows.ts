// The order in which rows are kept: by latency, then by address.
import { type Order, OrderedRows } from './ordered-rows.ts'
import type { Row } from './row.ts'

const BY_LATENCY: Order<number> = {
  valueIn: ({ latency }) => latency.rttMs,
  compare: (one, other) => one - other,
  among: byPlace,
}

export class RankedRows extends OrderedRows<number> {
  constructor() {
    super(BY_LATENCY)
  }
}

/** By latency, who was never measured last; then by address, then by key. */
export function byRank(a: Row, b: Row): number {
  const [ms, otherMs] = [a.latency.rttMs ?? Number.POSITIVE_INFINITY, b.latency.rttMs ?? Number.POSITIVE_INFINITY]
  return ms === otherMs ? byPlace(a, b) : ms < otherMs ? -1 : 1
}

function byPlace(a: Row, b: Row): number {
  const [one, other] = [a.record.address, b.record.address]
  if (one !== other) return one.localeCompare(other)
  return a.key === b.key ? 0 : a.key < b.key ? -1 : 1
}
