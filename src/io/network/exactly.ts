import type { Socket } from 'node:net'

/** So many bytes of a paused socket, and not one more; null when they don't come in time. The socket is left paused. */
export function exactly(socket: Socket, count: number, withinMs: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const settle = (bytes: Buffer | null): void => {
      clearTimeout(timer)
      socket.removeListener('readable', look).removeListener('close', gone).removeListener('end', gone)
      resolve(bytes)
    }
    const gone = (): void => settle(null)
    const look = (): void => {
      const bytes: unknown = socket.read(count)
      if (Buffer.isBuffer(bytes))
        settle(bytes.length === count ? bytes : null) // fewer: it has ended
      else if (socket.readableEnded || socket.destroyed) settle(null)
    }
    const timer = setTimeout(gone, withinMs)
    socket.on('readable', look).once('close', gone).once('end', gone)
    look()
  })
}
