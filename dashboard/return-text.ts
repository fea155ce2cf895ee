// What is said when the feed begins again: whether it is the same node, and the same run of it.
import type { StatusAnswer } from '../src/answers.ts'
import { shortId } from '../src/feed/news-text.ts'
import { spanText } from '../src/feed/standing.ts'

type Run = Pick<StatusAnswer['node'], 'id' | 'name' | 'startedAt'>

/** `awayMs`: how long nothing came. `wasMissed`: the page said so. Null: there is nothing to say. */
export function returnText(before: Run, now: Run, awayMs: number, wasMissed: boolean): string | null {
  const away = spanText(awayMs)
  if (before.id !== now.id)
    return `Another node answers here now: ${now.name} (${shortId(now.id)}) in place of ${before.name} (${shortId(before.id)}), after ${away}.`
  if (!wasMissed) return before.startedAt === now.startedAt ? null : 'The node was restarted.'
  return before.startedAt === now.startedAt
    ? `The node was out of sight for ${away}, and has run on meanwhile.`
    : `The node was restarted; nothing came from it for ${away}.`
}
