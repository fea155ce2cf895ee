// What the tests of the real world share: a public port, raw conversations with it, and bytes that can be checked.
import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { AcceptedLink, OpenedLink, Reader } from '../../src/frp/links/link.ts'
import { type PublicPortOptions, servePublicPort } from '../../src/io/front/public-port.ts'
import { isFailure } from '../../src/ports.ts'

/** A public port on loopback that answers every request with its method and path. */
export async function openPort(options: Partial<PublicPortOptions> = {}) {
  const bugs: unknown[] = []
  const port = await servePublicPort({
    address: '127.0.0.1:0',
    onRequest: async ({ method, path }) => ({ status: 200, body: `${method} ${path}` }),
    onBug: (error) => bugs.push(error),
    ...options,
  })
  if (isFailure(port)) throw new Error(port.text)
  return { port: port.port, address: `127.0.0.1:${port.port}`, close: port.close, bugs }
}

export const connected = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    socket.once('error', reject).once('connect', () => resolve(socket))
  })

/** TLS with whatever stands at the other end, after the given bytes in the clear. */
export async function secured(port: number, announcement: Buffer = Buffer.alloc(0)): Promise<TLSSocket> {
  const socket = await connected(port)
  if (announcement.length > 0) socket.write(announcement)
  const secure = connectTls({ socket, rejectUnauthorized: false })
  return new Promise((resolve, reject) => secure.once('error', reject).once('secureConnect', () => resolve(secure)))
}

/** All that arrives until the other end is through. */
export const everything = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    const pieces: Buffer[] = []
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    socket.on('error', () => {})
    const settle = (): void => resolve(Buffer.concat(pieces).toString('latin1'))
    socket.once('end', settle).once('close', settle)
  })

/** Sends bytes and answers with all that comes back. */
export function converse(socket: Socket, bytes: string | Uint8Array): Promise<string> {
  const answer = everything(socket)
  socket.end(bytes)
  return answer
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const someBytes = (count: number): Buffer => randomBytes(count)

/** A reader that hashes what it is given, and pauses the link after every `pauseEvery` reads, for one turn. */
export function hashingReader(pauseEvery: number) {
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(64 * 1024)
  let link: OpenedLink['link'] | null = null
  let reads = 0
  const seen = { bytes: 0 }
  const take = (piece: Uint8Array): boolean => {
    hash.update(piece)
    seen.bytes += piece.length
    reads++
    if (reads % pauseEvery !== 0) return true
    setImmediate(() => link?.resume())
    return false
  }
  const reader: Reader = { buffer: () => buffer, callback: (count) => take(buffer.subarray(0, count)) }
  /** The hash of everything, once the other end is through. */
  const finished = (opened: OpenedLink, first: Buffer | null = null): Promise<string> => {
    link = opened.link
    if (first) take(first)
    if (!opened.direct) {
      opened.link.on('data', (piece) => {
        if (!take(piece)) opened.link.pause()
      })
    }
    return new Promise((resolve) => opened.link.on('end', () => resolve(hash.digest('hex'))))
  }
  return { reader, finished, seen }
}

/** What tests ask of the frp side: the next connection that came in. */
export function frpDoor() {
  const waiting: ((accepted: AcceptedLink) => void)[] = []
  const here: AcceptedLink[] = []
  return {
    onFrp: (accepted: AcceptedLink): void => {
      const taker = waiting.shift()
      if (taker) taker(accepted)
      else here.push(accepted)
    },
    next: (): Promise<AcceptedLink> => {
      const accepted = here.shift()
      return accepted ? Promise.resolve(accepted) : new Promise((resolve) => waiting.push(resolve))
    },
  }
}
