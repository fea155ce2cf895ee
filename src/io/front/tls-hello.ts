// Finds the service of a TLS connection by the name that its client asks for.
import type { Socket } from 'node:net'
import { serverNameOf, type VhostFinder, type VhostRoute } from '../../frp/index.ts'
import { firstBytes } from './first-bytes.ts'

/**
 * Reads the ClientHello of a paused socket, which begins with `first`. `hello`: all that was read. `route` is null where nobody serves
 * the name, and where the hello is malformed, too long, or not complete within `withinMs`: then the node itself answers.
 */
export async function helloFor(
  socket: Socket,
  first: Buffer,
  vhosts: VhostFinder,
  withinMs: number,
): Promise<{ readonly hello: Buffer; readonly route: VhostRoute | null }> {
  const deadline = performance.now() + withinMs
  let hello = first
  for (;;) {
    const found = serverNameOf(hello)
    if (found.type !== 'more') return { hello, route: found.type === 'name' && found.name !== null ? vhosts.https(found.name) : null }
    const more = await firstBytes(socket, Math.max(0, deadline - performance.now()))
    if (more === null) return { hello, route: null }
    hello = Buffer.concat([hello, more])
  }
}
