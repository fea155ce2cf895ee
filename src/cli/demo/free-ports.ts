import { createServer } from 'node:net'

/**
 * Below where systems take the ports of outgoing connections from: a port that was
 * found free there is not taken by chance before it is used.
 */
const FIRST = 10_000
const LAST = 19_999
const TRIES = 200

/** Ports of the loopback that are free now, all different, for processes that must know one another's before they listen. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>()
  for (let tries = 0; found.size < count; tries++) {
    if (tries >= TRIES * count) throw new Error(`no ${count} free ports from ${FIRST} to ${LAST} on 127.0.0.1`)
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    if (!found.has(port) && (await isFree(port))) found.add(port)
  }
  return [...found]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
