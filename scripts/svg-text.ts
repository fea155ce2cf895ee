// What both kinds of drawing are written with.
import type { ElkPoint } from 'elkjs'

/** The point that lies `px` from `start` on the way to `end`, at most that share of the way. */
export function towards(start: ElkPoint, end: ElkPoint, px: number, atMost = 0.5): ElkPoint {
  const whole = Math.hypot(end.x - start.x, end.y - start.y)
  const share = whole === 0 ? 0 : Math.min(px / whole, atMost)
  return { x: start.x + (end.x - start.x) * share, y: start.y + (end.y - start.y) * share }
}

export const text = (kind: string, x: number, y: number, content: string): string =>
  `<text class="${kind}" x="${n(x)}" y="${n(y)}" xml:space="preserve">${escaped(content)}</text>`
export const at = ({ x, y }: ElkPoint): string => `${n(x)} ${n(y)}`
export const n = (value: number): string => String(Math.round(value * 10) / 10)
export const escaped = (plain: string): string =>
  plain.replace(/[&<>"]/g, (mark) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[mark] ?? '')

/** Broken at blanks, at most so many characters a line if a word allows it. `indent` stands before each line but the first. */
export function wrapped(text: string, most: number, indent = ''): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`
    if (lines.length === 0) lines.push(word)
    else if (longer.length > most) lines.push(indent + word)
    else lines[lines.length - 1] = longer
  }
  return lines
}
