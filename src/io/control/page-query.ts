// `?limit=200&offset=0&sort=-name&search=ash`: which page of the table is asked for.
import { type PageAsk, SORTS } from '../../domain/ip-table.ts'

const MOST_ROWS = 1_000
const MOST_SEARCH_CHARS = 256
const KEYS = ['limit', 'offset', 'sort', 'search'] as const

/** Null: no page is asked for, but everybody. A text: a sentence about what does not fit. */
export function readPageAsk(query: URLSearchParams): Partial<PageAsk> | null | string {
  if (!KEYS.some((key) => query.has(key))) return null
  const [limit, offset] = [wholeIn(query, 'limit', MOST_ROWS), wholeIn(query, 'offset', Number.MAX_SAFE_INTEGER)]
  if (limit === null || limit === 0) return `limit must be a number from 1 to ${MOST_ROWS}.`
  if (offset === null) return 'offset must be a number from 0 on.'
  const search = query.get('search') ?? ''
  if (search.length > MOST_SEARCH_CHARS) return `search has at most ${MOST_SEARCH_CHARS} characters.`
  const named = query.get('sort')
  const isDown = named?.startsWith('-') === true
  const sort = named === null ? undefined : SORTS.find((one) => one === named.slice(isDown ? 1 : 0))
  if (named !== null && sort === undefined) return `sort must be one of ${SORTS.join(', ')}, with - in front for the greatest first.`
  return {
    search,
    isDown,
    ...(limit === undefined ? {} : { limit }),
    ...(offset === undefined ? {} : { offset }),
    ...(sort ? { sort } : {}),
  }
}

/** Null: it is no such number. */
function wholeIn(query: URLSearchParams, key: string, most: number): number | null | undefined {
  const text = query.get(key)
  if (text === null) return undefined
  return /^\d{1,9}$/.test(text) && Number(text) <= most ? Number(text) : null
}
