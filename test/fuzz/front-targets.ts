// What anybody may say to the public port beside frp: a TLS hello, a request's head, a multipart body.
import { Readable } from 'node:stream'
import { framingOf, isAuthorized, NO_RULES, requestHeaders } from '../../src/frp/index.ts'
import { clientHelloOf, MAX_HELLO_BYTES } from '../../src/frp/web/client-hello.ts'
import { Vhosts } from '../../src/frp/web/vhosts.ts'
import { pathAndQuery } from '../../src/io/front/inbound-request.ts'
import { type Multipart, readFilePart } from '../../src/io/front/multipart.ts'
import { targetOf } from '../../src/io/front/vhost-target.ts'
import type { Target } from './campaign.ts'
import { type Chance, damaged, noise, strange } from './chance.ts'

const uint = (value: number, width: number): Buffer => Buffer.from(value.toString(16).padStart(width * 2, '0'), 'hex')
const vector = (width: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([uint(body.length, width), body])
}

const extension = (type: number, ...body: readonly Uint8Array[]): Buffer => Buffer.concat([uint(type, 2), vector(2, ...body)])
const message = (() => {
  const name = extension(0, vector(2, uint(0, 1), vector(2, Buffer.from('web.example.org'))))
  const protocols = extension(16, vector(2, vector(1, Buffer.from('h2')), vector(1, Buffer.from('http/1.1'))))
  const keys = extension(51, vector(2, uint(29, 2), vector(2, Buffer.alloc(32, 7))))
  const fixed = [
    uint(0x0303, 2),
    Buffer.alloc(32, 5),
    vector(1, Buffer.alloc(32, 6)),
    vector(2, Buffer.from('13011302', 'hex')),
    vector(1, uint(0, 1)),
  ]
  return Buffer.concat([uint(1, 1), vector(3, ...fixed, vector(2, keys, protocols, name))])
})()
const record = (body: Uint8Array): Buffer => Buffer.concat([Buffer.from('160301', 'hex'), vector(2, body)])
const hello = record(message)

/** The message damaged inside records that hold, or cut over many of them; or all of it damaged. */
function helloLike(pick: Chance): Buffer {
  if (pick(2) === 0) return strange(pick, hello)
  const bytes = pick(4) === 0 ? message : damaged(pick, message)
  const at = pick(bytes.length + 1)
  return Buffer.concat([record(bytes.subarray(0, at)), record(bytes.subarray(at))])
}

/** As the port reads it: again with each piece, for as long as more is asked for. */
function readHello(pieces: Iterable<Buffer>): number {
  let read = Buffer.alloc(0)
  for (const piece of pieces) {
    read = Buffer.concat([read, piece])
    if (clientHelloOf(read).type !== 'more') return read.length
  }
  return read.length
}

const vhosts = new Vhosts({ port: () => 80, isOwn: (host) => host === 'node.example.org', subdomainHost: 'example.org' })
vhosts.claim(
  { type: 'http', domains: ['web.example.org', '*.any.example.org'], subdomain: '', locations: ['/', '/part'] },
  { rules: NO_RULES, serve: () => {} },
)
const HEAD = `GET http://user@web.example.org:80/part/a%20b?x=1&y=%zz#f HTTP/1.1
Host: web.example.org:80
Authorization: Basic YTpi
Content-Length: 5
Transfer-Encoding: gzip, chunked
Connection: close, x-a, upgrade
X-Forwarded-For: 192.0.2.1
Upgrade: websocket`

/** What is ours of a request's head; Node's own parser has cut it into lines before. */
function readHead(pieces: Iterable<Buffer>): number {
  const [start = '', ...lines] = Buffer.concat([...pieces])
    .toString('latin1')
    .split('\n')
  const url = start.split(' ')[1] ?? '/'
  const raw = lines.flatMap((line) => {
    const at = line.indexOf(':')
    return at < 0 ? [] : [line.slice(0, at), line.slice(at + 1).trim()]
  })
  const host = raw[raw.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'host') + 1] ?? ''
  const [path, query] = pathAndQuery(url)
  const target = targetOf(Object.assign(Object.create(null), { url, headers: { host } }))
  vhosts.http(target.host, target.path)
  framingOf(raw)
  isAuthorized(NO_RULES, raw[3] ?? '')
  requestHeaders({ method: 'GET', host: target.host, raw, from: '192.0.2.1', tls: false, expectsContinue: false, upgrade: null }, NO_RULES)
  return Math.max(path.length, query.length, [...new URLSearchParams(query)].length)
}

const BOUNDARY = 'b0'
const part = (field: string, file: string, content: string): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"; filename="${file}"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${content}\r\n`
const body = Buffer.from(
  `${part('other', 'a\\"b', 'x')}--${BOUNDARY}\r\nContent-Disposition: form-data; name="v"\r\n\r\n1\r\n${part('json', '/a/b.json', '{"ip_address":[]}')}--${BOUNDARY}--\r\n`,
)
const MAX_PART_BYTES = 100
const TYPES = [
  `multipart/form-data; boundary=${BOUNDARY}`,
  `Multipart/Form-Data; boundary="${BOUNDARY}"; charset=x`,
  'multipart/form-data',
  'text/plain',
] as const

/** A body of many pieces costs as many times more; where it is cut is what matters. */
const inThree = (bytes: Buffer): readonly Buffer[] => {
  const at = bytes.length === 0 ? 0 : (bytes[bytes.length >> 1] ?? 0) % bytes.length
  return [bytes.subarray(0, at >> 1), bytes.subarray(at >> 1, at), bytes.subarray(at)]
}

function streamOf(pieces: readonly Buffer[]): Readable {
  const stream = new Readable({ read: () => {} })
  for (const piece of [...pieces, null]) stream.push(piece)
  return stream
}

export const frontTargets: readonly Target[] = [
  { name: 'a TLS hello', inputs: 1_000_000, input: helloLike, maxBytes: MAX_HELLO_BYTES + 1_200, feed: readHello },
  {
    name: "a request's head",
    inputs: 1_000_000,
    input: (pick) => strange(pick, Buffer.from(HEAD)),
    maxBytes: 2_000,
    feed: readHead,
  },
]

export const multipartTargets: readonly Target[] = [
  {
    name: 'a multipart body',
    inputs: 300_000, // a dozen streams for each: as many as a million elsewhere take time for
    input: (pick) => Buffer.concat([uint(pick(16), 1), pick(8) === 0 ? noise(pick, 400) : damaged(pick, body)]),
    maxBytes: MAX_PART_BYTES,
    feed: async (pieces) => {
      const whole = Buffer.concat([...pieces])
      const which = whole[0] ?? 0
      const type = which < 12 ? TYPES[0] : (TYPES[which - 12] ?? TYPES[0])
      let held = 0
      const message: Multipart = Object.assign(streamOf(inThree(whole.subarray(1))), { headers: { 'content-type': type } })
      const found = await readFilePart(message, { field: 'json', maxBytes: MAX_PART_BYTES, onPiece: (piece) => (held += piece.length) })
      return Math.max(held, found?.bytes ?? 0)
    },
  },
]
