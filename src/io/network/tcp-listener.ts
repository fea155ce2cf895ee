// A listening TCP port that can be closed with everything on it.
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import type { OnBug } from '../../frp/index.ts'
import type { Failure, Listening } from '../../ports.ts'
import { KEEP_ALIVE } from '../front/keep-alive.ts'
import { RawConnection, takeRaw } from '../front/raw-accept.ts'
import { failed, failureOf } from './network-failure.ts'
import { bugsOnly } from './socket-errors.ts'

/** The part of this process's file descriptors that inbound sockets may take: the rest is for files, and for connections that we make. */
const INBOUND_SHARE = 0.8
const DEFAULT_DESCRIPTORS = 1_024

/** Inbound sockets that are open, on all ports together. */
let openNow = 0

/** Keeps a socket of this port, so that closing the port ends it. */
export type Keep = (socket: Socket) => void

export interface TcpListenerOptions {
  /** `host:port`; port 0 picks one. */
  readonly address: string
  /** Open connections on this port at once; further ones are closed. */
  readonly maxOpen: number
  /** Sockets come paused, half-open allowed, and with a listener for errors. */
  readonly onSocket: (socket: Socket, keep: Keep) => void
  readonly onBug: OnBug
  /** Takes connections before they are sockets, where Node allows it; absent: all come as sockets. */
  readonly onRaw?: (connection: RawConnection, keep: Keep) => void
}

/** Fails with `in-use`, `denied`, or `unreachable` where the address is none of this machine's. */
export function listenTcp({ address, maxOpen, onSocket, onRaw, onBug }: TcpListenerOptions): Promise<Listening | Failure> {
  const at = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(address)
  const host = at?.[1] ?? at?.[2] ?? ''
  const wanted = Number(at?.[3] ?? Number.NaN)
  if (!(wanted <= 65_535)) return Promise.resolve(failed('unreachable', `${address} is not host:port`))
  const inAll = inboundSocketLimit()
  const onError = bugsOnly(onBug)
  const open = new Set<Socket | RawConnection>()
  let onEmpty = ignore
  const add = (one: Socket | RawConnection): void => {
    open.add(one)
    openNow++
  }
  const remove = (one: Socket | RawConnection): void => {
    open.delete(one)
    openNow--
    if (open.size === 0) onEmpty()
  }
  const keep: Keep = (socket) => {
    add(socket)
    socket.on('error', onError)
    socket.once('close', () => remove(socket))
  }
  const isFull = (): boolean => openNow >= inAll || open.size >= maxOpen
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true, ...KEEP_ALIVE }, (socket) => {
    if (isFull()) return void socket.destroy()
    keep(socket)
    onSocket(socket, keep)
  })
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((done) => server.close(() => done()))
    for (const one of open) one.destroy()
    await closed
    if (open.size > 0) await new Promise<void>((done) => (onEmpty = done))
  }
  return new Promise((resolve) => {
    const refused = (error: Error): void => resolve(failureOf(error))
    server.once('error', refused)
    server.listen({ host, port: wanted, exclusive: true }, () => {
      server.removeListener('error', refused)
      server.on('error', onError) // an accept that failed (out of descriptors) ends nobody else
      if (onRaw !== undefined) {
        takeRaw(server, (handle) => {
          if (isFull()) return handle.close()
          const connection = new RawConnection(handle, remove)
          add(connection)
          onRaw(connection, keep)
        })
      }
      const bound = server.address()
      resolve({ type: 'listening', host, port: typeof bound === 'object' && bound !== null ? bound.port : wanted, close })
    })
  })
}

const ignore = (): void => {}

let limit: number | null = null

/** Most inbound sockets in all. From the soft limit on open files, where the system tells it. */
export function inboundSocketLimit(): number {
  limit ??= Math.floor(descriptorLimit() * INBOUND_SHARE)
  return limit
}

function descriptorLimit(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? DEFAULT_DESCRIPTORS)
  } catch {
    return DEFAULT_DESCRIPTORS
  }
}
