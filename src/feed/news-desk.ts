import type { Entry, News } from './news.ts'

const RING = 256

/** Numbers the news, keeps the newest, and tells whoever listens. */
export interface NewsDesk {
  publish(news: News): void
  recent(count: number): readonly Entry[]
  onEntry(listener: (entry: Entry) => void): () => void
}

export function createNewsDesk(wallMs: () => number): NewsDesk {
  const ring: Entry[] = []
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
      const entry: Entry = { ...news, seq: ++seq, at: new Date(wallMs()).toISOString() }
      ring.push(entry)
      if (ring.length > RING) ring.shift()
      tell(entry)
    },
    recent: (count) => (count > 0 ? ring.slice(-count) : []),
    onEntry: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
