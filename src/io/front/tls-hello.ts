// Reads the ClientHello of a connection: what it asks for says whom it is for.
import type { Socket } from 'node:net'
import { type ClientHello, clientHelloOf } from '../../frp/index.ts'
import { firstBytes } from './first-bytes.ts'

/**
 * Of a paused socket, which begins with `first`. `read`: all that was read. `hello` is `unknown` where it is malformed or too long,
 * and `more` where it is not complete within `withinMs`.
 */
export async function helloFor(
  socket: Socket,
  first: Buffer,
  withinMs: number,
): Promise<{ readonly read: Buffer; readonly hello: ClientHello }> {
  const deadline = performance.now() + withinMs
  let read = first
  for (;;) {
    const hello = clientHelloOf(read)
    if (hello.type !== 'more') return { read, hello }
    const more = await firstBytes(socket, Math.max(0, deadline - performance.now()))
    if (more === null) return { read, hello }
    read = Buffer.concat([read, more])
  }
}
