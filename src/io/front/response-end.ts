// When an answer is over. Node tells a response that waits behind others of its connection nothing of that connection's end.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What waits for the end of each connection: one listener for all its requests. */
const waiting = new WeakMap<Socket, Set<() => void>>()

/** Runs once, when the answer has gone out or its connection has ended; at once where that has been told already. */
export function onceOver(response: ServerResponse, run: () => void): void {
  const { socket } = response.req
  if (socket.closed) return run()
  const runs = waiting.get(socket) ?? watched(socket)
  const over = (): void => {
    if (!runs.delete(over)) return
    response.removeListener('close', over)
    run()
  }
  runs.add(over)
  response.once('close', over)
}

function watched(socket: Socket): Set<() => void> {
  const runs = new Set<() => void>()
  waiting.set(socket, runs)
  socket.once('close', () => {
    for (const over of [...runs]) over()
  })
  return runs
}
