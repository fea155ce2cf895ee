// A listening TCP port that can be closed with everything on it.
import { createServer, type Socket } from 'node:net'
import type { OnBug } from '../../frp/index.ts'
import type { Failure, Listening } from '../../ports.ts'
import { KEEP_ALIVE } from '../front/keep-alive.ts'
import { RawConnection, takeRaw } from '../front/raw-accept.ts'
import { type Descriptors, processDescriptors } from './descriptors.ts'
import { failed, failureOf } from './network-failure.ts'
import { bugsOnly } from './socket-errors.ts'

/** Keeps a socket of this port, so that closing the port ends it. */
export type Keep = (socket: Socket) => void

export interface TcpListenerOptions {
  /** `host:port`; port 0 picks one. */
  readonly address: string
  /** `caller`: the public port. `carried`: one that is opened for a client; the port counts as well. */
  readonly use: 'caller' | 'carried'
  /** Open connections on this port at once; further ones are closed. Default: as many as there are descriptors for. */
  readonly maxOpen?: number
  /** Ends the connection that can best be spared, where there is one: asked when one more has come than there is room for. */
  readonly makeRoom?: () => boolean
  /** Default: those of the process. */
  readonly descriptors?: Descriptors
  /** Sockets come paused, half-open allowed, and with a listener for errors. */
  readonly onSocket: (socket: Socket, keep: Keep) => void
  readonly onBug: OnBug
  /** Takes connections before they are sockets, where Node allows it; absent: all come as sockets. */
  readonly onRaw?: (connection: RawConnection, keep: Keep) => void
}

/** Fails with `in-use`, `denied`, or `unreachable` where the address is none of this machine's or no descriptors are left. */
export function listenTcp(options: TcpListenerOptions): Promise<Listening | Failure> {
  const { address, use, maxOpen = Number.POSITIVE_INFINITY, makeRoom = () => false, onSocket, onRaw, onBug } = options
  const { descriptors = processDescriptors() } = options
  const at = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(address)
  const host = at?.[1] ?? at?.[2] ?? ''
  const wanted = Number(at?.[3] ?? Number.NaN)
  if (!(wanted <= 65_535)) return Promise.resolve(failed('unreachable', `${address} is not host:port`))
  if (use === 'carried' && !descriptors.take('port')) return Promise.resolve(NO_DESCRIPTORS)
  const freed = (): void => {
    if (use === 'carried') descriptors.give()
  }
  const onError = bugsOnly(onBug)
  const open = new Set<Socket | RawConnection>()
  let onEmpty = ignore
  /**
   * Whether there is room for one more, which then counts. On the public port it
   * may turn out to be a member's, and gets some of theirs.
   */
  const enters = (): boolean => {
    if (open.size >= maxOpen) return makeRoom() && descriptors.take('own')
    if (descriptors.take(use, open.size)) return true
    if (use !== 'caller') return false
    makeRoom()
    return descriptors.take('own')
  }
  const remove = (one: Socket | RawConnection): void => {
    open.delete(one)
    descriptors.give()
    if (open.size === 0) onEmpty()
  }
  const hold = (socket: Socket): void => {
    open.add(socket)
    socket.on('error', onError)
    socket.once('close', () => remove(socket))
  }
  const keep: Keep = (socket) => {
    descriptors.count()
    hold(socket)
  }
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true, ...KEEP_ALIVE }, (socket) => {
    if (!enters()) return void socket.destroy()
    hold(socket)
    onSocket(socket, keep)
  })
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((done) =>
      server.close((notOpen) => {
        if (notOpen === undefined) freed()
        done()
      }),
    )
    for (const one of open) one.destroy()
    await closed
    if (open.size > 0) await new Promise<void>((done) => (onEmpty = done))
  }
  return new Promise((resolve) => {
    const refused = (error: Error): void => {
      freed()
      resolve(failureOf(error))
    }
    server.once('error', refused)
    server.listen({ host, port: wanted, exclusive: true }, () => {
      server.removeListener('error', refused)
      server.on('error', onError) // an accept that failed (out of descriptors) ends nobody else
      if (onRaw !== undefined) {
        takeRaw(server, (handle) => {
          if (!enters()) return handle.close()
          const connection = new RawConnection(handle, remove)
          open.add(connection)
          onRaw(connection, keep)
        })
      }
      const bound = server.address()
      resolve({ type: 'listening', host, port: typeof bound === 'object' && bound !== null ? bound.port : wanted, close })
    })
  })
}

/** For what would open one more socket. */
export const NO_DESCRIPTORS = failed('unreachable', "this node's limit of open files is nearly reached")

const ignore = (): void => {}
