import { request as httpsRequest } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Vhosts } from '../../../src/frp/web/vhosts.ts'
import { protocolOf } from '../../../src/io/front/protocol.ts'
import type { PublicPortOptions } from '../../../src/io/front/public-port.ts'
import type { InboundRequest, Reply } from '../../../src/ports.ts'
import { connected, converse, everything, frpDoor, openPort, secured } from '../loopback.ts'

const doors: Awaited<ReturnType<typeof openPort>>[] = []
const open: typeof openPort = async (options) => {
  const door = await openPort(options)
  doors.push(door)
  return door
}
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close()
})

/** The answer without its headers. */
const statusAndBody = (answer: string): readonly [string, string] => [answer.slice(9, 12), answer.slice(answer.indexOf('\r\n\r\n') + 4)]
const NO_VHOSTS = new Vhosts({ port: () => 80, isOwn: () => false, subdomainHost: null })
const get = (path: string, headers = 'Host: x\r\n') => `GET ${path} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`

test.each([
  [0x00, 'frp'],
  [0x6f, 'frp'],
  [0x77, 'frp'],
  [0x46, 'frp'],
  [0x16, 'tls'],
  [0x17, 'tls-announced'],
  [0x47, 'http'],
  [0x50, 'http'],
  [0x4f, 'http'],
  [0x76, 'unknown'],
  [0x0a, 'unknown'],
  [0xff, 'unknown'],
  [-1, 'unknown'],
])('the first byte %i says %s', (byte, speech) => expect(protocolOf(byte)).toEqual(speech))

describe('who is who', () => {
  test('HTTP is answered, on the port where frp is spoken too', async () => {
    const frp = frpDoor()
    const { port } = await open({ onFrp: frp.onFrp })
    expect(statusAndBody(await converse(await connected(port), get('/server_info?x=1')))).toEqual(['200', 'GET /server_info'])
    const client = await connected(port)
    client.write(Buffer.from([0x00, 0x01, 0x02]))
    const { first, tls, remote, local } = await frp.next()
    expect({ first, tls, remote, local }).toEqual({
      first: Buffer.from([0x00, 0x01, 0x02]),
      tls: false,
      remote: { host: '127.0.0.1', port: client.localPort },
      local: { host: '127.0.0.1', port },
    })
    client.destroy()
  })

  test.each([
    ['unannounced', Buffer.alloc(0)],
    ['announced by 0x17', Buffer.from([0x17])],
  ])('frp inside TLS, %s, is frp', async (_, announcement) => {
    const frp = frpDoor()
    const { port } = await open({ onFrp: frp.onFrp })
    const client = await secured(port, announcement)
    client.write('o and the rest')
    const accepted = await frp.next()
    expect([accepted.tls, accepted.first?.toString()]).toEqual([true, 'o and the rest'])
    const { link } = accepted.open(null)
    link.write(Buffer.from('welcome'))
    link.end()
    expect(await everything(client)).toEqual('welcome')
  })

  test('HTTP inside TLS is answered', async () => {
    const { port } = await open()
    const answer = await new Promise<string>((resolve, reject) => {
      const asked = httpsRequest({ host: '127.0.0.1', port, path: '/50', rejectUnauthorized: false, agent: false }, (response) => {
        response.setEncoding('utf8').on('data', resolve)
      })
      asked.on('error', reject).end()
    })
    expect(answer).toEqual('GET /50')
  })

  test('TLS inside TLS, unknown bytes, and frp where nobody offers it are turned away', async () => {
    const { port } = await open()
    expect(await converse(await connected(port), Buffer.from([0xff, 0x01]))).toEqual('')
    expect(await converse(await connected(port), 'o')).toEqual('')
    expect(await converse(await secured(port), Buffer.from([0x16, 0x03, 0x01]))).toEqual('')
    expect(await converse(await secured(port), Buffer.from([0x17]))).toEqual('')
  })

  test('bytes that are no TLS after the first one are turned away', async () => {
    const { port } = await open()
    await everything(await sending(port, Buffer.from([0x16, 0x03, 0x01, 0xff, 0xff, 0x00])))
    await everything(await sending(port, Buffer.from('\x17GET / HTTP/1.1\r\n\r\n', 'latin1')))
  })

  test('a record broken after the handshake ends the connection', async () => {
    const frp = frpDoor()
    const { port } = await open({ onFrp: frp.onFrp })
    // A relay in between, so that raw bytes can be slipped in.
    const unders: Socket[] = []
    const relay = createServer((near) => {
      const under = connect({ host: '127.0.0.1', port })
      unders.push(under)
      near.on('error', () => {}).pipe(under)
      under.on('error', () => {}).pipe(near)
    })
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    const at = relay.address()
    const client = await secured(typeof at === 'object' && at ? at.port : 0)
    client.on('error', () => {})
    client.write('o')
    const { link } = (await frp.next()).open(null)
    const closed = new Promise((resolve) => link.on('close', resolve))
    link.on('error', () => {})
    link.on('data', () => {})
    unders[0]?.write(Buffer.from([0x17, 0x03, 0x03, 0x00, 0x20, ...Array<number>(32).fill(7)]))
    await closed
    client.destroy()
    relay.close()
  })
})

/** Something that is waited for. */
function signal() {
  let give: () => void = () => {}
  const came = new Promise<void>((resolve) => {
    give = resolve
  })
  return { came, give: () => give() }
}

const sending = async (port: number, bytes: Uint8Array): Promise<Socket> => {
  const socket = await connected(port)
  socket.write(bytes)
  return socket
}

describe('slow and rude callers', () => {
  test('a silent connection is closed, in TLS too', async () => {
    const { port } = await open({ firstMs: 50 })
    expect(await everything(await connected(port))).toEqual('')
    expect(await everything(await secured(port))).toEqual('')
  })

  test.each([
    ['a TLS hello that stops', [0x16, 0x03, 0x01, 0x00, 0xfa, 0x01, 0x00, 0x00, 0xf6, 0x03, 0x03]],
    ['a handshake announced and never begun', [0x17]],
    ['an announced hello that stops', [0x17, 0x16, 0x03, 0x01, 0x00, 0xfa, 0x01, 0x00]],
    ['the beginning of HTTP/2', [...Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')]],
  ])('%s is closed, and so is one that dribbles', async (_, bytes) => {
    const { port } = await open({ firstMs: 100, headersMs: 60_000, vhosts: NO_VHOSTS })
    expect((await everything(await sending(port, Buffer.from(bytes)))).includes('HTTP/1.1')).toEqual(false)
    const dribbling = await connected(port)
    const over = everything(dribbling)
    const [first, ...rest] = [...bytes, ...Array<number>(1_000).fill(0x41)]
    dribbling.write(Buffer.from([first ?? 0]))
    const timer = setInterval(() => dribbling.write(Buffer.from([rest.shift() ?? 0])), 10)
    await over
    clearInterval(timer)
    dribbling.destroy()
  })

  test('headers that come in time one by one, but never end, are told and cut off', async () => {
    const { port } = await open({ firstMs: 150, headersMs: 60_000 })
    const socket = await sending(port, Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n'))
    const timer = setInterval(() => socket.write('X: y\r\n'), 20)
    expect(statusAndBody(await everything(socket)).at(0)).toEqual('408')
    clearInterval(timer)
    socket.destroy()
  })

  test('headers that drip are cut off', async () => {
    const { port } = await open({ headersMs: 200 })
    expect(statusAndBody(await everything(await sending(port, Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nX-')))).at(0)).toEqual('408')
  })

  test('one more than it may hold has the place of the one that has waited longest', async () => {
    const { port } = await open({ maxOpen: 2 })
    const [one, two] = [await connected(port), await connected(port)]
    const gone = everything(one)
    expect(statusAndBody(await converse(await connected(port), get('/again')))).toEqual(['200', 'GET /again'])
    expect([await gone, two.destroyed]).toEqual(['', false])
    two.destroy()
  })

  test('one more than it may hold is turned away while all others are busy, and may come back when one has left', async () => {
    const [begun, answered] = [signal(), signal()]
    const { port } = await open({
      maxOpen: 1,
      onRequest: async ({ path }) => {
        begun.give()
        if (path === '/long') await answered.came
        return { status: 200, body: path }
      },
    })
    const one = await sending(port, Buffer.from(get('/long')))
    const its = everything(one)
    await begun.came
    const refused = await converse(await connected(port), get('/again'))
    answered.give()
    expect([refused, statusAndBody(await its)]).toEqual(['', ['200', '/long']])
    one.end()
    let later = ''
    for (let i = 0; i < 100 && later === ''; i++) later = await converse(await connected(port), get('/again'))
    expect(statusAndBody(later)).toEqual(['200', '/again'])
  })

  test('a request that trickles in byte by byte is answered', async () => {
    const { port } = await open()
    const socket = await connected(port)
    const answer = everything(socket)
    for (const byte of get('/slow')) await new Promise((resolve) => socket.write(byte, resolve))
    expect(statusAndBody(await answer)).toEqual(['200', 'GET /slow'])
  })

  test.each<[string, Partial<PublicPortOptions>, Reply['body']]>([
    ['filler', { paceMs: 200 }, { type: 'filler', bytes: 64 << 20 }],
    ['text', { requestMs: 200 }, 'x'.repeat(32 << 20)],
  ])('a reader that takes nothing of its answer is cut off: %s', async (_, limits, body) => {
    const done = signal()
    const { port } = await open({ ...limits, onRequest: async () => ({ status: 200, body, onDone: done.give }) })
    const client = await connected(port)
    client.on('error', () => {})
    client.pause()
    client.write(get('/'))
    await done.came
    client.destroy()
  })

  test('an answer is broken off when its signal says so', async () => {
    const [ending, done] = [new AbortController(), signal()]
    const { port } = await open({
      onRequest: async () => ({ status: 200, body: { type: 'filler', bytes: 64 << 20 }, onDone: done.give, signal: ending.signal }),
    })
    const client = await connected(port)
    client.on('error', () => {})
    client.write(get('/'))
    client.once('data', () => ending.abort())
    await done.came
    client.destroy()
  })

  test('headers over 64 KiB are refused', async () => {
    const { port } = await open()
    const answer = await converse(await connected(port), get('/', `Host: x\r\nX: ${'a'.repeat(66_000)}\r\n`))
    expect(['', '431']).toContain(answer.slice(9, 12))
  })

  test.each([
    ['no Host', ''],
    ['two Hosts', 'Host: x\r\nhost: y\r\n'],
  ])('a request with %s is refused', async (_, headers) => {
    const { port } = await open()
    expect(statusAndBody(await converse(await connected(port), get('/', headers))).at(0)).toEqual('400')
  })

  test('what a handler throws is answered with 500 and told', async () => {
    const bug = new Error('a bug')
    const { port, bugs } = await open({ onRequest: () => Promise.reject(bug) })
    expect(statusAndBody(await converse(await connected(port), get('/')))).toEqual(['500', 'this node has a fault\n'])
    expect(bugs).toEqual([bug])
  })
})

const post = (path: string, length: number, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${body}`

describe('bodies', () => {
  const collecting = async (request: InboundRequest) => ({ status: 200, body: `${(await request.body(1 << 20))?.length ?? 'lost'}` })

  test.each([
    ['that never comes', 0],
    ['that dribbles', 10],
  ])('one %s is told and cut off, answered or not', async (_, everyMs) => {
    const { port } = await open({
      paceMs: 100,
      paceBytes: 1_000,
      onRequest: async (request) => (request.path === '/read' ? collecting(request) : { status: 200, body: '' }),
    })
    for (const path of ['/read', '/not-read']) {
      const socket = await sending(port, Buffer.from(post(path, 100_000, 'x')))
      const over = everything(socket)
      const timer = everyMs === 0 ? undefined : setInterval(() => socket.write('x'), everyMs)
      expect(statusAndBody(await over).at(0)).toEqual(path === '/read' ? '408' : '200')
      clearInterval(timer)
      socket.destroy()
    }
  })

  test('one that is fast enough may take longer than that', async () => {
    const { port } = await open({ paceMs: 200, paceBytes: 100, onRequest: collecting })
    const socket = await sending(port, Buffer.from(post('/', 30_000, '')))
    const answer = everything(socket)
    for (let i = 0; i < 30; i++) {
      socket.write('x'.repeat(1_000))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(statusAndBody(await answer)).toEqual(['200', '30000'])
  })

  test('too many at once: the one that has been coming for longest is told to come again', async () => {
    const { port } = await open({ maxBodyBytes: 100_000, maxBodyBytesHere: 100_000, onRequest: collecting })
    const one = await sending(port, Buffer.from(post('/', 80_000, 'x'.repeat(60_000))))
    const its = everything(one)
    expect(statusAndBody(await converse(await connected(port), post('/', 70_000, 'x'.repeat(70_000))))).toEqual(['200', '70000'])
    const told = await its
    expect([statusAndBody(told), /retry-after: 5\r\n/i.test(told)]).toEqual([
      ['503', 'too many requests with bodies are under way here: come again\n'],
      true,
    ])
  })

  test('those of requests that wait behind another one give their room back when the connection ends', async () => {
    let read = 0
    const { port } = await open({
      maxBodyBytes: 100_000,
      maxBodyBytesHere: 100_000,
      onRequest: async (request) => {
        const answer = await collecting(request)
        return request.path === '/' ? answer : new Promise<Reply>(() => void read++)
      },
    })
    const gone = await sending(port, Buffer.from(post('/wait', 40_000, 'x'.repeat(40_000)).replace('close', 'keep-alive').repeat(2)))
    await vi.waitFor(() => expect(read).toEqual(2))
    gone.destroy()
    const ask = async () => statusAndBody(await converse(await connected(port), post('/', 80_000, 'x'.repeat(80_000))))
    await vi.waitFor(async () => expect(await ask()).toEqual(['200', '80000']))
  })

  test('of answers that nobody reads take so much room: the one that has waited longest goes', async () => {
    const bytes = 16 << 20 // more than the system's own buffers hold
    let asked = 0
    const { port } = await open({
      maxBodyBytes: 2 * bytes,
      maxBodyBytesHere: 2 * bytes,
      onRequest: async () => ({ status: 200, body: Buffer.alloc(bytes, 'x', 'latin1'), headers: { asked: String(asked++) } }),
    })
    const sockets: Socket[] = []
    for (let i = 0; i < 3; i++) {
      const socket = await connected(port)
      socket.pause().write(get('/'))
      sockets.push(socket)
      await vi.waitFor(() => expect(asked).toEqual(i + 1))
    }
    const all = sockets.map(everything)
    for (const socket of sockets) socket.resume()
    expect((await Promise.all(all)).map((one) => one.length > bytes)).toEqual([false, true, true])
    for (const socket of sockets) socket.destroy()
  })

  test('files that are only counted take no room', async () => {
    const file = (bytes: number): string => {
      const body = `--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n${'x'.repeat(bytes)}\r\n--b--\r\n`
      return `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    }
    const { port } = await open({
      maxBodyBytes: 1_000,
      onRequest: async (request) => ({ status: 200, body: JSON.stringify(await request.fileSize('file', 500_000)) }),
    })
    expect(statusAndBody(await converse(await connected(port), file(500_000))).at(1)).toEqual('{"name":"f","bytes":500000}')
    expect(statusAndBody(await converse(await connected(port), file(500_001))).at(1)).toEqual('null')
  })
})

describe('requests of one connection', () => {
  test.each([
    [16, 16],
    [17, 0],
  ])('%i at once, %i are answered', async (count, answered) => {
    const { port } = await open({
      onRequest: ({ path }) => new Promise((resolve) => setTimeout(() => resolve({ status: 200, body: path }), 50)),
    })
    const socket = await connected(port)
    const over = everything(socket)
    socket.write(
      `${get('/', 'Host: x\r\n')
        .replace('close', 'keep-alive')
        .repeat(count - 1)}${get('/')}`,
    )
    const all = await over
    socket.destroy()
    expect(all.split('200 OK').length - 1).toEqual(answered)
  })
})

describe('a request', () => {
  test('comes with path, query, headers and the caller', async () => {
    const asked: InboundRequest[] = []
    const { port } = await open({
      onRequest: async (request) => {
        asked.push(request)
        return { status: 204, body: '' }
      },
    })
    const socket = await connected(port)
    const from = socket.localPort
    await converse(socket, get('//MAPPort/../x%20y?port=80&udp=', 'Host: x\r\nX-One: 1\r\nX-One: 2\r\n'))
    await converse(await connected(port), get('http://elsewhere:8088/server_info?a=b'))
    const [one, two] = asked
    expect([one?.method, one?.path, String(one?.query), one?.headers, one?.remote]).toEqual([
      'GET',
      '//MAPPort/../x%20y',
      'port=80&udp=',
      { host: 'x', 'x-one': '1, 2', connection: 'close' },
      { host: '127.0.0.1', port: from },
    ])
    expect([two?.path, String(two?.query)]).toEqual(['/server_info', 'a=b'])
  })

  test('tells its body up to a limit', async () => {
    const { port } = await open({
      onRequest: async (request) => ({ status: 200, body: (await request.body(5)) ?? 'too much' }),
    })
    const post = (body: string) => `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    expect(statusAndBody(await converse(await connected(port), post('12345')))).toEqual(['200', '12345'])
    expect(statusAndBody(await converse(await connected(port), post('123456')))).toEqual(['200', 'too much'])
  })

  test('whose body breaks off has none, whenever it is asked for', async () => {
    const told: unknown[] = []
    let tell: () => void = () => {}
    const { port } = await open({
      onRequest: (request) =>
        new Promise((resolve) => {
          tell = async () => {
            told.push(await request.body(1_000), await request.filePart('json', 1_000), await request.drain(() => true))
            resolve({ status: 200, body: '', onDone: finish })
          }
          arrived()
        }),
    })
    let arrived: () => void = () => {}
    let finish: () => void = () => {}
    const here = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const done = new Promise<void>((resolve) => {
      finish = resolve
    })
    const socket = await sending(port, Buffer.from('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this'))
    await here
    socket.resetAndDestroy()
    tell()
    await done
    expect(told).toEqual([null, null, 0])
  })

  test('is drained until the counter has had enough', async () => {
    const { port } = await open({
      onRequest: async (request) => {
        let seen = 0
        const bytes = await request.drain((count) => {
          seen += count
          return seen < 100_000
        })
        return { status: 200, body: String(bytes >= 100_000 && bytes < 1_000_000) }
      },
    })
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4000000\r\n\r\n'
    const answer = await converse(await connected(port), Buffer.concat([Buffer.from(head), Buffer.alloc(4_000_000)]))
    expect(statusAndBody(answer)).toEqual(['200', 'true'])
  })

  test('is answered with as much filler as was promised, and told when it is out', async () => {
    let done: () => void = () => {}
    const out = new Promise<void>((resolve) => {
      done = resolve
    })
    const { port } = await open({ onRequest: async () => ({ status: 200, body: { type: 'filler', bytes: 1_000_001 }, onDone: done }) })
    const [status, body] = statusAndBody(await converse(await connected(port), get('/50')))
    expect([status, body.length]).toEqual(['200', 1_000_001])
    await out
  })
})
