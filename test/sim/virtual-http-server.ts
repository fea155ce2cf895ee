import { Readable } from 'node:stream'
import { Busboy } from '@fastify/busboy'
import type { Link } from '../../src/frp/links/link.ts'
import type { Clock, Failure, InboundRequest, Listening, OnBytes, Reply, ServeOptions } from '../../src/ports.ts'
import { CONNECT_BYTE } from '../../src/v2/connect.ts'
import { writeFiller } from './filler.ts'
import { HttpReader, headText, type WireHead } from './http-reader.ts'
import { acceptChannel, GREETING_BYTE, type VirtualSelf } from './virtual-channel.ts'
import type { VirtualAccepted } from './virtual-host.ts'
import { VirtualLink } from './virtual-link.ts'
import type { HostNetwork } from './virtual-network.ts'
import { wireMessage } from './wire-message.ts'

/** Whoever connects has this long to say something. */
const FIRST_BYTE_MS = 5_000
/** 0x00 `o` `w` `v` `F` */
const FRP_FIRST_BYTES: readonly number[] = [0x00, 0x6f, 0x77, 0x76, 0x46]

/** The public port, in the virtual network. `onBug` hears of what a handler threw. */
export function serveVirtual(
  network: HostNetwork,
  clock: Clock,
  options: ServeOptions,
  { onBug, self }: { readonly onBug: (error: unknown) => void; readonly self?: VirtualSelf | undefined },
): Promise<Listening | Failure> {
  return network.listen(options.address, (met) => {
    const timer = clock.setTimeout(() => met.refuse(), FIRST_BYTE_MS)
    const take = (accepted: VirtualAccepted | null): void => {
      const first = accepted?.first?.[0]
      if (first === GREETING_BYTE && accepted !== null && self !== undefined && accepted.member === undefined)
        return acceptChannel(accepted, self, take)
      clock.clearTimeout(timer)
      if (accepted === null || first === undefined) met.refuse()
      else if (FRP_FIRST_BYTES.includes(first) && options.onFrp) options.onFrp(accepted)
      else if (first === CONNECT_BYTE && accepted.member !== undefined && options.onConnect) options.onConnect(accepted)
      else if (first >= 0x41 && first <= 0x5a)
        (routeOf(accepted, options) ?? { serve: () => speak(accepted, options, onBug) }).serve(accepted)
      else met.refuse()
    }
    met.sniff(take)
  })
}

/** Whose domain the connection's first request is for; all of it goes there then, unlike on a real public port. Nodes ask the node. */
function routeOf({ first, member }: VirtualAccepted, { vhosts }: ServeOptions) {
  const [, path = '/', host = ''] = /^[A-Z]+ ([^ ?]+)[\s\S]*?\r\nhost: *([^\r]*)\r\n/i.exec(first?.toString('latin1') ?? '') ?? []
  const place = member === undefined ? vhosts?.http(host, path) : undefined
  return place?.type === 'found' ? place.value : null
}

function speak(accepted: VirtualAccepted, options: ServeOptions, onBug: (error: unknown) => void): void {
  const { link } = accepted.open(null)
  /** Of the request being read; null where it has none. */
  let body: Readable | null = null
  let asked = false
  let answered = false
  let read = false
  let lastOne = false
  /** What is to be done if the connection ends just now. */
  let gone = (): void => {}
  const onward = (): void => {
    if (!answered || !read) return
    if (lastOne) link.destroySoon()
    else reader.next()
  }
  const take = (head: WireHead, content: Readable | null, whole: Buffer): void => {
    answered = false
    read = false
    lastOne = /close/i.test(head.headers.connection ?? '') || head.startLine.endsWith('HTTP/1.0')
    asked = true
    const request = inboundRequest(head, content, whole, accepted)
    gone = () => void content?.destroy()
    const answer = head.headers.host === undefined ? Promise.resolve(NO_HOST) : options.onRequest(request)
    answer.then(
      (reply) =>
        send(
          link,
          reply,
          (onGone) => {
            gone = () => {
              content?.destroy()
              onGone()
            }
          },
          () => {
            answered = true
            content?.resume()
            onward()
          },
        ),
      (error: unknown) => {
        link.destroy()
        onBug(error)
      },
    )
  }
  const reader = new HttpReader('request', {
    head: (head) => {
      body = hasBody(head) ? new Readable({ read: () => {} }) : null // what nobody asked for yet waits here, however much it is
      body?.on('error', () => {})
      take(head, body, NOTHING)
    },
    body: (bytes) => void body?.push(bytes),
    end: () => {
      body?.push(null)
      read = true
      onward()
    },
    broken: () => void link.destroy(),
  })
  if (link instanceof VirtualLink)
    link.onMessage = ({ head, body: whole }) => {
      const isPlain = (head.headers['content-type'] ?? JSON_TYPE) === JSON_TYPE
      if (!isPlain || !reader.skip()) return false
      take(head, null, whole)
      read = true
      onward()
      return true
    }
  link.on('error', () => {})
  link.on('close', () => gone())
  link.on('data', (bytes) => reader.push(bytes))
  link.on('end', () => {
    lastOne = true
    reader.finish()
    if (!asked || (answered && read)) link.end()
  })
  if (accepted.first) reader.push(accepted.first)
}

const NOTHING = Buffer.alloc(0)
/** What nodes send each other's routes. Only of other content are there parts to be found. */
const JSON_TYPE = 'application/json'
const NO_HOST: Reply = { status: 400, body: 'one Host header is needed\n' }

function send(link: Link, { status, headers, body, onDone, signal }: Reply, whenGone: (run: () => void) => void, sent: () => void): void {
  let told = false
  let written = 0
  const done = (): void => {
    if (told) return
    told = true
    onDone?.(written)
  }
  const breakOff = (): void => void link.destroy()
  const finished = (): void => {
    signal?.removeEventListener('abort', breakOff)
    done()
    sent()
  }
  if (link.destroyed) return done()
  if (signal?.aborted) breakOff()
  signal?.addEventListener('abort', breakOff, { once: true })
  whenGone(done)
  const isFiller = typeof body === 'object' && 'type' in body
  const bytes = isFiller ? null : Buffer.from(body)
  const type = isFiller ? {} : { 'content-type': 'text/plain; charset=utf-8' }
  const length = isFiller ? body.bytes : (bytes?.length ?? 0)
  const startLine = `HTTP/1.1 ${status} ${status < 400 ? 'OK' : 'No'}`
  const given = { ...type, ...headers, 'content-length': length }
  const message = bytes && link instanceof VirtualLink ? wireMessage(startLine, given, bytes) : null
  const head = message === null ? headText(startLine, given) : ''
  written += message?.byteLength ?? Buffer.byteLength(head) + (bytes?.length ?? 0)
  if (message !== null && link instanceof VirtualLink && link.say(message, finished)) return
  if (bytes) link.write(message?.bytes() ?? Buffer.concat([Buffer.from(head), bytes]), finished)
  else {
    link.write(Buffer.from(head))
    writeFiller(link, length, finished, (count) => {
      written += count
    })
  }
}

const hasBody = ({ headers }: WireHead): boolean => Number(headers['content-length'] ?? 0) > 0 || 'transfer-encoding' in headers

/** What `content` brings, or, where there is none, `whole`. */
function inboundRequest(head: WireHead, content: Readable | null, whole: Buffer, { remote, member }: VirtualAccepted): InboundRequest {
  const [method = 'GET', target = '/'] = head.startLine.split(' ')
  const { path, query } = placeOf(target)
  return {
    by: member ?? null,
    method,
    path,
    query,
    headers: head.headers,
    remote,
    body: async (maxBytes) => (content !== null ? collect(content, maxBytes) : whole.length <= maxBytes ? whole : null),
    filePart: async (field, maxBytes) => (content === null ? null : filePart(content, head.headers['content-type'] ?? '', field, maxBytes)),
    fileSize: async (field, maxBytes) => {
      const part = content === null ? null : await filePart(content, head.headers['content-type'] ?? '', field, maxBytes)
      return part === null ? null : { name: part.name, bytes: part.content.length }
    },
    drain: async (onBytes) => (content !== null ? drain(content, onBytes) : whole.length > 0 ? drain(Readable.from([whole]), onBytes) : 0),
  }
}

/** Plain paths, which most are, need no parser of URLs. */
function placeOf(target: string): { readonly path: string; readonly query: URLSearchParams } {
  if (/^\/[\w/-]*$/.test(target) && !target.startsWith('//')) return { path: target, query: new URLSearchParams() }
  const url = URL.canParse(target, 'http://peer') ? new URL(target, 'http://peer') : new URL('http://peer/')
  return { path: url.pathname, query: url.searchParams }
}

function collect(content: Readable, maxBytes: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let bytes = 0
    content.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes <= maxBytes) pieces.push(piece)
    })
    content.once('end', () => resolve(bytes <= maxBytes ? Buffer.concat(pieces) : null))
    content.once('close', () => resolve(null))
  })
}

function drain(content: Readable, onBytes: OnBytes): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0
    const settle = (): void => {
      content.removeListener('data', count)
      content.resume()
      resolve(bytes)
    }
    const arrived = (): number => bytes
    const count = (piece: Buffer): void => {
      bytes += piece.length
      if (!onBytes(piece.length, arrived)) settle()
    }
    content.on('data', count)
    content.once('end', settle)
    content.once('close', settle)
  })
}

function filePart(content: Readable, type: string, field: string, maxBytes: number): ReturnType<InboundRequest['filePart']> {
  return new Promise((resolve) => {
    let found: Awaited<ReturnType<InboundRequest['filePart']>> = null
    const fail = (): void => {
      content.unpipe()
      content.resume()
      resolve(null)
    }
    if (!/^multipart\/form-data;.*boundary=/i.test(type)) return fail()
    const parser = new Busboy({ headers: { 'content-type': type }, preservePath: true, limits: { fileSize: maxBytes } })
    parser.on('file', (name, stream, fileName) => {
      const pieces: Buffer[] = []
      let whole = true
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('limit', () => {
        whole = false
      })
      stream.on('error', fail)
      stream.on('end', () => {
        if (name === field && whole && !found) found = { name: fileName ?? '', content: Buffer.concat(pieces) }
      })
    })
    parser.once('finish', () => resolve(found))
    parser.once('error', fail)
    content.once('close', () => {
      if (!content.readableEnded) resolve(null)
    })
    content.pipe(parser)
  })
}
