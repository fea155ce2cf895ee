// A page of the table: searched, sorted, and never the whole of it.
import type { Ranked } from './ranked-rows.ts'
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
  const found = ranked.filter(finderOf(search))
  const rows =
    sort === 'rtt' && !isDown ? found.slice(offset, offset + limit) : sortedPage(found, VALUES[sort], isDown, offset, offset + limit)
  return { rows, total: found.length }
}

type Value = string | number | null

/** The places from `from` to before `to` of the rows as they would stand if all were sorted; among equals their order stays. */
function sortedPage(rows: readonly Row[], valueIn: (row: Row) => Value, isDown: boolean, from: number, to: number): readonly Row[] {
  const values = rows.map(valueIn)
  const known: number[] = []
  const unknown: number[] = []
  for (const [place, value] of values.entries()) (value === null ? unknown : known).push(place)
  const sign = isDown ? -1 : 1
  const order = (a: number, b: number): number => {
    const [one, other] = [values[a] ?? 0, values[b] ?? 0]
    return one === other ? a - b : one < other ? -sign : sign
  }
  // All before the page are in front of it then, and all of it is in front of what follows.
  if (from > 0) selectLeast(known, 0, from, order)
  selectLeast(known, from, to, order)
  const page = [...known.slice(from, to).sort(order), ...unknown.slice(Math.max(0, from - known.length), Math.max(0, to - known.length))]
  return page.flatMap((place) => rows[place] ?? [])
}

/** Whether a name, an address or an id holds it, in whatever case. */
export function finderOf(search: string): (row: Pick<Row, 'record'>) => boolean {
  if (search === '') return () => true
  const part = search.toLowerCase()
  return ({ record: { id, name, address } }) =>
    name.includes(part) || address.includes(part) || id?.includes(part) === true || name.toLowerCase().includes(part)
}

type Order = (a: number, b: number) => number

const VALUES: Readonly<Record<Sort, (row: Row) => Value>> = {
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

/** Moves the least of `list` from `from` on to the places before `to`, in any order (quickselect). */
function selectLeast(list: number[], from: number, to: number, order: Order): void {
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

const isBefore = (a: number | undefined, b: number | undefined, order: Order): boolean =>
  a !== undefined && b !== undefined && order(a, b) < 0

/** Of three, so that a list that is in order already costs no more. */
function middleOf(list: readonly number[], low: number, high: number, order: Order): number | undefined {
  const [a, b, c] = [list[low], list[(low + high) >> 1], list[high]]
  if (isBefore(a, b, order)) return isBefore(b, c, order) ? b : isBefore(a, c, order) ? c : a
  return isBefore(a, c, order) ? a : isBefore(b, c, order) ? c : b
}

function swap(list: number[], i: number, j: number): void {
  const [one, other] = [list[i], list[j]]
  if (one === undefined || other === undefined) return
  list[i] = other
  list[j] = one
}
