// What is said when the feed begins again: whether it is the same node, and the same run of it.
import type { StatusAnswer } from '../src/answers.ts'
import { shortId } from '../src/feed/news-text.ts'

type Run = Pick<StatusAnswer['node'], 'id' | 'name' | 'startedAt'>

/** `away`: how long nothing came, as `12 s`. */
export function returnText(before: Run, now: Run, away: string): string {
  if (before.id !== now.id)
    return `Another node answers here now: ${now.name} (${shortId(now.id)}) in place of ${before.name} (${shortId(before.id)}), after ${away}.`
  return before.startedAt === now.startedAt
    ? `The node was out of sight for ${away}, and has run on meanwhile.`
    : `The node was restarted; nothing came from it for ${away}.`
}
