import type { Socket } from 'node:net'

/** What arrives first on a paused socket; null when nothing does in time. The socket is left paused. */
export function firstBytes(socket: Socket, withinMs: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const settle = (bytes: Buffer | null): void => {
      clearTimeout(timer)
      socket.removeListener('readable', look).removeListener('close', gone).removeListener('end', gone)
      resolve(bytes)
    }
    const gone = (): void => settle(null)
    const look = (): void => {
      const bytes: unknown = socket.read()
      if (Buffer.isBuffer(bytes)) settle(bytes)
      else if (socket.readableEnded || socket.destroyed) settle(null)
    }
    const timer = setTimeout(gone, withinMs)
    socket.on('readable', look).once('close', gone).once('end', gone)
    socket.read(0) // paused before it began to read
  })
}
