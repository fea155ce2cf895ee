// A page of the table: searched, sorted, and never the whole of it.
import { byRank, type Ranked } from './ranked-rows.ts'
import type { Row } from './row.ts'

/** What rows may be sorted by. `rtt`: the order in which they are kept. */
export const SORTS = ['rtt', 'name', 'address', 'state', 'down', 'up', 'seen', 'turn', 'via', 'id'] as const
export type Sort = (typeof SORTS)[number]

export interface PageAsk {
  readonly offset: number
  readonly limit: number
  readonly sort: Sort
  /** The greatest first. What is not known comes last either way. */
  readonly isDown: boolean
  /** Of a name, an address or an id a part, in whatever case; empty: all. */
  readonly search: string
}

export interface Page {
  readonly rows: readonly Row[]
  /** How many there are on all pages. */
  readonly total: number
}

export const FIRST_PAGE: PageAsk = { offset: 0, limit: 200, sort: 'rtt', isDown: false, search: '' }

/** Costs what the page does in the order that is kept, and else one look at each row and a few at those that are sorted. */
export function pageOf(ranked: Ranked, { offset, limit, sort, isDown, search }: PageAsk): Page {
  if (search === '' && sort === 'rtt' && !isDown) return { rows: ranked.slice(offset, limit), total: ranked.size }
  const part = search.toLowerCase()
  const found: Row[] = []
  for (const row of ranked.values()) if (isFound(row, part)) found.push(row)
  if (sort === 'rtt' && !isDown) return { rows: found.slice(offset, offset + limit), total: found.length }
  const order = orderOf(sort, isDown)
  // All before the page are in front of it then, and all of it is in front of what follows.
  if (offset > 0) selectLeast(found, 0, offset, order)
  selectLeast(found, offset, offset + limit, order)
  return { rows: found.slice(offset, offset + limit).sort(order), total: found.length }
}

/** Whether a name, an address or an id holds it, which is in lower case. */
export const isFound = ({ record: { id, name, address } }: Row, part: string): boolean =>
  part === '' || name.toLowerCase().includes(part) || address.includes(part) || id?.includes(part) === true

type Order = (a: Row, b: Row) => number

const VALUES: Readonly<Record<Sort, (row: Row) => string | number | null>> = {
  rtt: ({ latency }) => latency.rttMs,
  name: ({ record }) => record.name,
  address: ({ record }) => record.address,
  state: ({ state }) => state,
  down: ({ downMbps }) => downMbps,
  up: ({ upMbps }) => upMbps,
  // Who was seen last comes first.
  seen: ({ lastProofMs }) => (lastProofMs === null ? null : -lastProofMs),
  turn: ({ record: { offersTurn, via } }) => (offersTurn && via === null ? 0 : 1),
  via: ({ record }) => record.via,
  id: ({ record }) => record.id,
}

function orderOf(sort: Sort, isDown: boolean): Order {
  const value = VALUES[sort]
  const sign = isDown ? -1 : 1
  return (a, b) => {
    const [one, other] = [value(a), value(b)]
    if (one === other) return byRank(a, b)
    if (one === null || other === null) return one === null ? 1 : -1
    return one < other ? -sign : sign
  }
}

/** Moves the least of `list` from `from` on to the places before `to`, in any order (quickselect). */
function selectLeast(list: Row[], from: number, to: number, order: Order): void {
  let [low, high] = [from, list.length - 1]
  while (low < high && to > low && to <= high) {
    const pivot = middleOf(list, low, high, order)
    let [left, right] = [low, high]
    while (left <= right) {
      while (isBefore(list[left], pivot, order)) left++
      while (isBefore(pivot, list[right], order)) right--
      if (left > right) break
      swap(list, left++, right--)
    }
    if (to <= right) high = right
    else if (to > left) low = left
    else return
  }
}

const isBefore = (a: Row | undefined, b: Row | undefined, order: Order): boolean => a !== undefined && b !== undefined && order(a, b) < 0

/** Of three, so that a list that is in order already costs no more. */
function middleOf(list: readonly Row[], low: number, high: number, order: Order): Row | undefined {
  const [a, b, c] = [list[low], list[(low + high) >> 1], list[high]]
  if (isBefore(a, b, order)) return isBefore(b, c, order) ? b : isBefore(a, c, order) ? c : a
  return isBefore(a, c, order) ? a : isBefore(b, c, order) ? c : b
}

function swap(list: Row[], i: number, j: number): void {
  const [one, other] = [list[i], list[j]]
  if (one === undefined || other === undefined) return
  list[i] = other
  list[j] = one
}
