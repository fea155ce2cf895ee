// HTTP/2 without TLS (h2c) on the public port, for requests for domains. As with stock frps 0.70.1 a client has to begin with it,
// and the service is asked over HTTP/1.1. The node's own routes speak HTTP/1.1 only, and refuse HTTP/2 with the code that has
// clients try that.
import { constants, performServerHandshake, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { bugsOnly } from '../network/socket-errors.ts'
import type { Callers } from './callers.ts'
import { KEEP_ALIVE_MS, limitsOf, MAX_HEADER_BYTES, type PublicPortOptions } from './public-port-options.ts'
import { relay } from './vhost-relay.ts'
import { http2Request } from './vhost-request-http2.ts'
import { placeOf } from './vhost-target.ts'

/** Requests of one connection at once. Stock frps: 250. */
const MAX_STREAMS = 100
/** Bytes of a request's body, and of all bodies of a connection, that a client may send ahead of the services. Stock: 1 MiB each. */
const STREAM_WINDOW_BYTES = 256 << 10
const SESSION_WINDOW_BYTES = 1 << 20
/** Headers of one request. HTTP/2 counts each with 32 bytes more than it has, so no more fit into `MAX_HEADER_BYTES`. */
const MAX_HEADERS = MAX_HEADER_BYTES / 32

/** Takes over a paused socket, from which `first` has been read. */
export function takeHttp2(socket: Socket, first: Buffer, options: PublicPortOptions, callers: Callers): void {
  const limits = limitsOf(options)
  socket.unshift(first)
  const settings = { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: MAX_HEADER_BYTES, initialWindowSize: STREAM_WINDOW_BYTES }
  const session = performServerHandshake(socket, { settings, maxHeaderListPairs: MAX_HEADERS })
  session.once('connect', () => session.setLocalWindowSize(SESSION_WINDOW_BYTES))
  closeWhenIdle(session, limits.headersMs, () => callers.waits(socket))
  session.on('error', bugsOnly(options.onBug)) // 'close' follows
  session.on('stream', (stream, _, flags, ...rest: unknown[]) => {
    const [raw] = rest
    stream.on('error', bugsOnly(options.onBug)) // 'close' follows
    if (!callers.asks(socket, 'service')) return stream.close(constants.NGHTTP2_REFUSED_STREAM)
    const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    const user = http2Request(stream, { raw: isTexts(raw) ? raw : [], isWhole, socket })
    const place = user === null ? null : placeOf(options.vhosts, user)
    if (user === null || place === null || place.type === 'no-domain') return stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED)
    stream.setTimeout(limits.pauseMs, () => stream.close(constants.NGHTTP2_CANCEL))
    relay(user, place, { ...limits, onBug: options.onBug })
  })
}

/** Ends a session that has no request for a while; the first one has to come sooner. */
function closeWhenIdle(session: ServerHttp2Session, firstMs: number, onIdle: () => void): void {
  let open = 0
  let timer = setTimeout(() => session.destroy(), firstMs)
  session.on('stream', (stream) => {
    open++
    clearTimeout(timer)
    stream.once('close', () => {
      open--
      if (open > 0 || session.destroyed) return
      timer = setTimeout(() => session.close(), KEEP_ALIVE_MS)
      onIdle()
    })
  })
  session.once('close', () => clearTimeout(timer))
}

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((one) => typeof one === 'string')
