// Warm connections that the other end closes: the first that is heard of a program that has ended.
import type { Agent } from 'node:http'
import type { Socket } from 'node:net'
import { addressOf } from '../../domain/address.ts'

/** Those whose end says nothing of the other end, or that was told of. */
const closedHere = new WeakSet<Socket>()

/** Closes a connection that waits for its next request. `watchWarm` does not tell of it. */
export function closeHere(socket: Socket): void {
  closedHere.add(socket)
  socket.destroy()
}

/** Those of an agent that wait for their next request. */
export const freeIn = ({ freeSockets }: Agent): readonly Socket[] => Object.values(freeSockets).flatMap((some) => some ?? [])

/**
 * Tells of the address of each connection of the agent that the other end closes, or resets, while nothing is under way on it. This end closes such
 * ones by `closeHere`, or by the agent's own timeout.
 */
export function watchWarm(agent: Agent, tell: (address: string) => void): void {
  const watched = new WeakSet<Socket>()
  agent.on('free', (socket: Socket, options: { readonly host?: string; readonly port?: number | string }) => {
    const address = addressOf(options.host ?? '', Number(options.port))
    if (watched.has(socket) || address === null) return
    watched.add(socket)
    const isFree = (): boolean => freeIn(agent).includes(socket)
    const closed = (): void => {
      if (closedHere.has(socket) || !isFree()) return
      closedHere.add(socket)
      tell(address)
    }
    // Before Node's own listeners, which take it out of those that are free. Node 22.23, 24.21 and 26.10 destroy it without a word when its end
    // comes, so that there is nothing but the close.
    for (const event of ['end', 'error', 'close']) socket.prependOnceListener(event, closed)
    socket.on('timeout', () => {
      if (isFree()) closedHere.add(socket)
    })
  })
}
