// Whose a TLS connection is, told by the name its client asks for.
import type { Socket } from 'node:net'
import { serverNameOf, type VhostFinder, type VhostRoute } from '../../frp/index.ts'
import { firstBytes } from './first-bytes.ts'

/**
 * Looks at the ClientHello of a paused socket, which `first` begins. `hello`: what was read for it. Without a route it is for
 * whoever answers TLS here, and so is a hello that is malformed, too long or not whole within `withinMs`.
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
