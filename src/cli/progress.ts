// What takes longer than a second says on stderr that it is under way.

const PATIENCE_MS = 1_000

/** `what`: a clause; with `json` nothing is said. */
export async function withProgress<T>(what: string, json: boolean | undefined, work: Promise<T>): Promise<T> {
  if (json) return work
  const startedAt = performance.now()
  const isTerminal = process.stderr.isTTY === true
  const say = (): void => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000)
    process.stderr.write(isTerminal ? `\r\x1b[K${what} … ${seconds} s` : `${what} …\n`)
    if (isTerminal) timer = setTimeout(say, PATIENCE_MS)
  }
  let timer = setTimeout(say, PATIENCE_MS)
  try {
    return await work
  } finally {
    clearTimeout(timer)
    if (isTerminal && performance.now() - startedAt >= PATIENCE_MS) process.stderr.write('\r\x1b[K')
  }
}
