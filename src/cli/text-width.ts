// How many columns of a terminal a text takes: characters of East Asia and emoji take two, marks upon a character none.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const MARK = /\p{Mn}|\p{Me}/u

const widthOfOne = (character: string): number => (WIDE.test(character) ? 2 : MARK.test(character) ? 0 : 1)

export function textWidth(text: string): number {
  let width = 0
  for (const character of text) width += widthOfOne(character)
  return width
}

/** As many of its characters as fit. */
export function within(text: string, most: number): string {
  let [fitting, width] = ['', 0]
  for (const character of text) {
    width += widthOfOne(character)
    if (width > most) break
    fitting += character
  }
  return fitting
}

export const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - textWidth(text)))
