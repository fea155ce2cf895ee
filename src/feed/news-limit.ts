// How much one client or peer may have told: whoever connects over and over must not fill the log.
import type { News } from './news.ts'
import { isOfClient, sourceOf } from './news-kinds.ts'

/** Entries at once, and then so many a second. */
export interface NewsRate {
  readonly burst: number
  readonly perSecond: number
}

/** A session from its first byte to its end is about ten entries. */
export const EACH_SOURCE: NewsRate = { burst: 60, perSecond: 1 }
/** All clients together: one that has many addresses is one source for each. */
export const ALL_CLIENTS: NewsRate = { burst: 600, perSecond: 10 }
/** Sources that are remembered; the one not heard of for longest is forgotten. */
const MAX_SOURCES = 1_024

/** What is left of a rate. */
export interface Allowance {
  readonly left: number
  readonly atMs: number
}

/** Refills what is left by the time gone by, none where the clock was set back, and takes one entry from it if there is one. */
export function spend(
  before: Allowance | undefined,
  { burst, perSecond }: NewsRate,
  wallMs: number,
): Allowance & { readonly isTold: boolean } {
  const goneMs = before ? Math.max(0, wallMs - before.atMs) : 0
  const left = Math.min(burst, (before?.left ?? burst) + (goneMs * perSecond) / 1_000)
  return left >= 1 ? { left: left - 1, atMs: wallMs, isTold: true } : { left, atMs: wallMs, isTold: false }
}

/** Answers for each entry whether it is told. What is this node's own doing always is. */
export function createNewsLimit(): (news: News, wallMs: number) => boolean {
  const sources = new Map<string, Allowance>()
  let clients: Allowance | undefined
  const admitsSource = (source: string, wallMs: number): boolean => {
    const after = spend(sources.get(source), EACH_SOURCE, wallMs)
    sources.delete(source)
    sources.set(source, after)
    for (const oldest of sources.keys()) {
      if (sources.size <= MAX_SOURCES) break
      sources.delete(oldest)
    }
    return after.isTold
  }
  return (news, wallMs) => {
    const source = sourceOf(news)
    if (source === null) return true
    if (!admitsSource(source, wallMs)) return false
    if (!isOfClient(news)) return true
    const after = spend(clients, ALL_CLIENTS, wallMs)
    clients = after
    return after.isTold
  }
}
