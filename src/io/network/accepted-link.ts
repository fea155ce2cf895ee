// A connection that came in, as an `AcceptedLink` for the frp code.
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { AcceptedLink, OpenedLink, Reader } from '../../frp/index.ts'
import type { RawConnection } from '../front/raw-accept.ts'
import { readInto, rewrap, startReading, stopReading, writeSingly } from './fast-links.ts'
import { localOf, remoteOf } from './socket-ends.ts'

interface Arrival {
  /** Read from the socket already. */
  readonly first: Buffer | null
  /** The id of the member at the other end; null, or absent: a stranger. */
  readonly member?: string | null
  /** Keeps a socket that replaces this one, so that closing the port ends it. */
  readonly keep: (socket: Socket) => void
}

/** The socket must be paused, and allow half-open. */
export function acceptedLink(socket: Socket, { first, keep, member = null }: Arrival): AcceptedLink {
  stopReading(socket)
  return {
    remote: remoteOf(socket),
    local: localOf(socket),
    tls: socket instanceof TLSSocket,
    ...(member === null ? {} : { member }),
    first,
    open: (reader) => opened(socket, reader, keep),
    refuse: () => void socket.destroy(),
  }
}

/** One that is no socket yet. */
export function rawLink(connection: RawConnection, keep: Arrival['keep']): AcceptedLink {
  const { remote, local } = connection
  return {
    remote,
    local,
    tls: false,
    first: null,
    open: (reader) => {
      const link = connection.open(reader)
      keep(link)
      if (reader === null) process.nextTick(() => link.resume()) // the caller listens first
      return { link, direct: reader !== null }
    },
    refuse: () => connection.destroy(),
  }
}

function opened(socket: Socket, reader: Reader | null, keep: Arrival['keep']): OpenedLink {
  if (reader && !(socket instanceof TLSSocket)) {
    const fast = rewrap(socket, reader)
    if (fast) {
      keep(fast)
      return { link: fast, direct: true }
    }
  }
  if (socket instanceof TLSSocket) writeSingly(socket)
  const direct = reader !== null && socket instanceof TLSSocket && readInto(socket, reader)
  // Not in this turn of the event loop: the caller listens first, and a 'readable' listener that was just removed still stops the flow.
  process.nextTick(() => {
    startReading(socket)
    socket.resume()
  })
  return { link: socket, direct }
}
