// A request for a domain that came over HTTP/2.
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { remoteOf } from '../network/socket-ends.ts'
import { renderPage } from './vhost-pages.ts'
import { pairsOf, type RawHeaders, type VhostRequest } from './vhost-request.ts'

export interface Http2RequestOptions {
  /** As they came, pseudo headers too. */
  readonly raw: RawHeaders
  /** Nothing follows the headers. */
  readonly isWhole: boolean
  readonly socket: Socket
}

/** Null: it asks for something else than a page, such as `CONNECT`. */
export function http2Request(stream: ServerHttp2Stream, { raw, isWhole, socket }: Http2RequestOptions): VhostRequest | null {
  const all = new Map(pairsOf(raw).map(([name, value]) => [name.toLowerCase(), value]))
  const [method, path] = [all.get(':method'), all.get(':path')]
  if (method === undefined || method === 'CONNECT' || path === undefined) return null
  const framing = isWhole || all.has('content-length') ? [] : ['Transfer-Encoding', 'chunked']
  let received: RawHeaders = []
  let trailers: OutgoingHttpHeaders = {}
  stream.on('trailers', (headers) => {
    received = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().flatMap((one) => [name, one]))
  })
  stream.on('wantTrailers', () => {
    try {
      stream.sendTrailers(trailers)
    } catch {
      if (!stream.destroyed) stream.sendTrailers({}) // some can't be said in HTTP/2
    }
  })
  stream.on('finish', () => {
    // Answered before all was sent. In the same turn it would be closed ahead of its answer.
    setImmediate(() => {
      if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR)
    })
  })
  return {
    method,
    host: all.get(':authority') ?? all.get('host') ?? '',
    path,
    headers: [...plainHeaders(raw), ...framing],
    remote: remoteOf(socket),
    tls: false,
    expectsContinue: /^100-continue$/i.test(all.get('expect') ?? ''),
    upgrade: null,
    body: stream,
    trailers: () => received,
    allowPauses: () => void stream.setTimeout(0),
    inform: ({ status, headers }) => {
      if (!stream.headersSent && !stream.destroyed) stream.additionalHeaders({ ':status': status, ...grouped(headers) })
    },
    answer: ({ status, headers }) => {
      stream.respond({ ':status': status, ...grouped(headers) }, { waitForTrailers: true })
      return stream
    },
    setTrailers: (headers) => {
      trailers = grouped(headers)
    },
    page: (page) => {
      if (stream.destroyed || stream.headersSent) return // its 'close' follows
      const { status, headers, body } = renderPage(page)
      stream.respond({ ':status': status, ...headers })
      stream.end(body)
    },
    handOver: (_, service) => void service.destroy(), // HTTP/2 knows no upgrade
    breakOff: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    // A stream that is reset counts as finished too.
    onClose: (closed) => void stream.on('close', () => closed(stream.writableFinished && stream.rstCode === constants.NGHTTP2_NO_ERROR)),
  }
}

/** Without pseudo headers, and with all cookies in one, as HTTP/1 wants it (RFC 9113 §8.2.3). */
function plainHeaders(raw: RawHeaders): RawHeaders {
  const pairs = pairsOf(raw).filter(([name]) => !name.startsWith(':'))
  const cookies = pairs.filter(([name]) => name === 'cookie').map(([, value]) => value)
  const others = pairs.filter(([name]) => name !== 'cookie')
  return [...others.flat(), ...(cookies.length > 0 ? ['cookie', cookies.join('; ')] : [])]
}

/** Those of one name together, as Node's HTTP/2 takes them. */
function grouped(headers: RawHeaders): OutgoingHttpHeaders {
  const all = new Map<string, string[]>()
  for (const [name, value] of pairsOf(headers)) {
    const key = name.toLowerCase()
    all.set(key, [...(all.get(key) ?? []), value])
  }
  return Object.fromEntries([...all].map(([name, values]) => [name, values.length === 1 ? values[0] : values]))
}
