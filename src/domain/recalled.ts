/**
 * The same pure function of a text, which keeps its answers: texts of peers come again and again, and reading one costs more than
 * finding it. At least the last `most` texts are kept, at the most twice as many; of longer ones than `maxChars` nothing is. What it
 * answers is given to several who ask, so nobody may change it.
 */
export function recalled<T>(work: (text: string) => T, most: number, maxChars: number): (text: string) => T {
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  return (text) => {
    const known = young.get(text)
    if (known !== undefined) return known
    if (text.length > maxChars) return work(text)
    const answer = old.get(text) ?? work(text)
    if (young.size >= most) {
      old = young
      young = new Map()
    }
    young.set(text, answer)
    return answer
  }
}
