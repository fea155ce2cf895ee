import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { Link } from '../../../src/frp/links/link.ts'
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

describe('a service', () => {
  test('that cannot be reached is told with 504', async () => {
    const door = await open()
    door.state.refuses = true
    expect(statusOf(await converse(await connected(door.port), get('/')))).toEqual('504')
  })

  test('that begins no answer in time is told with 504, and let go', async () => {
    const door = await open({ serviceMs: 20 })
    const { answer } = await saying(door.port, get('/'))
    const served = await door.next()
    expect(statusOf(await answer)).toEqual('504')
    await served.until(({ closed }) => closed)
  })

  test.each([
    ['closes without a word', ''],
    ['speaks something else', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['has a status that is none', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['has control characters in its reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n'],
    ['hands over unasked', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
    ['has a coding before the chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['has both a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ])('that %s is told with 502', async (_, said) => {
    const door = await open()
    const { answer } = await saying(door.port, get('/'))
    const served = await door.next()
    await served.whole()
    served.say(said)
    served.link.end()
    expect([statusOf(await answer), door.bugs]).toEqual(['502', []])
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

  test('may have no body', async () => {
    const door = await open()
    const { answer } = await saying(door.port, `${upgrading('/', `${HOST}Content-Length: 5\r\n`)}hello`)
    expect([statusOf(await answer), door.waiting()]).toEqual(['400', 0])
  })

  test('to the node itself is an ordinary request, its body and the next one included', async () => {
    const door = await open({ onRequest: async (request) => ({ status: 200, body: `${request.path} ${await request.body(100)}` }) })
    const wish = 'Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'
    const post = `POST /one HTTP/1.1\r\n${wish}Content-Length: 5\r\n\r\nhello`
    const { socket, answer } = await saying(door.port, post)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.write(post)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.write(closing('/two', 'Host: x\r\n'))
    expect((await answer).match(/\/one hello|\/two /g)).toEqual(['/one hello', '/one hello', '/two '])
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
    const door = await open({ firstByteMs: 50 })
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
