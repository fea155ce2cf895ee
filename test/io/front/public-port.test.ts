import { request as httpsRequest } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { protocolOf } from '../../../src/io/front/protocol.ts'
import type { InboundRequest } from '../../../src/ports.ts'
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

const sending = async (port: number, bytes: Uint8Array): Promise<Socket> => {
  const socket = await connected(port)
  socket.write(bytes)
  return socket
}

describe('slow and rude callers', () => {
  test('a silent connection is closed, in TLS too', async () => {
    const { port } = await open({ firstByteMs: 50 })
    expect(await everything(await connected(port))).toEqual('')
    expect(await everything(await secured(port))).toEqual('')
  })

  test('headers that drip are cut off', async () => {
    const { port } = await open({ headersMs: 200 })
    expect(statusAndBody(await everything(await sending(port, Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nX-')))).at(0)).toEqual('408')
  })

  test('one more than it may hold is turned away, and may come back when another has left', async () => {
    const { port } = await open({ maxOpen: 2 })
    const [one, two] = [await connected(port), await connected(port)]
    expect(await everything(await connected(port))).toEqual('')
    one.write(get('/'))
    expect(statusAndBody(await everything(one))).toEqual(['200', 'GET /'])
    one.end()
    let answer = ''
    for (let i = 0; i < 100 && answer === ''; i++) answer = await converse(await connected(port), get('/again'))
    expect(statusAndBody(answer)).toEqual(['200', 'GET /again'])
    two.destroy()
  })

  test('a request that trickles in byte by byte is answered', async () => {
    const { port } = await open()
    const socket = await connected(port)
    const answer = everything(socket)
    for (const byte of get('/slow')) await new Promise((resolve) => socket.write(byte, resolve))
    expect(statusAndBody(await answer)).toEqual(['200', 'GET /slow'])
  })

  test('a reader that takes nothing of its answer is cut off', async () => {
    let done: () => void = () => {}
    const gone = new Promise<void>((resolve) => {
      done = resolve
    })
    const { port } = await open({
      headersMs: 200,
      requestMs: 200,
      onRequest: async () => ({ status: 200, body: { type: 'filler', bytes: 64 << 20 }, onDone: done }),
    })
    const client = await connected(port)
    client.on('error', () => {})
    client.pause()
    client.write(get('/'))
    await gone
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
