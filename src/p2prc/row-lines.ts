/** Strings, brackets, commas and colons, newlines, and whatever else is a value. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|\n|[^\s{}[\],:"]+/g

/** The line, from 1, on which each row of the last list under `ip_address` begins. The text must be JSON. */
export function rowLines(text: string): readonly number[] {
  let [depth, line, word, key] = [0, 1, '', '']
  let lines: number[] = []
  let isListed = false
  let isDue = false
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '\n') {
      line++
      continue
    }
    if (isListed && isDue && depth === 2 && token !== ']') {
      lines.push(line)
      isDue = false
    }
    if (token === ':' && depth === 1) key = word.slice(1, -1).toLowerCase()
    if (token === '[' && depth === 1 && key === 'ip_address') {
      isListed = true
      isDue = true
      lines = []
    }
    if (token === ',' && depth === 2) isDue = true
    if (token === '{' || token === '[') depth++
    if (token === '}' || token === ']') depth--
    if (depth === 1) isListed = false
    word = token
  }
  return lines
}
