import { tamed } from '../domain/tame.ts'
import type { Entry, News } from './news.ts'
import { isMeasurement } from './news-kinds.ts'
import { createNewsLimit } from './news-limit.ts'
import { keepNewest } from './news-ring.ts'

/** Entries kept of each kind. */
const KEPT = 256
/** So many more come before the oldest are let go. */
const ROOM = 64

/** `measurements` come with every ping and would push out the rest; `news` is everything else. */
export type NewsKind = 'news' | 'measurements'

/**
 * Numbers and tames the news, keeps the newest, and tells whoever listens.
 * What one source tells too often is numbered and left out.
 */
export interface NewsDesk {
  publish(news: News): void
  /** The newest of one kind, oldest first. Default: `news`. */
  recent(count: number, kind?: NewsKind): readonly Entry[]
  /** Hears of both kinds. */
  onEntry(listener: (entry: Entry) => void): () => void
}

/** Of many entries of one moment it is worked out once. */
let lastIso = { ms: 0, text: new Date(0).toISOString() }
const isoOf = (ms: number): string => {
  if (ms !== lastIso.ms) lastIso = { ms, text: new Date(ms).toISOString() }
  return lastIso.text
}

export function createNewsDesk(wallMs: () => number): NewsDesk {
  const kept: Record<NewsKind, Entry[]> = { news: [], measurements: [] }
  const isTold = createNewsLimit()
  const listeners = new Set<(entry: Entry) => void>()
  /** Told by a listener while others have yet to hear of the entry before. */
  const waiting: Entry[] = []
  let isTelling = false
  let seq = 0
  const tell = (entry: Entry): void => {
    waiting.push(entry)
    if (isTelling) return
    isTelling = true
    for (let next = waiting.shift(); next; next = waiting.shift()) for (const listener of listeners) listener(next)
    isTelling = false
  }
  return {
    publish: (news) => {
      const nowMs = wallMs()
      seq += 1
      if (!isTold(news, nowMs)) return
      const entry: Entry = { ...tamed(news), seq, at: isoOf(nowMs) }
      const kind = isMeasurement(entry) ? 'measurements' : 'news'
      kept[kind].push(entry)
      // Not with each: every ping is news.
      if (kept[kind].length >= KEPT + ROOM) kept[kind] = [...keepNewest(kept[kind], KEPT)]
      tell(entry)
    },
    recent: (count, kind = 'news') => keepNewest([...kept[kind]], Math.min(count, KEPT)),
    onEntry: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
