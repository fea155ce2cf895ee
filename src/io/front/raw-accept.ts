// Accepted connections before Node makes sockets of them. A socket reads straight into a reader's buffers only if it is made with
// that reader, which is known later. So no socket is made before then; to make one and throw it away takes a third of what an
// accepted connection costs. This uses undocumented parts of Node, like `fast-links.ts`. Where one is missing, connections are
// accepted in the usual way.
import { type Server, Socket } from 'node:net'
import type { Reader } from '../../frp/index.ts'
import { onreadOf, publicApiOnly } from '../network/fast-links.ts'
import { type SocketEnd, socketEnd } from '../network/socket-ends.ts'
import { KEEP_ALIVE } from './keep-alive.ts'

interface Name {
  address?: string
  port?: number
}

interface Handle {
  close(): void
  getpeername(into: Name): number
  getsockname(into: Name): number
}

interface Listening {
  onconnection?: (this: unknown, failure: number, handle: unknown) => void
}

const PARTS = ['close', 'getpeername', 'getsockname', 'readStart', 'readStop', 'useUserBuffer', 'setNoDelay', 'setKeepAlive'] as const

const isWhole = (handle: unknown): handle is Handle =>
  typeof handle === 'object' &&
  handle !== null &&
  PARTS.every((part) => part in handle && typeof handle[part as keyof object] === 'function')

/** Nothing is read from it before it is opened. */
export class RawConnection {
  readonly #handle: Handle
  readonly #onOver: (connection: RawConnection) => void
  #over = false

  constructor(handle: Handle, onOver: (connection: RawConnection) => void) {
    this.#handle = handle
    this.#onOver = onOver
  }

  get remote(): SocketEnd {
    const name: Name = {}
    this.#handle.getpeername(name)
    return socketEnd(name.address, name.port)
  }

  get local(): SocketEnd {
    const name: Name = {}
    this.#handle.getsockname(name)
    return socketEnd(name.address, name.port)
  }

  /** A socket that reads into the reader, if there is one, half-open allowed; call once, and not after `destroy`. */
  open(reader: Reader | null): Socket {
    this.#end()
    const options = { handle: this.#handle, allowHalfOpen: true, ...(reader ? { onread: onreadOf(reader) } : { pauseOnCreate: true }) }
    const socket = new Socket(options as ConstructorParameters<typeof Socket>[0])
    socket.setNoDelay(true)
    socket.setKeepAlive(KEEP_ALIVE.keepAlive, KEEP_ALIVE.keepAliveInitialDelay)
    return socket
  }

  destroy(): void {
    if (this.#end()) this.#handle.close()
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#onOver(this)
    return true
  }
}

/** From now on `onRaw` gets the connections of the listening server, where Node allows it; else they are told by 'connection'. */
export function takeRaw(server: Server, onRaw: (handle: Handle) => void): void {
  const listening = ('_handle' in server ? (server._handle as Listening | null | undefined) : null) ?? null
  const usual = listening?.onconnection
  if (publicApiOnly || listening === null || typeof usual !== 'function') return
  listening.onconnection = function (failure, handle) {
    if (failure || !isWhole(handle)) usual.call(this, failure, handle)
    else onRaw(handle)
  }
}
