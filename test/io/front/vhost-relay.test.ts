import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { Link } from '../../../src/frp/links/link.ts'
import type { InboundRequest } from '../../../src/ports.ts'
import { connected, converse, everything, sha256 } from '../loopback.ts'
import { silent, vhostPort } from '../vhost-world.ts'

const doors: Awaited<ReturnType<typeof vhostPort>>[] = []
const open: typeof vhostPort = async (...given) => {
  const door = await vhostPort(...given)
  doors.push(door)
  return door
}
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close()
})

const HOST = 'Host: web.example.org\r\n'
const get = (path: string, headers = HOST) => `GET ${path} HTTP/1.1\r\n${headers}\r\n`
const closing = (path: string, headers = HOST) => get(path, `${headers}Connection: close\r\n`)
const statusOf = (answer: string): string => answer.slice(9, 12)
const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4)
const UNPASSED = 'gave an answer that is not passed on'
const FORWARDED = 'X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: web.example.org\r\nX-Forwarded-Proto: http\r\n'

/** A request whose chunks are one: where a body is cut is up to Node. */
const inOneChunk = (request: string): string =>
  request.replace(/\r\n\r\n((?:[0-9a-f]+\r\n\w+\r\n)+)0\r\n\r\n$/, (_, chunks: string) => {
    const body = [...chunks.matchAll(/[0-9a-f]+\r\n(\w+)\r\n/g)].map(([, bytes]) => bytes).join('')
    return `\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  })

/** A connection that has said this; `answer` is all that comes back. */
async function saying(port: number, text: string) {
  const socket = await connected(port)
  const answer = everything(socket)
  socket.write(Buffer.from(text, 'latin1'))
  return { socket, answer }
}

describe('a request for a domain', () => {
  test('reaches its service whole, and the answer comes back as it was said', async () => {
    const door = await open()
    const { answer } = await saying(door.port, closing('/a?b', `${HOST}X-One: 1\r\nx-one: 2\r\nCookie: a=b\r\n`))
    const served = await door.next()
    await served.whole()
    expect(served.heard).toEqual(
      `GET /a?b HTTP/1.1\r\nHost: web.example.org\r\nX-One: 1\r\nx-one: 2\r\nCookie: a=b\r\n${FORWARDED}Connection: close\r\n\r\n`,
    )
    served.say(
      'HTTP/1.1 203 So So\r\nDate: today\r\nSet-Cookie: a\r\nset-cookie: b\r\nKeep-Alive: timeout=9\r\nContent-Length: 2\r\n\r\nhi',
    )
    expect(await answer).toEqual(
      'HTTP/1.1 203 So So\r\nDate: today\r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi',
    )
  })

  test.each([
    ['with its length', 'POST', 'Content-Length: 5\r\n', 'hello', 'Content-Length: 5\r\nConnection: close\r\n\r\nhello'],
    [
      'in chunks',
      'POST',
      'Transfer-Encoding: chunked\r\n',
      '3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n',
      'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ],
    ['of a GET', 'GET', 'Content-Length: 5\r\n', 'hello', 'Content-Length: 5\r\nConnection: close\r\n\r\nhello'],
    ['of no bytes', 'PUT', '', '', 'Content-Length: 0\r\nConnection: close\r\n\r\n'],
  ])('has its body passed on %s', async (_, method, framing, body, heard) => {
    const door = await open()
    const { answer } = await saying(door.port, `${method} / HTTP/1.1\r\n${HOST}${framing}Connection: close\r\n\r\n${body}`)
    const served = await door.next()
    await served.until(({ heard: all }) => inOneChunk(all).includes(heard))
    expect(inOneChunk(served.heard)).toEqual(`${method} / HTTP/1.1\r\nHost: web.example.org\r\n${FORWARDED}${heard}`)
    served.say('HTTP/1.1 204 Done\r\n\r\n')
    expect(statusOf(await answer)).toEqual('204')
  })

  test.each([
    ['both a length and chunks', 'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', '400'],
    ['two lengths', 'Content-Length: 6\r\nContent-Length: 5\r\n', '400'],
    ['a coding behind the chunks', 'Transfer-Encoding: chunked, gzip\r\n', '400'],
    ['two Hosts', 'Host: other.example.org\r\n', '400'],
  ])('with %s never gets there', async (_, headers, status) => {
    const door = await open()
    const { socket, answer } = await saying(
      door.port,
      `POST / HTTP/1.1\r\n${HOST}${headers}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n${HOST}\r\n`,
    )
    expect(statusOf(await answer)).toEqual(status)
    socket.destroy()
    expect(door.waiting()).toEqual(0)
  })

  test('with a coding before the chunks never gets there', async () => {
    const door = await open()
    const { answer } = await saying(door.port, `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`)
    expect([statusOf(await answer), door.waiting()]).toEqual(['501', 0])
  })

  test("cannot take away what the relay says, by naming it in 'Connection'", async () => {
    const door = await open()
    const named = 'Connection: close, host, content-length, x-forwarded-for, x-mine\r\n'
    const { answer } = await saying(
      door.port,
      `POST / HTTP/1.1\r\n${HOST}${named}X-Mine: 1\r\nX-Forwarded-Host: a.org\r\nContent-Length: 2\r\n\r\nhi`,
    )
    const served = await door.next()
    await served.whole('hi')
    expect(served.heard).toEqual(`POST / HTTP/1.1\r\nHost: web.example.org\r\n${FORWARDED}Content-Length: 2\r\nConnection: close\r\n\r\nhi`)
    served.say('HTTP/1.1 200 OK\r\nConnection: x-inner\r\nX-Inner: 1\r\nX-Outer: 2\r\nContent-Length: 0\r\n\r\n')
    expect((await answer).toLowerCase()).not.toContain('x-inner')
  })

  test('may name its host in a whole URL, which counts before the Host header', async () => {
    const door = await open()
    const { answer } = await saying(door.port, closing('http://WEB.example.org:8088/x', 'Host: node.example.org\r\n'))
    const served = await door.next()
    await served.whole()
    expect(served.heard.split('\r\n').slice(0, 2)).toEqual(['GET /x HTTP/1.1', 'Host: WEB.example.org:8088'])
    served.say('HTTP/1.1 200 OK\r\n\r\nfor as long as it lasts')
    served.link.end()
    expect(bodyOf(await answer)).toContain('for as long as it lasts')
  })

  test.each([
    ['an address', '127.0.0.1:8088'],
    ["the node's own name", 'node.example.org'],
    ['a name nobody serves', 'other.example.org'],
  ])('that names %s stays with the node', async (_, host) => {
    const door = await open()
    expect(bodyOf(await converse(await connected(door.port), get('/server_info', `Host: ${host}\r\n`)))).toEqual('GET /server_info')
  })

  test('is passed on with headers of 60 KiB and with thousands of them, and so is the answer', async () => {
    const door = await open()
    const large = `X-Large: ${'a'.repeat(60 << 10)}\r\n`
    const many = Array.from({ length: 3_000 }, (_, i) => `a${i}: b\r\n`).join('')
    for (const headers of [large, many]) {
      const { answer } = await saying(door.port, closing('/', HOST + headers))
      const served = await door.next()
      await served.whole()
      expect(served.heard).toEqual(`GET / HTTP/1.1\r\n${HOST}${headers}${FORWARDED}Connection: close\r\n\r\n`)
      served.say(`HTTP/1.1 200 OK\r\nDate: today\r\n${headers}Content-Length: 0\r\n\r\n`)
      expect(await answer).toEqual(`HTTP/1.1 200 OK\r\nDate: today\r\n${headers}Content-Length: 0\r\nConnection: close\r\n\r\n`)
    }
  })

  test('has no header overlooked that says where its body ends, however many stand before it', async () => {
    const door = await open()
    const many = 'a: b\r\n'.repeat(2_000)
    const { socket } = await saying(door.port, `POST / HTTP/1.1\r\n${HOST}${many}Transfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\n`)
    const served = await door.next()
    await served.whole('0\r\n\r\n')
    expect(served.heard.slice(-87)).toEqual(
      'X-Forwarded-Proto: http\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nGET\r\n0\r\n\r\n',
    )
    socket.destroy()
  })

  test('has its trailers passed on, and those of the answer', async () => {
    const door = await open()
    const chunked = 'Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n'
    const said = `POST / HTTP/1.1\r\n${HOST}${chunked}Connection: close\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\nHost: other\r\n\r\n`
    const { answer } = await saying(door.port, said)
    const served = await door.next()
    await served.whole('x-sum: 2\r\n\r\n')
    expect(served.heard).toEqual(
      `POST / HTTP/1.1\r\n${HOST}Trailer: X-Sum\r\n${FORWARDED}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n`,
    )
    served.say(`HTTP/1.1 200 OK\r\nDate: today\r\n${chunked}\r\n2\r\nho\r\n0\r\nX-Sum: 3\r\nX-More: 4\r\n\r\n`)
    expect(await answer).toEqual(
      'HTTP/1.1 200 OK\r\nDate: today\r\nTrailer: X-Sum\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nho\r\n0\r\nX-Sum: 3\r\nX-More: 4\r\n\r\n',
    )
  })

  test.each([
    ['HEAD', 'HTTP/1.1', 'HTTP/1.1 200 OK\r\nDate: today\r\nConnection: close\r\n\r\n'],
    ['GET', 'HTTP/1.0', 'HTTP/1.1 200 OK\r\nDate: today\r\nConnection: close\r\n\r\nhi'],
  ])('by %s in %s, which knows no trailers, is answered without', async (method, version, expected) => {
    const door = await open()
    const { answer } = await saying(door.port, `${method} / ${version}\r\n${HOST}Connection: close\r\n\r\n`)
    const served = await door.next()
    await served.whole()
    const body = method === 'HEAD' ? '' : '2\r\nhi\r\n0\r\nX-Sum: 3\r\n\r\n'
    served.say(`HTTP/1.1 200 OK\r\nDate: today\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n${body}`)
    served.link.end()
    expect(await answer).toEqual(expected)
  })

  test('is told what its service says ahead of the answer, unless it is of HTTP/1.0', async () => {
    const door = await open()
    const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nX-A: 1\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'
    for (const version of ['HTTP/1.1', 'HTTP/1.0']) {
      const { answer } = await saying(door.port, `GET / ${version}\r\n${HOST}Connection: close\r\n\r\n`)
      const served = await door.next()
      await served.whole()
      served.say(`${early.replace('X-A', 'Connection: x-b\r\nX-B: 2\r\nX-A')}HTTP/1.1 100 Continue\r\n\r\n`)
      served.say('HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 2\r\n\r\nhi')
      const final = 'HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi'
      expect(await answer).toEqual(version === 'HTTP/1.1' ? early + final : final)
    }
  })

  test('may stand between requests for the node on one connection', async () => {
    const door = await open()
    const { socket, answer } = await saying(door.port, get('/one', 'Host: x\r\n') + get('/two') + closing('/three', 'Host: x\r\n'))
    const served = await door.next()
    await served.whole()
    served.say('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo')
    expect((await answer).match(/GET \/one|two$|two(?=HTTP)|GET \/three/g)).toEqual(['GET /one', 'two', 'GET /three'])
    socket.destroy()
  })

  test('inside TLS that the node answers is told as https', async () => {
    const door = await open()
    const secure = connectTls({ host: '127.0.0.1', port: door.port, rejectUnauthorized: false })
    secure.write(closing('/'))
    const served = await door.next()
    await served.whole()
    expect(served.heard).toContain('X-Forwarded-Proto: https\r\n')
    secure.destroy()
  })

  test('whose paths are all somebody else’s gets a page', async () => {
    const door = await open()
    const answer = await converse(await connected(door.port), closing('/other', 'Host: part.example.org\r\n'))
    expect([statusOf(answer), bodyOf(answer)]).toEqual(['404', expect.stringContaining('<h1>404 Not Found</h1>')])
  })
})

describe('a user who waits for `100 Continue`', () => {
  const waiting = `POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n`

  test('waits for the word of the service', async () => {
    const door = await open({ continueMs: 600_000 })
    const { socket, answer } = await saying(door.port, waiting)
    const said = new Promise((resolve) => socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1'))))
    const served = await door.next()
    await served.whole()
    expect(served.heard).toEqual(
      `POST / HTTP/1.1\r\n${HOST}${FORWARDED}Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
    )
    served.say('HTTP/1.1 100 Continue\r\n\r\n')
    expect(await said).toEqual('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write('hello')
    await served.whole('hello')
    served.say('HTTP/1.1 204 Done\r\nDate: today\r\n\r\n')
    expect(await answer).toEqual('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Done\r\nDate: today\r\nConnection: close\r\n\r\n')
  })

  test('hears at once that its body is not wanted', async () => {
    const door = await open({ continueMs: 600_000 })
    const { answer } = await saying(door.port, waiting.replace('Connection: close\r\n', ''))
    const served = await door.next()
    await served.whole()
    served.say('HTTP/1.1 413 Too Much\r\nDate: today\r\nContent-Length: 0\r\n\r\n')
    expect(await answer).toEqual('HTTP/1.1 413 Too Much\r\nDate: today\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    await served.until(({ ended }) => ended)
  })

  test('is told to go on where the service does not say it', async () => {
    const door = await open({ continueMs: 20 })
    const { socket, answer } = await saying(door.port, waiting)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.write('hello')
    const served = await door.next()
    await served.whole('hello')
    served.say('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Done\r\nDate: today\r\n\r\n')
    expect(await answer).toEqual('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Done\r\nDate: today\r\nConnection: close\r\n\r\n')
  })

  test('of the node itself is told to go on at once', async () => {
    const door = await open({ onRequest: async (request) => ({ status: 200, body: String(await request.body(100)) }) })
    const { socket, answer } = await saying(door.port, waiting.replace(HOST, 'Host: x\r\n'))
    await new Promise((resolve) => socket.once('data', resolve))
    socket.write('hello')
    expect([...(await answer).matchAll(/HTTP\/1\.1 \d+|hello$/g)].flat()).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200', 'hello'])
  })
})

describe('a service', () => {
  test('that cannot be reached is told with 504', async () => {
    const door = await open()
    door.state.refuses = true
    expect(statusOf(await converse(await connected(door.port), get('/')))).toEqual('504')
    expect(door.failures).toEqual([]) // whoever refused has counted it
  })

  test('that begins no answer in time is told with 504, and let go', async () => {
    const door = await open({ serviceMs: 20 })
    const { answer } = await saying(door.port, get('/'))
    const served = await door.next()
    expect(statusOf(await answer)).toEqual('504')
    await served.until(({ closed }) => closed)
    expect(door.failures).toEqual(['its service began no answer within 0.02 s'])
  })

  test.each([
    ['closes without a word', '', 'closed the connection without an answer'],
    ['speaks something else', 'SSH-2.0-OpenSSH\r\n\r\n', UNPASSED],
    ['has a status that is none', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n', UNPASSED],
    ['has control characters in its reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n', UNPASSED],
    [
      'hands over unasked',
      'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
      'closed the connection without an answer',
    ],
    ['has a coding before the chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', UNPASSED],
    ['has both a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', UNPASSED],
    ['has headers without end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(270_000)}`, 'gave an answer with headers of more than 256 KiB'],
  ])('that %s is told with 502', async (_, said, why) => {
    const door = await open()
    const { answer } = await saying(door.port, get('/'))
    const served = await door.next()
    await served.whole()
    served.say(said)
    served.link.end()
    expect([statusOf(await answer), door.bugs, door.failures]).toEqual(['502', [], [`its service ${why}`]])
  })

  test.each([
    ['ends in the middle of a chunk', 'Transfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n', (link: Link) => void link.end()],
    ['is reset where only its end would have told', '\r\nhal', (link: Link) => void link.destroy(new Error('reset'))],
  ])('whose answer %s has the connection broken off', async (_, said, breakOff) => {
    const door = await open()
    const { socket, answer } = await saying(door.port, get('/'))
    const served = await door.next()
    await served.whole()
    served.say(`HTTP/1.1 200 OK\r\n${said}`)
    await new Promise((resolve) => socket.once('data', resolve))
    breakOff(served.link)
    expect((await answer).endsWith('0\r\n\r\n')).toEqual(false)
    expect(door.failures).toEqual(['its service broke an answer off'])
  })

  test('that answers before it heard all is heard, and both connections end', async () => {
    const door = await open()
    const { answer } = await saying(door.port, `POST / HTTP/1.1\r\n${HOST}Content-Length: 1000\r\n\r\nfirst`)
    const served = await door.next()
    await served.whole('first')
    served.say('HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno')
    expect([statusOf(await answer), bodyOf(await answer)]).toEqual(['413', 'no'])
    await served.until(({ ended }) => ended)
  })

  test('is let go when its user leaves', async () => {
    const door = await open()
    const { socket } = await saying(door.port, get('/'))
    const served = await door.next()
    await served.whole()
    served.say('HTTP/1.1 200 OK\r\n\r\nbegun')
    socket.destroy()
    await served.until(({ closed }) => closed)
    expect(door.failures).toEqual([])
  })

  test("may pause within its answer for longer than a request of the node's may take", async () => {
    const door = await open({ requestMs: 200, headersMs: 200 })
    const { socket, answer } = await saying(door.port, closing('/'))
    const served = await door.next()
    await served.whole()
    served.say('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none')
    await new Promise((resolve) => socket.once('data', resolve))
    for (const startedAt = performance.now(); performance.now() - startedAt < 600; ) await new Promise((resolve) => setImmediate(resolve))
    served.say('two')
    expect(bodyOf(await answer)).toEqual('onetwo')
  })

  test('goes no faster than its user reads, and loses nothing', async () => {
    const door = await open()
    const { socket, answer } = await saying(door.port, closing('/'))
    const served = await door.next()
    await served.whole()
    socket.pause()
    let written = 0
    const pieces = Array.from({ length: 64 }, (_, i) => Buffer.alloc(1 << 20, i))
    served.say(`HTTP/1.1 200 OK\r\nContent-Length: ${64 << 20}\r\n\r\n`)
    for (const piece of pieces) served.link.write(piece, () => written++)
    served.link.end()
    for (let still = 0, last = 0; still < 100; still = written === last ? still + 1 : 0) {
      last = written
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(written).toBeLessThan(32)
    socket.resume()
    const body = Buffer.from(bodyOf(await answer), 'latin1')
    expect([written, sha256(body)]).toEqual([64, sha256(Buffer.concat(pieces))])
  })

  test("has a whole upload though it pauses for longer than a request of the node's may take", async () => {
    const onRequest = async (request: InboundRequest) => ({ status: 200, body: String(await request.body(100)) })
    const door = await open({ requestMs: 100, headersMs: 100, onRequest })
    const head = 'POST / HTTP/1.1\r\nContent-Length: 10\r\nConnection: close\r\n'
    const { socket, answer } = await saying(door.port, `${head}${HOST}\r\nfirst`)
    const served = await door.next()
    await served.whole('first')
    const { answer: cutOff } = await saying(door.port, `${head}Host: x\r\n\r\nfirst`)
    expect(['', '408']).toContain(statusOf(await cutOff))
    socket.write('later')
    await served.whole('firstlater')
    served.say('HTTP/1.1 204 Done\r\n\r\n')
    expect([statusOf(await answer), door.failures]).toEqual(['204', []])
  })

  test('is let go when its user pauses for too long', async () => {
    const door = await open({ pauseMs: 50 })
    const { answer } = await saying(door.port, `POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nfirst`)
    const served = await door.next()
    await served.until(({ closed }) => closed)
    expect([await answer, door.failures]).toEqual(['', []])
  })

  test("has a whole upload though it takes longer than a request of the node's may", async () => {
    const door = await open({ requestMs: 500, headersMs: 500 })
    const { socket, answer } = await saying(door.port, `POST / HTTP/1.1\r\n${HOST}Content-Length: 1000000\r\nConnection: close\r\n\r\n`)
    const served = await door.next()
    const startedAt = performance.now()
    let sent = 0
    for (; performance.now() - startedAt < 1_000; sent++) {
      socket.write(`<${sent}>`)
      await served.whole(`<${sent}>`)
    }
    const rest = 1_000_000 - Array.from({ length: sent }, (_, i) => `<${i}>`).join('').length
    socket.write(`${' '.repeat(rest - 3)}end`)
    await served.whole('end')
    served.say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    expect([statusOf(await answer), bodyOf(await answer)]).toEqual(['200', 'ok'])
  })
})

test("a request of the node's that does not come whole in time is cut off", async () => {
  const door = await open({
    requestMs: 300,
    headersMs: 300,
    onRequest: async (request) => ({ status: 200, body: String(await request.body(100)) }),
  })
  const { socket, answer } = await saying(door.port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n')
  while (!socket.destroyed) await new Promise((resolve) => socket.write('.', () => setImmediate(resolve)))
  expect(statusOf(await answer)).toEqual('408')
})

describe('rules', () => {
  test('a name and a password are asked for, and nothing goes on without them', async () => {
    const door = await open({}, { user: 'ann', password: 'secret' })
    const answer = await converse(await connected(door.port), get('/'))
    expect([statusOf(answer), /www-authenticate: (.*)\r/i.exec(answer)?.[1], door.waiting()]).toEqual([
      '401',
      'Basic realm="Restricted"',
      0,
    ])
  })

  test('headers are set on both ways, and Host is rewritten', async () => {
    const door = await open({}, { hostRewrite: 'inner', headers: { 'X-One': 'ours' }, responseHeaders: { Server: 'moon' } })
    const { answer } = await saying(door.port, closing('/', `${HOST}x-one: theirs\r\n`))
    const served = await door.next()
    await served.whole()
    expect(served.heard).toEqual(`GET / HTTP/1.1\r\nHost: inner\r\n${FORWARDED}X-One: ours\r\nConnection: close\r\n\r\n`)
    served.say('HTTP/1.1 200 OK\r\nDate: today\r\nserver: theirs\r\nContent-Length: 0\r\n\r\n')
    expect(await answer).toEqual('HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 0\r\nServer: moon\r\nConnection: close\r\n\r\n')
  })
})

describe('a request for another protocol', () => {
  const upgrading = (path: string, headers = HOST) => get(path, `${headers}Connection: Upgrade\r\nUpgrade: chat\r\n`)

  test('hands the connection over, bytes said early included, and each way ends on its own', async () => {
    const door = await open()
    const { socket, answer } = await saying(door.port, `${upgrading('/')}early`)
    const served = await door.next()
    await served.whole()
    expect(served.heard).toEqual(`GET / HTTP/1.1\r\nHost: web.example.org\r\n${FORWARDED}Connection: Upgrade\r\nUpgrade: chat\r\n\r\n`)
    served.say('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\nX-One: 1\r\n\r\nwelcome')
    await served.whole('early')
    socket.end('late')
    await served.until(({ ended }) => ended)
    expect(served.heard.endsWith('\r\n\r\nearlylate')).toEqual(true)
    served.say(' and goodbye')
    served.link.end()
    expect(await answer).toEqual(
      'HTTP/1.1 101 Switching Protocols\r\nX-One: 1\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nwelcome and goodbye',
    )
  })

  test('that the service declines is answered in HTTP, and the connection ends', async () => {
    const door = await open()
    const { answer } = await saying(door.port, upgrading('/'))
    const served = await door.next()
    await served.whole()
    served.say('HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nnot')
    served.link.end()
    expect([statusOf(await answer), bodyOf(await answer)]).toEqual(['403', 'not'])
  })

  test('that has a body is an ordinary request', async () => {
    const door = await open()
    const { socket, answer } = await saying(door.port, `${upgrading('/', `${HOST}Content-Length: 5\r\n`)}hello`)
    const served = await door.next()
    await served.whole('hello')
    expect(served.heard).toEqual(`GET / HTTP/1.1\r\n${HOST}${FORWARDED}Content-Length: 5\r\nConnection: close\r\n\r\nhello`)
    served.say('HTTP/1.1 204 Done\r\n\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
    socket.end()
    expect(statusOf(await answer)).toEqual('204')
  })

  test('to the node itself is an ordinary request, its body included', async () => {
    const door = await open({ onRequest: async (request) => ({ status: 200, body: `${request.path} ${await request.body(100)}` }) })
    const wish = 'Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'
    for (const body of ['Content-Length: 5\r\n\r\nhello', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n']) {
      const { socket, answer } = await saying(door.port, `POST /one HTTP/1.1\r\n${wish}${body}`)
      await new Promise((resolve) => socket.once('data', resolve))
      socket.end()
      expect(bodyOf(await answer)).toEqual('/one hello')
    }
  })

  test('to the node itself leaves the connection to the next request', async () => {
    const door = await open()
    const { answer } = await saying(
      door.port,
      upgrading('/one', 'Host: x\r\n') + get('/two', 'Host: x\r\n') + closing('/three', 'Host: x\r\n'),
    )
    expect((await answer).match(/GET \/(?:one|two|three)/g)).toEqual(['GET /one', 'GET /two', 'GET /three'])
  })

  test('behind one that has no answer yet ends the connection', async () => {
    const door = await open()
    const { answer } = await saying(door.port, get('/') + upgrading('/'))
    expect([await answer, door.bugs]).toEqual(['', []])
  })
})

describe('TLS for a domain', () => {
  test('is passed through untouched, in however many pieces its hello comes', async () => {
    const door = await open()
    const socket = await connected(door.port)
    const relayed: Buffer[] = []
    const secure = connectTls({ socket: silent(relayed), servername: 'web.example.org', rejectUnauthorized: false })
    secure.on('error', () => {})
    await new Promise((resolve) => setImmediate(resolve))
    const hello = Buffer.concat(relayed)
    for (let at = 0; at < hello.length; at += 50) await new Promise((sent) => socket.write(hello.subarray(at, at + 50), sent))
    const served = await door.next()
    await served.until(({ heard }) => heard.length === hello.length)
    expect(served.heard).toEqual(hello.toString('latin1'))
    expect(served.user.remote).toEqual({ host: '127.0.0.1', port: socket.localPort })
    const answer = everything(socket)
    served.say('whatever TLS says')
    served.link.end()
    expect(await answer).toEqual('whatever TLS says')
    socket.destroy()
  })

  test('whose hello does not end is cut off', async () => {
    const door = await open({ firstMs: 50 })
    const { answer } = await saying(door.port, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')
    expect([await answer, door.waiting()]).toEqual(['', 0])
  })

  test('that is announced by 0x17 is never passed on', async () => {
    const door = await open({ onRequest: async () => ({ status: 200, body: 'the node' }) })
    const socket = await connected(door.port)
    socket.write(Buffer.from([0x17]))
    const secure = connectTls({ socket, servername: 'web.example.org', rejectUnauthorized: false })
    expect(bodyOf(await converse(secure, get('/', 'Host: x\r\nConnection: close\r\n')))).toEqual('the node')
  })
})
