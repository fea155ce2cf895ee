// Connections that have not asked for anything yet. An honest client does so within a round trip or two. So when there are too
// many, the one that has waited longest is closed, and the new one stays.
import type { Socket } from 'node:net'
import { inboundSocketLimit } from '../network/tcp-listener.ts'

const MAX_PENDING = 2_048

export interface PendingConnections {
  /** The socket has asked for nothing yet; it may be closed from now on. */
  add(socket: Socket): void
  /** It has asked for something, and stays. */
  settled(socket: Socket): void
}

/** `max`: 2,048 by default, or half of what inbound sockets may take where file descriptors are few. */
export function createPendingConnections(max = Math.min(MAX_PENDING, inboundSocketLimit() / 2)): PendingConnections {
  const pending = new Set<Socket>() // in the order they came
  return {
    add: (socket) => {
      pending.add(socket)
      socket.once('close', () => pending.delete(socket))
      const [longest] = pending
      if (pending.size <= max || longest === undefined) return
      pending.delete(longest)
      longest.destroy()
    },
    settled: (socket) => void pending.delete(socket),
  }
}
