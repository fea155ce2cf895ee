import { createPublicKey } from 'node:crypto'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { newIdentity } from '../../../src/io/disk/identity.ts'
import { createNodeHttp } from '../../../src/io/network/peer-http.ts'
import { type Admit, isFailure, type PeerAnswer, type PeerRequest, type Reply, type ServeOptions } from '../../../src/ports.ts'

const http = createNodeHttp()
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  http.close()
  for (const close of closers.splice(0)) await close()
})

/** A moonwalk port. */
async function peer(onRequest: ServeOptions['onRequest']): Promise<string> {
  const port = await http.serve({ address: '127.0.0.1:0', onRequest })
  if (isFailure(port)) throw new Error(port.text)
  closers.push(port.close)
  return `127.0.0.1:${port.port}`
}

/** Node's own HTTP server. */
async function strangerWith(answer: RequestListener): Promise<string> {
  const server = createHttpServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A port where the test itself is the peer; told how many came. */
async function rawPeer(onSocket: (socket: Socket, which: number) => void): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    onSocket(socket, sockets.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const ask = (address: string, request: Partial<PeerRequest> = {}) =>
  http.request(address, { method: 'GET', path: '/', timeoutMs: 5_000, ...request })
async function answered(address: string, request: Partial<PeerRequest> = {}): Promise<PeerAnswer> {
  const answer = await ask(address, request)
  if (isFailure(answer)) throw new Error(answer.text)
  return answer
}
const textOf = async (address: string, request: Partial<PeerRequest> = {}): Promise<string> =>
  (await answered(address, request)).body.toString()
const reasonOf = async (address: string, request: Partial<PeerRequest> = {}): Promise<string> => {
  const answer = await ask(address, request)
  return isFailure(answer) ? `${answer.reason}: ${answer.text}` : `${answer.status} ${answer.body}`
}
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

test('where a name leads is looked at for each connection, also where a warm one was expected to be free', async () => {
  const port = (await strangerWith((_, response) => setTimeout(() => response.end('ok'), 100))).split(':')[1]
  const address = `localhost:${port}`
  const asked: string[] = []
  const welcome: Admit = async (ip) => {
    asked.push(ip)
    return null
  }
  expect(await reasonOf(address, { admit: welcome })).toEqual('200 ok')
  const admit: Admit = async (ip) => ({ type: 'failed', reason: 'withheld', text: `not ${ip}` })
  const both = await Promise.all([reasonOf(address, { admit }), reasonOf(address, { admit })])
  expect([asked, both]).toEqual([['127.0.0.1'], ['200 ok', 'withheld: not 127.0.0.1']])
})

test('what is kept apart shares its connections with nobody, and ends with all else', async () => {
  let [open, begun] = [0, 0]
  const at = await rawPeer((socket, which) => {
    ;[open, begun] = [open + 1, which]
    socket.on('close', () => open--).on('data', () => socket.write(OK))
  })
  const lot = {}
  for (const apart of [undefined, lot, lot]) expect(await textOf(at, apart === undefined ? {} : { apart })).toEqual('ok')
  expect([open, begun]).toEqual([2, 2])
  http.close()
  await expect.poll(() => open).toEqual(0)
})

test('a channel that cannot be begun at all is a failure', async () => {
  const identity = newIdentity()
  const broken = { ...identity, privateKey: createPublicKey(identity.privateKey) }
  const node = createNodeHttp(undefined, { identity: broken, network: () => ({ type: 'open' }) })
  const answer = await node.request(await rawPeer(() => {}), { method: 'GET', path: '/', over: 'channel', timeoutMs: 5_000 })
  node.close()
  expect(isFailure(answer) && answer.reason).toEqual('protocol')
})

describe('a request', () => {
  test('carries method, path, query, headers and body there, and status, headers and body back', async () => {
    const address = await peer(async ({ method, path, query, headers, body }) => ({
      status: 201,
      headers: { 'content-type': 'application/json', 'x-mine': 'yes' },
      body: JSON.stringify([method, path, String(query), headers['x-yours'], headers['content-length'], (await body(100))?.toString()]),
    }))
    const { type, status, headers, body } = await answered(address, {
      method: 'POST',
      path: '/v2/hello?a=b%20c',
      headers: { 'x-yours': 'too' },
      body: Buffer.from('hello'),
    })
    expect([type, status, headers['content-type'], headers['x-mine'], JSON.parse(body.toString())]).toEqual([
      'answer',
      201,
      'application/json',
      'yes',
      ['POST', '/v2/hello', 'a=b+c', 'too', '5', 'hello'],
    ])
  })

  test('may be a POST of nothing, and a GET with a body', async () => {
    const address = await peer(async ({ method, headers, body }) => ({
      status: 200,
      body: `${method} ${headers['content-length']} ${await body(10)}`,
    }))
    expect(await textOf(address, { method: 'POST' })).toEqual('POST 0 ')
    expect(await textOf(address, { method: 'POST', body: Buffer.alloc(0) })).toEqual('POST 0 ')
    expect(await textOf(address, { body: Buffer.from('x') })).toEqual('GET 1 x')
    expect(await textOf(address)).toEqual('GET undefined ')
  })

  test('uses one warm connection after another, and tells which', async () => {
    const ports = new Set<number>()
    const address = await peer(async ({ remote }) => {
      ports.add(remote.port)
      return { status: 200, body: 'x'.repeat(100_000) }
    })
    const timings: PeerAnswer['timing'][] = []
    for (let i = 0; i < 4; i++) timings.push((await answered(address)).timing)
    expect(timings.map(({ connectMs }) => connectMs === null)).toEqual([false, true, true, true])
    expect(timings.every(({ answerMs }) => answerMs > 0 && answerMs < 1_000 && answerMs % 1 !== 0)).toEqual(true)
    expect(timings[0]?.connectMs).toBeGreaterThan(0)
    expect(ports.size).toEqual(1)
  })

  test('ignores the proxies of the environment', async () => {
    const before = process.env.http_proxy
    process.env.http_proxy = 'http://127.0.0.1:1'
    try {
      expect(await textOf(await peer(async () => ({ status: 200, body: 'direct' })))).toEqual('direct')
    } finally {
      if (before === undefined) delete process.env.http_proxy
      else process.env.http_proxy = before
    }
  })

  test('follows nothing and unpacks nothing', async () => {
    const packed = gzipSync(Buffer.alloc(1_000_000))
    const address = await strangerWith((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/elsewhere' }).end('moved')
      else response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed)
    })
    const moved = await answered(address)
    expect([moved.status, moved.headers.location, moved.body.toString()]).toEqual([302, '/elsewhere', 'moved'])
    expect((await answered(address, { path: '/packed' })).body).toEqual(packed)
  })

  test('to a warm connection that died meanwhile is sent again on a new one, once', async () => {
    let asked = 0
    const address = await rawPeer((socket, which) => {
      let here = 0
      socket.on('data', () => {
        here++
        asked++
        // The first two connections answer one request each and drop the next one.
        if (which <= 2 && here > 1) socket.resetAndDestroy()
        else socket.write(OK)
      })
    })
    expect(await Promise.all([textOf(address), textOf(address)])).toEqual(['ok', 'ok'])
    const again = await answered(address)
    expect([again.body.toString(), again.timing.connectMs === null, asked]).toEqual(['ok', false, 4])
  })

  test('to a fresh connection that dies is a failure at once', async () => {
    let came = 0
    const address = await rawPeer((socket) => {
      came++
      socket.on('data', () => socket.destroy())
    })
    expect([await reasonOf(address), came]).toEqual(['reset: connection reset', 1])
  })
})

describe('what goes wrong is a value', () => {
  test.each([
    ['garbage', 'SSH-2.0-OpenSSH_9.6\r\n', 'protocol'],
    ['a broken header', 'HTTP/1.1 200 OK\r\nbad header\r\n\r\n', 'protocol'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', 'protocol'],
    ['a broken chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'protocol'],
    ['too much header', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 'protocol'],
    ['an answer that breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok', 'reset'],
    ['nothing', '', 'reset'],
  ])('%s', async (_, bytes, reason) => {
    const address = await rawPeer((socket) => socket.once('data', () => socket.end(bytes)))
    expect((await reasonOf(address)).split(':')[0]).toEqual(reason)
  })

  test('a refusal, a name nobody knows, no address', async () => {
    const address = await peer(async () => ({ status: 200, body: '' }))
    for (const close of closers.splice(0)) await close()
    expect(await reasonOf(address)).toEqual('refused: connection refused')
    expect(await reasonOf('no-such-host.invalid:80')).toMatch(/^unreachable: /)
    expect(await reasonOf('127.0.0.1:0')).toEqual('unreachable: 127.0.0.1:0 is not host:port')
    expect(await reasonOf('user@host:80')).toEqual('unreachable: user@host:80 is not host:port')
  })

  test('a peer that says nothing, drips, or stops half-way is a timeout', async () => {
    const mute = await rawPeer(() => {})
    const half = await rawPeer((socket) => socket.once('data', () => socket.write(OK.slice(0, -1))))
    expect(await Promise.all([reasonOf(mute, { timeoutMs: 50 }), reasonOf(half, { timeoutMs: 50 })])).toEqual([
      'timeout: it did not answer in time',
      'timeout: it did not answer in time',
    ])
  })

  test('a peer that sends hints without end is cut off', async () => {
    const hint = 'HTTP/1.1 103 Early Hints\r\n\r\n'
    const at = await rawPeer((socket) => socket.on('data', () => socket.write(hint.repeat(9))))
    expect(await reasonOf(at, { timeoutMs: 500 })).toEqual('protocol: it sends hints without end')
    const few = await rawPeer((socket) => socket.on('data', () => socket.write(hint.repeat(8) + OK)))
    expect(await textOf(few)).toEqual('ok')
  })

  test('called off, before and while', async () => {
    const abort = new AbortController()
    let came: () => void = () => {}
    const arrived = new Promise<void>((resolve) => {
      came = resolve
    })
    const address = await rawPeer((socket) => socket.on('data', () => came()))
    const answer = reasonOf(address, { signal: abort.signal })
    await arrived
    abort.abort()
    expect([await answer, await reasonOf(address, { signal: abort.signal })]).toEqual([
      'aborted: it was called off',
      'aborted: it was called off',
    ])
  })

  test('an answer over its limit, declared or not, is cut off; of exactly the limit is not', async () => {
    const address = await strangerWith((request, response) => {
      if (request.url === '/declared') response.setHeader('content-length', 1_001)
      response.end('x'.repeat(request.url === '/fits' ? 1_000 : 1_001))
    })
    expect(await reasonOf(address, { path: '/declared', maxBytes: 1_000 })).toEqual('protocol: its answer is over 1000 bytes')
    expect(await reasonOf(address, { path: '/chunked', maxBytes: 1_000 })).toEqual('protocol: its answer is over 1000 bytes')
    expect((await answered(address, { path: '/fits', maxBytes: 1_000 })).body.length).toEqual(1_000)
  })
})

describe('a transfer', () => {
  const filler = (bytes: number): Reply => ({ status: 200, body: { type: 'filler', bytes } })

  test('down is counted to its last byte, and nothing is kept', async () => {
    const address = await peer(async () => filler(5_000_001))
    let bytes = 0
    const { body } = await answered(address, {
      onBytes: (count) => {
        bytes += count
        return true
      },
    })
    expect([bytes, body.length]).toEqual([5_000_001, 0])
  })

  test('down ends when the counter has had enough, and the peer stops', async () => {
    let stopped: () => void = () => {}
    const stop = new Promise<void>((resolve) => {
      stopped = resolve
    })
    const address = await peer(async () => ({ ...filler(2 ** 40), onDone: stopped }))
    let bytes = 0
    const { status } = await answered(address, {
      onBytes: (count) => {
        bytes += count
        return bytes < 1_000_000
      },
    })
    await stop
    expect([status, bytes >= 1_000_000 && bytes < 10_000_000]).toEqual([200, true])
  })

  test('up of filler arrives in full', async () => {
    const address = await peer(async ({ drain, headers }) => ({
      status: 200,
      body: `${headers['content-length']} ${await drain(() => true)}`,
    }))
    expect(await textOf(address, { method: 'POST', body: { type: 'filler', bytes: 3_000_001 } })).toEqual('3000001 3000001')
  })

  test('up that is answered before its end is answered', async () => {
    const address = await peer(async ({ drain }) => {
      let bytes = 0
      await drain((count) => {
        bytes += count
        return bytes < 500_000
      })
      return { status: 200, body: 'enough' }
    })
    expect(await textOf(address, { method: 'POST', body: { type: 'filler', bytes: 2 ** 40 } })).toEqual('enough')
  })

  test('up that is refused unread is answered', async () => {
    const address = await peer(async () => ({ status: 429, headers: { 'retry-after': '5' }, body: 'busy' }))
    const { status, headers, body } = await answered(address, { method: 'POST', body: { type: 'filler', bytes: 2 ** 40 } })
    expect([status, headers['retry-after'], body.toString()]).toEqual([429, '5', 'busy'])
  })
})
