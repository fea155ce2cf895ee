// The one public port: HTTP and frp, inside TLS or not, told apart by the first byte; and, for domains that others serve here,
// by the Host header and by the name in TLS's ClientHello.
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type { OnBug } from '../../frp/index.ts'
import { type Failure, isFailure, type Listening } from '../../ports.ts'
import { acceptedLink } from '../network/accepted-link.ts'
import { CHANNEL_PROTOCOL, type ChannelSelf, channelServer, isSecure, memberAt, proveMembers } from '../network/members-channel.ts'
import { bugsOnly } from '../network/socket-errors.ts'
import { type Keep, listenTcp } from '../network/tcp-listener.ts'
import { firstBytes } from './first-bytes.ts'
import { createHttp1, takeHttp1 } from './http1-server.ts'
import { takeHttp2 } from './http2-session.ts'
import { createPendingConnections, type PendingConnections } from './pending-connections.ts'
import { httpVersionOf, protocolOf } from './protocol.ts'
import { limitsOf, type PublicPortOptions } from './public-port-options.ts'
import { selfSigned } from './self-signed.ts'
import { helloFor } from './tls-hello.ts'

export type { PublicPortOptions } from './public-port-options.ts'

/** Opens the port. Closing it ends every connection on it. */
export async function servePublicPort(options: PublicPortOptions): Promise<Listening | Failure> {
  const http1 = createHttp1(options)
  const { address, onBug } = options
  const { maxOpen, firstByteMs } = limitsOf(options)
  const pending = createPendingConnections()
  const onSocket = (socket: Socket, keep: Keep): void => void dispatch(socket, { http1, options, firstByteMs, keep, pending }).catch(onBug)
  const port = await listenTcp({ address, maxOpen, onSocket, onBug })
  if (isFailure(port)) return port
  // Only those that are listened to: a listener for upgrades has to take them over.
  for (const event of ['request', 'checkContinue', 'upgrade'])
    if (http1.listenerCount(event) > 0) http1.prependListener(event, ({ socket }: IncomingMessage) => pending.settled(socket))
  http1.emit('listening') // it never listens itself, and starts to watch its limits only here
  const close = async (): Promise<void> => {
    http1.close()
    await port.close()
  }
  return { ...port, close }
}

interface PortContext {
  readonly http1: HttpServer
  readonly options: PublicPortOptions
  readonly firstByteMs: number
  readonly keep: Keep
  readonly pending: PendingConnections
}

/** Reads a connection's first bytes and hands it to whoever speaks that protocol. */
async function dispatch(socket: Socket, context: PortContext): Promise<void> {
  const { options, firstByteMs, keep, pending } = context
  pending.add(socket)
  const first = await firstBytes(socket, firstByteMs)
  if (first === null) return void socket.destroy()
  const protocol = protocolOf(first[0] ?? -1)
  const isInside = socket instanceof TLSSocket
  if (protocol !== 'http' && protocol !== 'tls') pending.settled(socket) // those have to send a whole request, or hello
  if (protocol === 'frp' && options.onFrp) return options.onFrp(acceptedLink(socket, { first, keep, member: memberAt(socket) }))
  if (protocol === 'http') return dispatchHttp(socket, first, context)
  if (protocol === 'tls' && !isInside) return dispatchTls(socket, first, context)
  if (protocol === 'tls-announced' && !isInside) return dispatch(secured(socket, first.subarray(1), options.onBug), context)
  socket.destroy()
}

async function dispatchHttp(socket: Socket, first: Buffer, { http1, options, firstByteMs, pending }: PortContext): Promise<void> {
  if (options.vhosts === undefined || socket instanceof TLSSocket) return takeHttp1(socket, first, http1)
  const deadline = performance.now() + firstByteMs
  let bytes = first
  while (httpVersionOf(bytes) === 'more') {
    const more = await firstBytes(socket, Math.max(0, deadline - performance.now()))
    if (more === null) return void socket.destroy()
    bytes = Buffer.concat([bytes, more])
  }
  if (httpVersionOf(bytes) === 1) takeHttp1(socket, bytes, http1)
  else takeHttp2(socket, bytes, options, () => pending.settled(socket))
}

async function dispatchTls(socket: Socket, first: Buffer, context: PortContext): Promise<void> {
  const { options, firstByteMs, keep, pending } = context
  const { read, hello } = await helloFor(socket, first, firstByteMs)
  pending.settled(socket)
  if (socket.destroyed) return
  const isForNode = hello.type === 'hello' && hello.protocols.includes(CHANNEL_PROTOCOL) && options.self !== undefined
  if (isForNode) return dispatchMember(socket, read, options.self, context)
  const route = hello.type === 'hello' && hello.name !== null ? options.vhosts?.https(hello.name) : null
  if (route) return route.serve(acceptedLink(socket, { first: read, keep }))
  return dispatch(secured(socket, read, options.onBug), context)
}

/** The members' channel: inside it what a node says is told apart as outside. */
async function dispatchMember(socket: Socket, first: Buffer, self: ChannelSelf, context: PortContext): Promise<void> {
  const { options, firstByteMs } = context
  socket.unshift(first)
  const channel = ending(channelServer(socket, self), options.onBug)
  const stands = await isSecure(channel, firstByteMs)
  const proven = stands && (await proveMembers(channel, self, 'server', firstByteMs))
  if (proven && proven.type === 'proven') return dispatch(channel, context)
  channel.destroy()
}

let secureContext: SecureContext | null = null

function secured(socket: Socket, first: Buffer, onBug: OnBug): TLSSocket {
  if (first.length > 0) socket.unshift(first)
  secureContext ??= createSecureContext(selfSigned())
  return ending(new TLSSocket(socket, { isServer: true, secureContext }), onBug)
}

/** Outside a tls.Server nobody ends a socket whose records are broken. */
function ending(secure: TLSSocket, onBug: OnBug): TLSSocket {
  secure.on('error', bugsOnly(onBug)) // it ends by itself, and the socket under it too
  secure.on('_tlsError', () => secure.destroy())
  return secure
}
