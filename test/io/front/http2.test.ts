import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { afterEach, describe, expect, test } from 'vitest'
import { connected, converse, everything } from '../loopback.ts'
import { vhostPort } from '../vhost-world.ts'

const doors: Awaited<ReturnType<typeof vhostPort>>[] = []
const sessions: ClientHttp2Session[] = []
const open: typeof vhostPort = async (...given) => {
  const door = await vhostPort(...given)
  doors.push(door)
  return door
}
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy()
  for (const door of doors.splice(0)) await door.close()
})

function sessionTo({ port }: { readonly port: number }): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  sessions.push(session)
  return session
}

const HOST = 'Host: web.example.org\r\n'
const FORWARDED = 'X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: web.example.org\r\nX-Forwarded-Proto: http\r\n'

/** A request for the domain. `body` null: it is told later, by `stream`. */
function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}, body: string | null = '') {
  const stream = session.request({ ':authority': 'web.example.org', ...headers }, { endStream: body === '' })
  const seen: { readonly informed: IncomingHttpHeaders[]; head: IncomingHttpHeaders; trailers: IncomingHttpHeaders; body: string } = {
    informed: [],
    head: {},
    trailers: {},
    body: '',
  }
  stream.on('headers', (given: IncomingHttpHeaders) => seen.informed.push(Object.fromEntries(Object.entries(given))))
  stream.on('response', (given: IncomingHttpHeaders) => {
    seen.head = Object.fromEntries(Object.entries(given))
  })
  stream.on('trailers', (given: IncomingHttpHeaders) => {
    seen.trailers = Object.fromEntries(Object.entries(given))
  })
  stream.setEncoding('latin1').on('data', (piece: string) => {
    seen.body += piece
  })
  stream.on('error', () => {})
  if (body !== null && body !== '') stream.end(body)
  const closed = new Promise<number>((resolve) => stream.once('close', () => resolve(stream.rstCode ?? 0)))
  return { stream, seen, closed }
}

describe('HTTP/2 without TLS', () => {
  test('reaches a domain’s service as HTTP/1.1, and brings its answer back', async () => {
    const door = await open()
    const asked = ask(sessionTo(door), { ':path': '/a?b', 'x-one': ['1', '2'], cookie: ['a=1', 'b=2'], te: 'trailers' })
    const served = await door.next()
    await served.whole()
    expect(served.heard).toEqual(
      `GET /a?b HTTP/1.1\r\n${HOST}x-one: 1\r\nx-one: 2\r\ncookie: a=1; b=2\r\n${FORWARDED}TE: trailers\r\nConnection: close, TE\r\n\r\n`,
    )
    served.say('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 203 So So\r\nDate: today\r\nSet-Cookie: a\r\nset-cookie: b\r\n')
    served.say('Connection: x-a\r\nX-A: 1\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n')
    expect(await asked.closed).toEqual(constants.NGHTTP2_NO_ERROR)
    expect(asked.seen).toEqual({
      informed: [{ ':status': 103, link: '</a.css>' }],
      head: { ':status': 203, date: 'today', 'set-cookie': ['a', 'b'], trailer: 'X-Sum' },
      trailers: { 'x-sum': '9' },
      body: 'hi',
    })
  })

  test.each([
    ['with its length', { 'content-length': '5' }, 'Content-Length: 5\r\nConnection: close\r\n\r\nhello'],
    ['without', {}, 'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ])('has its body passed on %s', async (_, headers, heard) => {
    const door = await open()
    const asked = ask(sessionTo(door), { ':method': 'POST', ...headers }, 'hello')
    const served = await door.next()
    await served.whole(heard)
    expect(served.heard).toEqual(`POST / HTTP/1.1\r\n${HOST}${FORWARDED}${heard}`)
    served.say('HTTP/1.1 204 Done\r\n\r\n')
    expect([await asked.closed, asked.seen.head[':status']]).toEqual([constants.NGHTTP2_NO_ERROR, 204])
  })

  test('has its trailers passed on', async () => {
    const door = await open()
    const session = sessionTo(door)
    const stream = session.request({ ':authority': 'web.example.org', ':method': 'POST' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '9' }))
    stream.end('hello')
    const served = await door.next()
    await served.whole('x-sum: 9\r\n\r\n')
    expect(served.heard.endsWith('\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 9\r\n\r\n')).toEqual(true)
  })

  test('loses what HTTP/2 can’t say ahead of the answer and behind it, and no more', async () => {
    const door = await open()
    const asked = ask(sessionTo(door))
    const served = await door.next()
    await served.whole()
    const twice = 'ETag: a\r\nETag: b\r\nHTTP2-Settings: x\r\n'
    served.say(
      `HTTP/1.1 103 Early Hints\r\n${twice}\r\nHTTP/1.1 200 OK\r\nDate: today\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n${twice}\r\n`,
    )
    expect([await asked.closed, asked.seen, door.bugs]).toEqual([
      constants.NGHTTP2_NO_ERROR,
      { informed: [], head: { ':status': 200, date: 'today' }, trailers: {}, body: 'hi' },
      [],
    ])
    const other = ask(sessionTo(door))
    const next = await door.next()
    await next.whole()
    next.say(`HTTP/1.1 200 OK\r\n${twice}Content-Length: 0\r\n\r\n`)
    expect([await other.closed, other.seen.head[':status']]).toEqual([constants.NGHTTP2_NO_ERROR, 502])
  })

  test('passes both ways at once, before either is through', async () => {
    const door = await open()
    const asked = ask(sessionTo(door), { ':method': 'POST' }, null)
    const served = await door.next()
    await served.whole()
    served.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n')
    await new Promise((resolve) => asked.stream.once('data', resolve))
    asked.stream.write('there')
    await served.whole('5\r\nthere\r\n')
    served.say('1\r\nb\r\n')
    await new Promise((resolve) => asked.stream.once('data', resolve))
    asked.stream.end()
    await served.whole('0\r\n\r\n')
    served.say('0\r\n\r\n')
    expect([await asked.closed, asked.seen.body]).toEqual([constants.NGHTTP2_NO_ERROR, 'ab'])
  })

  test('is passed on with headers of 60 KiB', async () => {
    const door = await open()
    const asked = ask(sessionTo(door), { 'x-large': 'a'.repeat(60 << 10) })
    const served = await door.next()
    await served.whole()
    served.say(`HTTP/1.1 200 OK\r\nX-Large: ${'b'.repeat(60 << 10)}\r\nContent-Length: 0\r\n\r\n`)
    expect([await asked.closed, served.heard.includes('a'.repeat(60 << 10)), asked.seen.head['x-large']?.length]).toEqual([
      constants.NGHTTP2_NO_ERROR,
      true,
      60 << 10,
    ])
  })

  test('waits for the service’s `100 Continue` where the user does', async () => {
    const door = await open({ continueMs: 600_000 })
    const asked = ask(sessionTo(door), { ':method': 'POST', expect: '100-continue' }, null)
    const told = new Promise((resolve) => asked.stream.once('continue', resolve))
    const served = await door.next()
    await served.whole()
    served.say('HTTP/1.1 100 Continue\r\n\r\n')
    await told
    asked.stream.end('hello')
    await served.whole('hello')
    served.say('HTTP/1.1 204 Done\r\n\r\n')
    expect([await asked.closed, asked.seen.head[':status']]).toEqual([constants.NGHTTP2_NO_ERROR, 204])
  })

  test('gets a page where the service can’t be reached, or has no such path', async () => {
    const door = await open()
    door.state.refuses = true
    const session = sessionTo(door)
    const refused = ask(session, { ':method': 'POST' }, 'hello')
    const elsewhere = ask(session, { ':authority': 'part.example.org' })
    expect([await refused.closed, refused.seen.head[':status'], await elsewhere.closed, elsewhere.seen.head[':status']]).toEqual([
      constants.NGHTTP2_NO_ERROR,
      504,
      constants.NGHTTP2_NO_ERROR,
      404,
    ])
  })

  test.each([
    ['the node’s own routes', { ':authority': 'node.example.org' }],
    ['a name nobody serves', { ':authority': 'other.example.org' }],
  ])('is sent back to HTTP/1.1 for %s', async (_, headers) => {
    const door = await open()
    const asked = ask(sessionTo(door), headers)
    expect([await asked.closed, door.waiting()]).toEqual([constants.NGHTTP2_HTTP_1_1_REQUIRED, 0])
  })

  test('opens no connection through the node', async () => {
    const door = await open()
    const session = sessionTo(door)
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'web.example.org' })
    stream.on('error', () => {})
    await new Promise((resolve) => stream.once('close', resolve))
    expect([stream.rstCode, door.waiting()]).toEqual([constants.NGHTTP2_HTTP_1_1_REQUIRED, 0])
  })

  test('whose answer breaks off is reset, and whose user leaves lets the service go', async () => {
    const door = await open()
    const session = sessionTo(door)
    const broken = ask(session)
    const first = await door.next()
    await first.whole()
    first.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n')
    await new Promise((resolve) => broken.stream.once('data', resolve))
    first.link.end()
    expect([await broken.closed, door.failures]).toEqual([constants.NGHTTP2_INTERNAL_ERROR, ['its service broke an answer off']])
    const left = ask(session)
    const second = await door.next()
    await second.whole()
    left.stream.close(constants.NGHTTP2_CANCEL)
    await second.until(({ closed }) => closed)
    expect(door.failures).toHaveLength(1)
  })

  test('that pauses in its body for too long is ended alone', async () => {
    const door = await open({ pauseMs: 50 })
    const session = sessionTo(door)
    const paused = ask(session, { ':method': 'POST' }, null)
    const served = await door.next()
    expect(await paused.closed).toEqual(constants.NGHTTP2_CANCEL)
    await served.until(({ closed }) => closed)
    const other = ask(session)
    const next = await door.next()
    await next.whole()
    next.say('HTTP/1.1 204 OK\r\n\r\n')
    expect([await other.closed, other.seen.head[':status']]).toEqual([constants.NGHTTP2_NO_ERROR, 204])
  })

  test('that asks for nothing is closed', async () => {
    const door = await open({ headersMs: 50 })
    const session = sessionTo(door)
    await new Promise<void>((resolve) => session.once('close', () => resolve()))
  })

  test('is recognised however few bytes come at once, and a method with the same first letters is not it', async () => {
    const door = await open()
    const socket = await connected(door.port)
    const answer = everything(socket)
    for (const byte of 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') await new Promise((sent) => socket.write(byte, sent))
    socket.end()
    expect((await answer).slice(3, 5)).toEqual('\x04\x00') // a SETTINGS frame
    const other = await connected(door.port)
    for (const byte of 'PR') await new Promise((sent) => other.write(byte, sent))
    expect(await converse(other, 'OPFIND / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toContain('PROPFIND /')
  })
})
