// Pages of the table, searched and sorted. An order that is asked for is made once and then kept with each change, as long as somebody
// looks at it: what people page through costs what the page does.
import { type Order, OrderedRows, type Page } from './ordered-rows.ts'
import { byRank, type RankedRows } from './ranked-rows.ts'
import type { Row } from './row.ts'
import { searchPart, textHolds } from './row-texts.ts'

export type { Page } from './ordered-rows.ts'

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

export const FIRST_PAGE: PageAsk = { offset: 0, limit: 200, sort: 'rtt', isDown: false, search: '' }

/** Orders beside the first that are kept at once. */
const MOST_ORDERS = 4
/**
 * One that nobody has asked for during so many changes, and as many as there
 * are rows, is not kept any longer: making it anew costs less.
 */
const LEAST_IDLE = 1_000

interface Kept {
  readonly rows: OrderedRows<number> | OrderedRows<string>
  /** Changes since it was last asked for. */
  idle: number
}

/** The pages of `ranked`, which its owner changes; it tells of each change. */
export class Pages {
  readonly #ranked: RankedRows
  /** Who was asked for last stands last. */
  readonly #orders = new Map<string, Kept>()
  constructor(ranked: RankedRows) {
    this.#ranked = ranked
  }
  /** Costs what the page does, and a search one look at a text of all; the first one in another order sorts all rows. */
  page({ offset, limit, sort, isDown, search }: PageAsk): Page {
    const rows = sort === 'rtt' && !isDown ? this.#ranked : this.#orderedBy(sort, isDown)
    return search === '' ? { rows: rows.slice(offset, limit), total: rows.size } : rows.search(searchPart(search), offset, limit)
  }
  /** As a row of `ranked` was, and as it is; null: it is none of them. */
  replace(before: Row | null, after: Row | null): void {
    for (const [name, kept] of this.#orders) {
      if (++kept.idle > Math.max(LEAST_IDLE, this.#ranked.size)) this.#orders.delete(name)
      else kept.rows.replace(before, after)
    }
  }
  #orderedBy(sort: Sort, isDown: boolean): Kept['rows'] {
    const name = `${isDown ? '-' : ''}${sort}`
    const { rows } = this.#orders.get(name) ?? { rows: madeOf(this.#ranked, ORDERS[sort], isDown) }
    this.#orders.delete(name)
    this.#orders.set(name, { rows, idle: 0 })
    const [longest] = this.#orders.keys()
    if (this.#orders.size > MOST_ORDERS && longest !== undefined) this.#orders.delete(longest)
    return rows
  }
}

/** Whether a name, an address or an id holds it, in whatever case. */
export function finderOf(search: string): (row: Pick<Row, 'record'>) => boolean {
  const part = searchPart(search)
  return search === '' ? () => true : (row) => textHolds(row, part)
}

type Sorted =
  | { readonly type: 'number'; readonly valueIn: (row: Row) => number | null }
  | { readonly type: 'text'; readonly valueIn: (row: Row) => string | null }

const byNumber = (valueIn: (row: Row) => number | null): Sorted => ({ type: 'number', valueIn })
const byText = (valueIn: (row: Row) => string | null): Sorted => ({ type: 'text', valueIn })

const ORDERS: Readonly<Record<Sort, Sorted>> = {
  rtt: byNumber(({ latency }) => latency.rttMs),
  name: byText(({ record }) => record.name),
  address: byText(({ record }) => record.address),
  state: byText(({ state }) => state),
  down: byNumber(({ downMbps }) => downMbps),
  up: byNumber(({ upMbps }) => upMbps),
  // Who was seen last comes first.
  seen: byNumber(({ lastProofMs }) => (lastProofMs === null ? null : -lastProofMs)),
  turn: byNumber(({ record: { offersTurn, via } }) => (offersTurn && via === null ? 0 : 1)),
  via: byText(({ record }) => record.via),
  id: byText(({ record }) => record.id),
}

function madeOf(ranked: RankedRows, sorted: Sorted, isDown: boolean): Kept['rows'] {
  const rows = [...ranked.values()]
  if (sorted.type === 'number') return inOrder<number>(rows, { valueIn: sorted.valueIn, compare: (a, b) => a - b }, isDown)
  return inOrder<string>(rows, { valueIn: sorted.valueIn, compare: (a, b) => (a === b ? 0 : a < b ? -1 : 1) }, isDown)
}

/** Among equals the order of `ranked` stays. */
function inOrder<Value extends number | string>(
  ranked: readonly Row[],
  { valueIn, compare }: Pick<Order<Value>, 'valueIn' | 'compare'>,
  isDown: boolean,
): OrderedRows<Value> {
  const sign = isDown ? -1 : 1
  const known: { readonly row: Row; readonly value: Value }[] = []
  const unknown: Row[] = []
  for (const row of ranked) {
    const value = valueIn(row)
    if (value === null) unknown.push(row)
    else known.push({ row, value })
  }
  known.sort((a, b) => sign * compare(a.value, b.value))
  const order: Order<Value> = { valueIn, compare: (a, b) => sign * compare(a, b), among: byRank }
  return new OrderedRows(order, [...known.map(({ row }) => row), ...unknown])
}
