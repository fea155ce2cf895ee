import type { Entry } from './news.ts'
import { isOfClient } from './news-kinds.ts'

/**
 * The newest entries, at most `count`, in their order. Where there are more, those of clients have at most half of the places,
 * unless the others do not fill theirs.
 */
export function keepNewest(entries: readonly Entry[], count: number): readonly Entry[] {
  const over = entries.length - Math.max(0, count)
  if (over <= 0) return entries
  const clients = entries.filter(isOfClient)
  const leaving = new Set(clients.slice(0, Math.min(over, Math.max(0, clients.length - Math.floor(count / 2)))))
  return entries.filter((entry) => !leaving.has(entry)).slice(over - leaving.size)
}
