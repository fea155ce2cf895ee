import { tame } from '../domain/tame.ts'
import type { Entry, News } from '../feed/news.ts'
import { newsText } from '../feed/news-text.ts'

/** So frequent that they would drown the rest; `--json` has them. */
const QUIET: readonly News['type'][] = ['peer.measured', 'speed.measured', 'speed.refused', 'node.listening']

/**
 * One entry as a line for people, with its time of day; null for what is left
 * out. `isAsked`: a person asked for its type, so nothing is.
 */
export function newsLine(entry: Entry, isAsked = false): string | null {
  if (!isAsked && (QUIET.includes(entry.type) || (entry.type === 'state.entered' && entry.machine !== 'node'))) return null
  return tame(`${entry.at.slice(11, 19)}  ${newsText(entry)}`)
}
