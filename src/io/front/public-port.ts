// The one public port: HTTP and frp, inside TLS or not, told apart by the first byte; and, for domains that others serve here,
// by the Host header and by the name in TLS's ClientHello.
import type { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { addressGroup } from '../../domain/address-group.ts'
import { type Failure, isFailure, type Listening } from '../../ports.ts'
import { acceptedLink } from '../network/accepted-link.ts'
import { processDescriptors } from '../network/descriptors.ts'
import { CHANNEL_PROTOCOL, type ChannelSelf, channelServer, isSecure, memberAt, proveMembers } from '../network/members-channel.ts'
import { remoteOf } from '../network/socket-ends.ts'
import { bugsOnly } from '../network/socket-errors.ts'
import { type Keep, listenTcp } from '../network/tcp-listener.ts'
import { createBodyBudget } from './body-budget.ts'
import { type Callers, createCallers } from './callers.ts'
import { firstBytes } from './first-bytes.ts'
import { createHandshakePace, type HandshakePace } from './handshake-pace.ts'
import { createHttp1, takeHttp1 } from './http1-server.ts'
import { takeHttp2 } from './http2-session.ts'
import { httpVersionOf, protocolOf } from './protocol.ts'
import { limitsOf, type PublicPortOptions } from './public-port-options.ts'
import { selfSigned } from './self-signed.ts'
import { helloFor } from './tls-hello.ts'

export type { PublicPortOptions } from './public-port-options.ts'

/** Opens the port. Closing it ends every connection on it. */
export async function servePublicPort(options: PublicPortOptions): Promise<Listening | Failure> {
  const limits = limitsOf(options)
  const { address, onBug, isThroughTunnel: isOneAddress = false, descriptors = processDescriptors() } = options
  const callers = createCallers({ limits, isOneAddress, descriptors })
  const http1 = createHttp1(options, { callers, bodies: createBodyBudget(limits), answers: createBodyBudget(limits) })
  const { maxOpen, firstMs } = limits
  const handshakes = createHandshakePace()
  const addressOf = (socket: Socket): string => (isOneAddress ? '' : addressGroup(remoteOf(socket).host))
  const onSocket = (socket: Socket, keep: Keep): void => {
    if (!callers.arrived(socket)) return
    const kept = (by: Socket): void => {
      keep(by)
      callers.replaced(by, socket)
    }
    dispatch(socket, { http1, options, firstMs, keep: kept, callers, handshakes, addressOf }).catch(onBug)
  }
  const port = await listenTcp({ address, use: 'caller', maxOpen, makeRoom: callers.makeRoom, descriptors, onSocket, onBug })
  if (isFailure(port)) return port
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
  readonly firstMs: number
  readonly keep: Keep
  readonly callers: Callers
  readonly handshakes: HandshakePace
  /** What counts as one address there; all are one where the address says nothing, as through a tunnel. */
  readonly addressOf: (socket: Socket) => string
}

/** Reads a connection's first bytes and hands it to whoever speaks that protocol. */
async function dispatch(socket: Socket, context: PortContext): Promise<void> {
  const { options, firstMs, keep, callers } = context
  const first = await firstBytes(socket, firstMs)
  if (first === null) return void socket.destroy()
  const protocol = protocolOf(first[0] ?? -1)
  const isInside = socket instanceof TLSSocket
  if (protocol === 'frp' && options.onFrp && callers.asks(socket, 'service'))
    return options.onFrp(acceptedLink(socket, { first, keep, member: memberAt(socket) }))
  const member = memberAt(socket)
  if (protocol === 'connect' && member !== null && options.onConnect && callers.asks(socket, 'service'))
    return options.onConnect(acceptedLink(socket, { first, keep, member }))
  if (protocol === 'http') return dispatchHttp(socket, first, context)
  if (protocol === 'tls' && !isInside) return dispatchTls(socket, first, context)
  if (protocol === 'tls-announced' && !isInside) return dispatch(secured(socket, first.subarray(1), context), context)
  socket.destroy()
}

async function dispatchHttp(socket: Socket, first: Buffer, { http1, options, firstMs, callers }: PortContext): Promise<void> {
  const takeAsHttp1 = (read: Buffer): void => {
    callers.isToldLate(socket, TOO_LATE)
    takeHttp1(socket, read, http1)
  }
  if (options.vhosts === undefined || socket instanceof TLSSocket) return takeAsHttp1(first)
  const deadline = performance.now() + firstMs
  let bytes = first
  while (httpVersionOf(bytes) === 'more') {
    const more = await firstBytes(socket, Math.max(0, deadline - performance.now()))
    if (more === null) return void socket.destroy()
    bytes = Buffer.concat([bytes, more])
  }
  if (httpVersionOf(bytes) === 1) takeAsHttp1(bytes)
  else takeHttp2(socket, bytes, options, callers)
}

async function dispatchTls(socket: Socket, first: Buffer, context: PortContext): Promise<void> {
  const { options, firstMs, keep, callers } = context
  const { read, hello } = await helloFor(socket, first, firstMs)
  if (socket.destroyed) return
  const isForNode = hello.type === 'hello' && hello.protocols.includes(CHANNEL_PROTOCOL) && options.self !== undefined
  if (isForNode) return dispatchMember(socket, read, options.self, context)
  const route = hello.type === 'hello' && hello.name !== null ? options.vhosts?.https(hello.name) : null
  if (route && !callers.asks(socket, 'service')) return void socket.destroy()
  if (route) return route.serve(acceptedLink(socket, { first: read, keep }))
  return dispatch(secured(socket, read, context), context)
}

/**
 * The members' channel: inside it what a node says is told apart as outside.
 * In an open network anybody has an id: nobody is a member.
 */
async function dispatchMember(socket: Socket, first: Buffer, self: ChannelSelf, context: PortContext): Promise<void> {
  const { firstMs, callers, handshakes, addressOf } = context
  const giveBack = await handshakes.begin(addressOf(socket), () => socket.destroyed)
  if (socket.destroyed) return giveBack()
  socket.unshift(first)
  const channel = ending(channelServer(socket, self), socket, context)
  const stands = await isSecure(channel, firstMs)
  const proven = stands && (await proveMembers(channel, self, 'server', firstMs))
  if (!proven || proven.type === 'refused') return void channel.destroy()
  if (self.network().type === 'private') {
    callers.asks(channel, 'member')
    giveBack()
  }
  return dispatch(channel, context)
}

const TOO_LATE = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'

let secureContext: SecureContext | null = null

function secured(socket: Socket, first: Buffer, context: PortContext): TLSSocket {
  if (first.length > 0) socket.unshift(first)
  secureContext ??= createSecureContext(selfSigned())
  return ending(new TLSSocket(socket, { isServer: true, secureContext }), socket, context)
}

/** Outside a tls.Server nobody ends a socket whose records are broken. */
function ending(secure: TLSSocket, under: Socket, { options: { onBug }, callers }: PortContext): TLSSocket {
  callers.wrapped(secure, under)
  secure.on('error', bugsOnly(onBug)) // it ends by itself, and the socket under it too
  secure.on('_tlsError', () => secure.destroy())
  return secure
}
