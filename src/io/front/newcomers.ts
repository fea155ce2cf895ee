// Connections that have not said yet what they want. Whoever means well does so within a round trip or two, so when there
// are too many it is the one that has been silent longest that goes, and not the one that comes.
import type { Socket } from 'node:net'
import { strangersLimit } from '../network/tcp-listener.ts'

const MAX_NEWCOMERS = 2_048

export interface Newcomers {
  /** The socket says nothing yet; it may be ended from now on. */
  add(socket: Socket): void
  /** It has said enough to stay. */
  settled(socket: Socket): void
}

/** `max`: 2,048 by default, or half of what strangers may take where descriptors are few. */
export function createNewcomers(max = Math.min(MAX_NEWCOMERS, strangersLimit() / 2)): Newcomers {
  const waiting = new Set<Socket>() // in the order they came
  return {
    add: (socket) => {
      waiting.add(socket)
      socket.once('close', () => waiting.delete(socket))
      const [longest] = waiting
      if (waiting.size <= max || longest === undefined) return
      waiting.delete(longest)
      longest.destroy()
    },
    settled: (socket) => void waiting.delete(socket),
  }
}
