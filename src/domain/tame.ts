// What strangers write (names, versions, reasons) must steer no terminal, break no line of a log and turn no text around.

/** Control and format characters (escapes, bidi marks, invisible ones), halves of characters, and what ends a line. */
const WILD = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const IS_WILD = new RegExp(WILD.source, 'u')

/** Characters of a text that a stranger may have written. Sentences of our own are shorter. */
export const MAX_TOLD_CHARS = 1_000

/** Without them. */
export const withoutWild = (text: string): string => text.replaceAll(WILD, '')

/** With `?` in place of each, and cut with `…` after so many characters. The same text where there is nothing to tame. */
export function tame(text: string, maxChars = MAX_TOLD_CHARS): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text
  // Whatever is cut off may have been half a character.
  return IS_WILD.test(cut) ? cut.replaceAll(WILD, '?') : cut
}

/** Every text in a plain value tamed, keys left out. The same value where there is nothing to tame. */
export function tamed<T>(value: T, maxChars = MAX_TOLD_CHARS): T {
  return tamedValue(value, maxChars) as T
}

function tamedValue(value: unknown, maxChars: number): unknown {
  if (typeof value === 'string') return tame(value, maxChars)
  if (Array.isArray(value)) {
    const list = value.map((one) => tamedValue(one, maxChars))
    return list.every((one, i) => one === value[i]) ? value : list
  }
  if (typeof value !== 'object' || value === null) return value
  let changed: Record<string, unknown> | null = null
  for (const [key, before] of Object.entries(value)) {
    const after = tamedValue(before, maxChars)
    if (after === before) continue
    changed ??= { ...value }
    changed[key] = after
  }
  return changed ?? value
}
