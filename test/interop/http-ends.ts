// The two far ends of a tunnel for domains: a web server that tells what it was asked, and a user of it.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { createServer as createTlsServer, request as requestTls } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { selfSigned } from '../../src/io/front/self-signed.ts'

export interface Web {
  readonly port: number
  /** What the requests were, as they came. */
  readonly asked: IncomingMessage[]
  close(): Promise<void>
}

/**
 * `/` says what it is, `/echo` gives a body back, `/pieces` sends `one`, and `two` once somebody asked for `/next`, `/around` sends
 * a hint ahead of its answer, a large header in it and a trailer behind it; websockets echo.
 */
export async function startWeb({ tls = false, says = 'web' } = {}): Promise<Web> {
  const asked: IncomingMessage[] = []
  let next = (): void => {}
  const limits = { maxHeaderSize: 2 * LARGE_BYTES }
  const server = tls ? createTlsServer({ ...selfSigned(), ...limits }) : createServer(limits)
  server.on('request', (message, response) => {
    asked.push(message)
    if (message.url === '/echo') return void message.pipe(response)
    if (message.url === '/pieces') {
      response.write('one')
      next = () => response.end('two')
      return
    }
    if (message.url === '/next') next()
    if (message.url === '/around') {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      response.writeHead(200, { trailer: 'x-sum', 'x-large': 'a'.repeat(LARGE_BYTES) })
      response.write('around')
      response.addTrailers({ 'x-sum': String(message.headers.cookie?.length ?? 0) })
    }
    response.end(says)
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (bytes, isBinary) => socket.send(bytes, { binary: isBinary })))
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: () =>
      new Promise((closed) => {
        sockets.close()
        server.close(() => closed())
        for (const socket of open) socket.destroy()
      }),
  }
}

/** The headers that any stock frps takes, and more than Node would by itself. */
const LARGE_BYTES = 60 << 10

/** What is around a body on its way back from `/around`, asked with a large cookie: over HTTP/1.1, or HTTP/2. */
export async function around(port: number, host: string, version: 1 | 2): Promise<unknown> {
  const cookie = 'c'.repeat(LARGE_BYTES)
  const seen = { hint: '', large: 0, body: '', sum: '' }
  if (version === 1) {
    const asked = request({
      host: '127.0.0.1',
      port,
      path: '/around',
      headers: { host, cookie },
      agent: false,
      maxHeaderSize: 2 * LARGE_BYTES,
    })
    asked.on('information', ({ headers }) => {
      seen.hint = String(headers.link)
    })
    const [answer] = (await once(asked.end(), 'response')) as [IncomingMessage]
    for await (const piece of answer) seen.body += piece
    return { ...seen, large: answer.headers['x-large']?.length, sum: answer.trailers['x-sum'] }
  }
  const session = connectHttp2(`http://127.0.0.1:${port}`, { settings: { maxHeaderListSize: 2 * LARGE_BYTES } })
  const stream = session.request({ ':authority': host, ':path': '/around', cookie })
  stream.on('headers', (headers) => {
    seen.hint = String(headers.link)
  })
  stream.on('response', (headers) => {
    seen.large = String(headers['x-large']).length
  })
  stream.on('trailers', (headers) => {
    seen.sum = String(headers['x-sum'])
  })
  for await (const piece of stream) seen.body += piece
  session.close()
  return seen
}

/** What has to come of it. */
export const AROUND = { hint: '</style.css>; rel=preload', large: LARGE_BYTES, body: 'aroundweb', sum: String(LARGE_BYTES) }

export interface Question {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** One request for a domain, on a connection of its own. Without a `Content-Length` the body goes in chunks. */
export async function ask(port: number, host: string, { path = '/', method = 'GET', headers = {}, body }: Question = {}): Promise<Answer> {
  const asked = request({ host: '127.0.0.1', port, path, method, headers: { host, ...headers }, agent: false })
  asked.end(body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const pieces: Buffer[] = []
  for await (const piece of answer) pieces.push(piece as Buffer)
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }
}

/** Sends a megabyte, with its length told or in chunks, and answers with the two hashes. */
export async function bodyThere(port: number, host: string, chunked: boolean): Promise<readonly [sent: string, back: string]> {
  const body = randomBytes(1 << 20)
  const headers = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(body.length) }
  const answer = await ask(port, host, { method: 'POST', path: '/echo', headers, body })
  return [hash(body), hash(answer.body)]
}

/** Reads `/pieces`, and asks for the second only when the first has come. */
export async function pieceByPiece(port: number, host: string): Promise<readonly string[]> {
  const asked = request({ host: '127.0.0.1', port, path: '/pieces', headers: { host }, agent: false }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const pieces: string[] = []
  for await (const piece of answer) {
    pieces.push(String(piece))
    if (pieces.length === 1) await ask(port, host, { path: '/next' })
  }
  return pieces
}

/** What a websocket gives back for a text and for 100,000 random bytes: the text, and whether the bytes were the same. */
export async function socketEcho(port: number, host: string): Promise<readonly [text: string, same: boolean]> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live`, { headers: { host } })
  await once(socket, 'open')
  socket.send('hello')
  const [text] = (await once(socket, 'message')) as [Buffer]
  const bytes = randomBytes(100_000)
  socket.send(bytes)
  const [back] = (await once(socket, 'message')) as [Buffer]
  socket.close()
  await once(socket, 'close')
  return [text.toString(), bytes.equals(back)]
}

/** A request over TLS that asks for that name; the certificate is anybody's. */
export async function askTls(port: number, name: string): Promise<string> {
  const asked = requestTls({ host: '127.0.0.1', port, servername: name, headers: { host: name }, rejectUnauthorized: false, agent: false })
  const [answer] = (await once(asked.end(), 'response')) as [IncomingMessage]
  const pieces: Buffer[] = []
  for await (const piece of answer) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
