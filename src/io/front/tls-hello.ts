// Finds the service of a TLS connection by the name that its client asks for.
import type { Socket } from 'node:net'
import { type ClientHello, clientHelloOf, type VhostFinder, type VhostRoute } from '../../frp/index.ts'
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
    const found = clientHelloOf(hello)
    if (found.type !== 'more') return { hello, route: routeFor(found, vhosts) }
    const more = await firstBytes(socket, Math.max(0, deadline - performance.now()))
    if (more === null) return { hello, route: null }
    hello = Buffer.concat([hello, more])
  }
}

/** What moonwalk nodes say to each other is told by its ALPN, and never goes to a service, whatever name it asks for. */
const MEMBERS_CHANNEL = 'moonwalk/1'

const routeFor = (hello: ClientHello, vhosts: VhostFinder): VhostRoute | null =>
  hello.type === 'hello' && hello.name !== null && !hello.alpn.includes(MEMBERS_CHANNEL) ? vhosts.https(hello.name) : null
