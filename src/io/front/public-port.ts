// The one public port: HTTP and frp, inside TLS or not, told apart by the first byte; and, for domains that others serve here,
// by the Host header and by the name in TLS's ClientHello.
import type { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { type Failure, isFailure, type Listening } from '../../ports.ts'
import { acceptedLink } from '../network/accepted-link.ts'
import { processDescriptors } from '../network/descriptors.ts'
import { bugsOnly } from '../network/socket-errors.ts'
import { type Keep, listenTcp } from '../network/tcp-listener.ts'
import { createBodyBudget } from './body-budget.ts'
import { type Callers, createCallers } from './callers.ts'
import { firstBytes } from './first-bytes.ts'
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
  const http1 = createHttp1(options, { callers, bodies: createBodyBudget(limits) })
  const { maxOpen, firstMs } = limits
  const onSocket = (socket: Socket, keep: Keep): void => {
    if (!callers.arrived(socket)) return
    const kept = (by: Socket): void => {
      keep(by)
      callers.replaced(by, socket)
    }
    dispatch(socket, { http1, options, firstMs, keep: kept, callers }).catch(onBug)
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
}

/** Reads a connection's first bytes and hands it to whoever speaks that protocol. */
async function dispatch(socket: Socket, context: PortContext): Promise<void> {
  const { options, firstMs, keep, callers } = context
  const first = await firstBytes(socket, firstMs)
  if (first === null) return void socket.destroy()
  const protocol = protocolOf(first[0] ?? -1)
  const isInside = socket instanceof TLSSocket
  if (protocol === 'frp' && options.onFrp && callers.asks(socket, 'service')) return options.onFrp(acceptedLink(socket, { first, keep }))
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
  const { vhosts } = options
  const { route, hello } = vhosts ? await helloFor(socket, first, vhosts, firstMs) : { route: null, hello: first }
  if (socket.destroyed) return
  if (route && !callers.asks(socket, 'service')) return void socket.destroy()
  if (route) return route.serve(acceptedLink(socket, { first: hello, keep }))
  return dispatch(secured(socket, hello, context), context)
}

const TOO_LATE = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'

let secureContext: SecureContext | null = null

function secured(socket: Socket, first: Buffer, { options: { onBug }, callers }: PortContext): TLSSocket {
  if (first.length > 0) socket.unshift(first)
  secureContext ??= createSecureContext(selfSigned())
  const secure = new TLSSocket(socket, { isServer: true, secureContext })
  callers.wrapped(secure, socket)
  secure.on('error', bugsOnly(onBug)) // it ends by itself, and the socket under it too
  // Outside a tls.Server nobody ends a socket whose records are broken after the handshake.
  secure.on('_tlsError', () => secure.destroy())
  return secure
}
