// Warm connections that the other end closes: the first that is heard of a program that has ended.
import type { Agent } from 'node:http'
import type { Socket } from 'node:net'
import { addressOf } from '../../domain/address.ts'

/** Tells of the address of each connection of the agent that the other end closes, or resets, while nothing is under way on it. */
export function watchWarm(agent: Agent, tell: (address: string) => void): void {
  const watched = new WeakSet<Socket>()
  agent.on('free', (socket: Socket, options: { readonly host?: string; readonly port?: number | string }) => {
    const address = addressOf(options.host ?? '', Number(options.port))
    if (watched.has(socket) || address === null) return
    watched.add(socket)
    const closed = (): void => {
      if (agent.freeSockets[agent.getName(options as Parameters<Agent['getName']>[0])]?.includes(socket)) tell(address)
    }
    // Before Node's own listener of an error, which takes it out of those that are free.
    socket.once('end', closed).prependOnceListener('error', closed)
  })
}
