// The two far ends of a tunnel: a service that echoes, and a user that checks every byte.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Echo {
  readonly port: number
  close(): Promise<void>
}

/** Echoes every byte, half-close included. */
export function startEcho(wished = 0): Promise<Echo> {
  const open = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => {})
    socket.pipe(socket)
  })
  return new Promise((resolve) => {
    server.listen(wished, '127.0.0.1', () => {
      const at = server.address()
      resolve({
        port: typeof at === 'object' && at ? at.port : 0,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            for (const socket of open) socket.destroy()
          }),
      })
    })
  })
}

/** Sends random bytes and reads as many back; settles with the two hashes. */
export function roundTrip(port: number, bytes: number): Promise<{ readonly sent: string; readonly back: string }> {
  const payload = randomBytes(bytes)
  const hash = createHash('sha256')
  return new Promise((resolve, reject) => {
    let got = 0
    const socket = connect({ port, host: '127.0.0.1' })
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`only ${got} of ${bytes} bytes came back within 20 s`))
    }, 20_000)
    socket.on('error', reject)
    socket.on('connect', () => socket.write(payload))
    socket.on('data', (piece) => {
      got += piece.length
      hash.update(piece)
      if (got < bytes) return
      clearTimeout(timer)
      socket.destroy()
      resolve({ sent: createHash('sha256').update(payload).digest('hex'), back: hash.digest('hex') })
    })
    socket.on('close', () => {
      clearTimeout(timer)
      if (got < bytes) reject(new Error(`the connection ended after ${got} of ${bytes} bytes`))
    })
  })
}

/** Whether anybody listens there. */
export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(socket.destroy() !== null))
    socket.once('error', () => resolve(false))
  })
}

/** Looks again and again, 10 s at the most, until the port is free. */
export async function becomesFree(port: number): Promise<boolean> {
  const deadline = performance.now() + 10_000
  while (performance.now() < deadline) if (!(await isOpen(port))) return true
  return false
}

export interface Leaver {
  readonly port: number
  /** What it sent to everybody. */
  readonly sent: string
  close(): Promise<void>
}

/** A service that sends `bytes` random bytes to everybody who comes and ends at once, whether they were taken or not. */
export async function startLeaver(bytes: number): Promise<Leaver> {
  const payload = randomBytes(bytes)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(payload)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = server.address()
  return {
    port: typeof at === 'object' && at ? at.port : 0,
    sent: hashOf(payload),
    close: () => new Promise((closed) => server.close(() => closed())),
  }
}

/** A connection as its user holds it; nothing is read before `readAll`. */
export async function visit(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  return socket.on('error', () => {})
}

/** Reads up to the connection's end, however that comes; the hash of what arrived. */
export async function readAll(socket: Socket): Promise<string> {
  const hash = createHash('sha256')
  socket.on('data', (piece) => hash.update(piece))
  if (!socket.closed) await once(socket, 'close')
  return hash.digest('hex')
}

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
