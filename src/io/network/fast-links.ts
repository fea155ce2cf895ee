// Has accepted sockets read straight into a reader's buffers. `net.connect` can do that (`onread`), a server can't, so this uses
// undocumented parts of Node. Where one is missing, or MOONWALK_PUBLIC_API_ONLY=1 is set, the answer is null or false; then 'data'
// events do the same, a little slower.
import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Reader } from '../../frp/index.ts'

export const publicApiOnly = process.env.MOONWALK_PUBLIC_API_ONLY === '1'

interface Handle {
  useUserBuffer?: (buffer: Uint8Array) => void
  readStart?: () => void
  readStop?: () => void
  reading?: boolean
}

/** A reader as `net.connect` wants it. */
export const onreadOf = (reader: Reader) => ({ buffer: () => reader.buffer(), callback: (bytes: number) => reader.callback(bytes) })

const handleOf = (socket: Socket): Handle | null => ('_handle' in socket ? (socket._handle as Handle | null | undefined) : null) ?? null

/** The socket has read bytes, or the end, already: a new socket with its handle would miss them. */
const tookSomething = (socket: Socket): boolean => socket.readableLength > 0 || socket.readableEnded

/** Leaves what has not been read in the kernel, until `startReading`. */
export function stopReading(socket: Socket): void {
  const handle = handleOf(socket)
  if (publicApiOnly || !handle?.readStop || !handle.readStart) return
  handle.readStop()
  handle.reading = false
}

/** Undoes `stopReading`. The stream itself would not: for it a read is under way. */
export function startReading(socket: Socket): void {
  const handle = handleOf(socket)
  if (publicApiOnly || !handle?.readStart || handle.reading !== false) return
  handle.reading = true
  handle.readStart()
}

/** Moves an accepted plain socket's handle into a new socket that reads into the reader. The old one is spent. */
export function rewrap(accepted: Socket, reader: Reader): Socket | null {
  const handle = handleOf(accepted)
  if (publicApiOnly || !handle?.useUserBuffer || !handle.readStop || tookSomething(accepted)) return null
  stopReading(accepted)
  Object.assign(accepted, { _handle: null })
  accepted.destroy() // it has no handle any more; this keeps the server's count of connections right
  const options = { handle, onread: onreadOf(reader), allowHalfOpen: true }
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0])
  socket.setNoDelay(true)
  return socket
}

/** The same for a TLSSocket over a socket of ours: its `onread` option is ignored, so the parts behind it are set. */
export function readInto(socket: TLSSocket, reader: Reader): boolean {
  const handle = handleOf(socket)
  if (publicApiOnly || !handle?.useUserBuffer || tookSomething(socket)) return false
  const symbols = Object.getOwnPropertySymbols(socket)
  const [buffer, next, call] = ['kBuffer', 'kBufferGen', 'kBufferCb'].map((name) => symbols.find(({ description }) => description === name))
  if (!buffer || !next || !call) return false
  const first = reader.buffer()
  Object.assign(socket, { [next]: () => reader.buffer(), [call]: (bytes: number) => reader.callback(bytes), [buffer]: first })
  handle.useUserBuffer(first)
  return true
}

/**
 * Has TLS take one piece at a time: pieces that it gets together are copied
 * into one first, which is 8 % of the CPU of a busy tunnel.
 */
export function writeSingly(socket: TLSSocket): void {
  if (!publicApiOnly && '_writev' in socket) Object.assign(socket, { _writev: null })
}
