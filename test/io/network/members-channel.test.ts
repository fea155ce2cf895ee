// The members' channel between two nodes' ends on real sockets: who gets through, and that each knows who the other is.
import { randomBytes } from 'node:crypto'
import { connect, createServer, type Server, Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { NetworkKind } from '../../../src/domain/network-kind.ts'
import { type KeyedIdentity, newIdentity } from '../../../src/io/disk/identity.ts'
import { channelContext } from '../../../src/io/network/members-channel.ts'
import { createNodeHttp, type NodeHttp } from '../../../src/io/network/peer-http.ts'
import { type InboundRequest, isFailure, type PeerRequest } from '../../../src/ports.ts'

const OPEN: NetworkKind = { type: 'open' }
const secret = (): string => randomBytes(32).toString('base64url')
const members = (...secrets: readonly string[]): NetworkKind => ({ type: 'private', secrets })

let ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.reverse()) await end()
  ends = []
})

interface TestNode {
  readonly id: string
  readonly http: NodeHttp
  readonly address: string
  readonly port: number
  readonly identity: KeyedIdentity
  /** The paths that were asked for. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

/** Its port says to whom it answers, and never answers `/silent`. `network` may change later. */
async function startNode(network: () => NetworkKind): Promise<TestNode> {
  const bugs: unknown[] = []
  const identity = newIdentity()
  const http = createNodeHttp((error) => bugs.push(error), { identity, network })
  const asked: string[] = []
  const onRequest = async ({ by, path, method }: InboundRequest) => {
    asked.push(path)
    return path === '/silent' ? new Promise<never>(() => {}) : { status: 200, body: `${method} ${path} of ${by}` }
  }
  const port = await http.serve({ address: '127.0.0.1:0', onRequest })
  if (isFailure(port)) throw new Error(port.text)
  ends.push(
    () => expect(bugs).toEqual([]),
    port.close,
    () => http.close(),
  )
  return { id: identity.id, http, address: `127.0.0.1:${port.port}`, port: port.port, identity, asked, close: port.close }
}

const ASK: PeerRequest = { method: 'GET', path: '/x', over: 'channel', timeoutMs: 5_000 }

/** What one node's request to another comes to. */
async function asks(one: TestNode, other: Pick<TestNode, 'address'>, request: PeerRequest = ASK) {
  const answer = await one.http.request(other.address, request)
  return isFailure(answer) ? answer.text : { by: answer.by, status: answer.status, body: answer.body.toString() }
}

test.each(['channel', 'clear'] as const)('how long a connection of %s waits for the next request', async (over) => {
  const [ash, elm] = [await startNode(() => OPEN), await startNode(() => OPEN)]
  const waits = vi.spyOn(Socket.prototype, 'setTimeout')
  ends.push(() => waits.mockRestore())
  await ash.http.request(elm.address, { ...ASK, over })
  const isSet = (idleMs: number) => waits.mock.calls.some(([ms]) => ms === idleMs)
  // At the end that answers: Node gives it a second more than was told. At the end that asks: a second less than that, or its own time.
  const [answering, asking] = over === 'channel' ? [120_000, 110_000] : [31_000, 29_000]
  await vi.waitFor(() => expect([isSet(answering), isSet(asking)]).toEqual([true, true]))
  expect(isSet(29_000)).toEqual(over === 'clear')
})

describe('a handshake that nobody answers', () => {
  /** So many connections that are begun from now on get no answer. */
  const losing = (count: number) => {
    const plain = Socket.prototype.connect
    let begun = 0
    const spy = vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...given: unknown[]) {
      return begun++ < count ? this : Reflect.apply(plain, this, given)
    } as typeof plain)
    ends.push(() => spy.mockRestore())
    return () => begun
  }

  test.each([undefined, {}])('has another begun beside it, and a third, of which one is used', async (apart) => {
    const [ash, elm] = [await startNode(() => OPEN), await startNode(() => OPEN)]
    const begun = losing(2)
    const begunMs = performance.now()
    const answer = await ash.http.request(elm.address, { ...ASK, ...(apart ? { apart } : {}) })
    const [tookMs, connectMs] = [performance.now() - begunMs, isFailure(answer) ? null : answer.timing.connectMs]
    expect([answer, begun(), elm.asked]).toEqual([expect.objectContaining({ by: elm.id, status: 200 }), 3, ['/x']])
    // The one that was used took no time of those before it.
    expect(tookMs - (connectMs ?? 0)).toBeGreaterThan(790)
  })

  test('has none begun beside it any more once a third was, or whoever asked has given up', async () => {
    const [ash, elm] = [await startNode(() => OPEN), await startNode(() => OPEN)]
    const begun = losing(99)
    const asked = await asks(ash, elm, { ...ASK, timeoutMs: 1_200 })
    expect([asked, begun()]).toEqual(['it did not answer in time', 3])
  })
})

test.each([undefined, {}])('a handshake under way goes on where this machine has no descriptor for another beside it', async (apart) => {
  const [ash, elm] = [await startNode(() => OPEN), await startNode(() => OPEN)]
  const plain = Socket.prototype.connect
  let begun = 0
  const spy = vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...given: unknown[]) {
    // The first takes half a second; the second fails at once.
    if (++begun === 1) setTimeout(() => Reflect.apply(plain, this, given), 500)
    else if (begun === 2) queueMicrotask(() => this.destroy(Object.assign(new Error('EMFILE'), { code: 'EMFILE' })))
    return this
  } as typeof plain)
  ends.push(() => spy.mockRestore())
  expect([await asks(ash, elm, { ...ASK, ...(apart ? { apart } : {}) }), begun]).toEqual([
    { by: elm.id, status: 200, body: `GET /x of ${ash.id}` },
    2,
  ])
})

test('a handshake that only this process was too busy to hear of has none begun beside it', async () => {
  const [ash, elm] = [await startNode(() => OPEN), await startNode(() => OPEN)]
  const plain = Socket.prototype.connect
  let begun = 0
  const spy = vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...given: unknown[]) {
    begun++
    queueMicrotask(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 900))
    return Reflect.apply(plain, this, given)
  } as typeof plain)
  ends.push(() => spy.mockRestore())
  expect([await asks(ash, elm), begun]).toEqual([{ by: elm.id, status: 200, body: `GET /x of ${ash.id}` }, 1])
})

describe('a warm connection', () => {
  test('that the other end closes is told of, by the address', async () => {
    const [ash, elm] = [await startNode(() => OPEN), await startNode(() => OPEN)]
    await asks(ash, elm)
    const closed = new Promise((resolve) => ash.http.onClosed(resolve))
    await elm.close()
    expect(await closed).toEqual(elm.address)
  })

  test('that this end closes is not, nor one on which the other end ends before it has answered', async () => {
    const [ash, elm] = [await startNode(() => OPEN), await startNode(() => OPEN)]
    const closed: string[] = []
    ash.http.onClosed((address) => closed.push(address))
    await asks(ash, elm)
    ash.http.dropWarm()
    const silent = asks(ash, elm, { ...ASK, path: '/silent' })
    await vi.waitFor(() => expect(elm.asked).toContain('/silent'))
    await elm.close()
    expect([await silent, closed]).toEqual(['connection reset', []])
  })
})

describe('between two nodes', () => {
  const shared = secret()
  test.each([
    ['of an open network', OPEN],
    ['with the same secret', members(shared)],
  ])('%s each knows who the other is', async (_, network) => {
    const [ash, elm] = [await startNode(() => network), await startNode(() => network)]
    expect(await asks(ash, elm)).toEqual({ by: elm.id, status: 200, body: `GET /x of ${ash.id}` })
    expect(await asks(elm, ash)).toEqual({ by: ash.id, status: 200, body: `GET /x of ${elm.id}` })
  })

  test.each([
    ['as others are', {}],
    ['and on a connection of its own, as a speed test has it', { apart: {} }],
  ])('where nobody listens a request is refused, as the network says, %s', async (_, more) => {
    const ash = await startNode(() => members(shared))
    expect(await ash.http.request('127.0.0.1:9', { ...ASK, ...more })).toEqual({
      type: 'failed',
      reason: 'refused',
      text: 'connection refused',
    })
  })

  const old = secret()
  const STRANGER = 'it is no member of this network'
  test.each([
    ['one has replaced its secret and still takes the old one', members(old), members(secret(), old), 'gets through'],
    ['the one that asks proves a new secret which the other takes', members(shared, old), members(old, shared), 'gets through'],
    ['they have no secret in common', members(secret()), members(secret()), STRANGER],
    ['only the other has a secret', OPEN, members(old), 'connection reset'],
    ['only the one that asks has a secret', members(old), OPEN, STRANGER],
  ])('where %s', async (_, its, theirs, outcome) => {
    const [ash, elm] = [await startNode(() => its), await startNode(() => theirs)]
    const answer = await asks(ash, elm)
    expect(typeof answer === 'string' ? answer : 'gets through').toEqual(outcome)
  })

  test('a warm connection carries the next request, unless another node is wanted there', async () => {
    const [ash, elm] = [await startNode(() => OPEN), await startNode(() => OPEN)]
    const first = await ash.http.request(elm.address, ASK)
    const second = await ash.http.request(elm.address, { ...ASK, expect: elm.id })
    expect([first, second].map((answer) => !isFailure(answer) && answer.timing.connectMs !== null)).toEqual([true, false])
    expect(await asks(ash, elm, { ...ASK, expect: ash.id })).toEqual('another node answers there')
  })

  test('requests that begin together share one connection', async () => {
    const [ash, elm] = [await startNode(() => members(shared)), await startNode(() => members(shared))]
    const answers = await Promise.all(Array.from({ length: 6 }, () => ash.http.request(elm.address, ASK)))
    expect(answers.map((answer) => !isFailure(answer) && answer.timing.connectMs !== null)).toEqual([true, ...Array(5).fill(false)])
  })

  test('a request that is not answered keeps no other one', async () => {
    const [ash, elm] = [await startNode(() => OPEN), await startNode(() => OPEN)]
    const silent = new AbortController()
    const kept = ash.http.request(elm.address, { ...ASK, path: '/silent', signal: silent.signal })
    expect(await asks(ash, elm)).toEqual({ by: elm.id, status: 200, body: `GET /x of ${ash.id}` })
    silent.abort()
    expect(await kept).toEqual({ type: 'failed', reason: 'aborted', text: 'it was called off' })
  })

  test('in clear HTTP nobody is proven', async () => {
    const [ash, elm] = [await startNode(() => OPEN), await startNode(() => OPEN)]
    expect(await asks(ash, elm, { ...ASK, over: 'clear' })).toEqual({ by: null, status: 200, body: 'GET /x of null' })
  })

  test('each new connection is asked for by its IP, and a warm one is not', async () => {
    const [ash, elm] = [await startNode(() => OPEN), await startNode(() => OPEN)]
    const asked: string[] = []
    const request = (refused: boolean): PeerRequest => ({
      ...ASK,
      admit: async (ip) => {
        asked.push(ip)
        return refused ? { type: 'failed', reason: 'denied', text: 'not now' } : null
      },
    })
    const byName = { address: `localhost:${elm.port}` }
    expect(await asks(ash, byName, request(true))).toEqual('not now')
    const answers = [await asks(ash, elm, request(false)), await asks(ash, elm, request(true))]
    expect([answers.map((answer) => typeof answer), asked.filter((ip) => ip === '127.0.0.1').length]).toEqual([['object', 'object'], 2])
  })
})

describe('of a private network', () => {
  /** TLS as a node speaks it, without its proof. */
  const handshake = (port: number, identity: KeyedIdentity | null): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const secureContext = identity === null ? {} : { secureContext: channelContext(identity) }
      const socket = connectTls({ host: '127.0.0.1', port, ALPNProtocols: ['moonwalk/1'], rejectUnauthorized: false, ...secureContext })
      ends.push(() => socket.destroy())
      socket.once('error', reject).once('secureConnect', () => resolve(socket))
    })
  /** What comes back to these bytes until the node ends the connection. */
  const told = (socket: Socket, bytes: Uint8Array): Promise<string> =>
    new Promise((resolve) => {
      let all = ''
      socket.on('data', (piece: Buffer) => {
        all += piece.toString('latin1')
      })
      socket.on('error', () => {}).once('close', () => resolve(all))
      socket.write(bytes)
    })
  const REQUEST = Buffer.from('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')

  test.each([
    ['no proof but a request', REQUEST],
    ['a proof of chance bytes', Buffer.concat([Buffer.from([1]), randomBytes(32), REQUEST])],
    ['a proof of zeros', Buffer.concat([Buffer.from([1]), Buffer.alloc(32), REQUEST])],
    ['half a proof and the end of it', Buffer.concat([Buffer.from([1]), randomBytes(20)])],
  ])('a stranger that sends %s gets nothing', async (name, bytes) => {
    const elm = await startNode(() => members(secret()))
    const socket = await handshake(elm.port, newIdentity())
    if (name.startsWith('half')) socket.end(bytes)
    expect(await told(socket, name.startsWith('half') ? Buffer.alloc(0) : bytes)).toEqual('')
  })

  test('a stranger without a key gets nothing', async () => {
    const elm = await startNode(() => OPEN)
    expect(await told(await handshake(elm.port, null), REQUEST)).toEqual('')
  })

  test("a member's proof is of no use on another connection, nor to a stranger who carries it on", async () => {
    const network = members(secret())
    const [ash, elm] = [await startNode(() => network), await startNode(() => network)]
    const recorded: Buffer[] = []
    const stranger = await relayInTheMiddle(newIdentity(), elm.port, (proof) => recorded.push(proof))
    expect(await asks(ash, { address: `127.0.0.1:${stranger}` })).toEqual('it is no member of this network')
    expect(recorded.map(({ length }) => length)).toEqual([33])
    expect(await told(await handshake(elm.port, newIdentity()), Buffer.concat([...recorded, REQUEST]))).toEqual('')
  })

  test('who carries the bytes sees nothing of what is said, and one that is changed ends the connection', async () => {
    const network = members(secret())
    const [ash, elm] = [await startNode(() => network), await startNode(() => network)]
    const MARKER = 'a-marker-that-nobody-else-says'
    const seen: Buffer[] = []
    const honest = await carrier(elm.port, (bytes) => {
      seen.push(Buffer.from(bytes))
      return bytes
    })
    const request = { ...ASK, path: `/${MARKER}`, headers: { marker: MARKER } }
    expect(await asks(ash, { address: `127.0.0.1:${honest}` }, request)).toMatchObject({ by: elm.id, status: 200 })
    expect(Buffer.concat(seen).includes(MARKER)).toBe(false)
    let through = 0
    const total = Buffer.concat(seen).length
    // One flipped bit at a time, spread over all that the honest carrier saw from the client.
    for (let at = 5; at < total; at += Math.ceil(total / 40)) {
      let passed = 0
      const liar = await carrier(elm.port, (bytes) => {
        const changed = Buffer.from(bytes)
        const here = at - passed
        if (here >= 0 && here < changed.length) changed[here] = (changed[here] ?? 0) ^ 1
        passed += bytes.length
        return changed
      })
      const answer = await asks(ash, { address: `127.0.0.1:${liar}` }, { ...request, timeoutMs: 500 })
      if (typeof answer !== 'string' && answer.by !== elm.id) through++
      if (typeof answer !== 'string' && !answer.body.includes(`/${MARKER} of ${ash.id}`)) through++
    }
    expect(through).toEqual(0)
  })
})

/** Ends the members' channel itself with its own key, and passes on what is said inside to the node behind. */
async function relayInTheMiddle(identity: KeyedIdentity, port: number, onProof: (proof: Buffer) => void): Promise<number> {
  const { channelServer } = await import('../../../src/io/network/members-channel.ts')
  return listening(
    createServer((socket) => {
      const near = channelServer(socket, { identity, network: () => OPEN })
      const secureContext = channelContext(identity)
      const far = connectTls({ host: '127.0.0.1', port, ALPNProtocols: ['moonwalk/1'], rejectUnauthorized: false, secureContext })
      for (const one of [near, far, socket]) one.on('error', () => {})
      near.once('data', onProof)
      near.pipe(far).pipe(near)
      ends.push(
        () => near.destroy(),
        () => far.destroy(),
      )
    }),
  )
}

/** Passes bytes on to a port; what goes there passes through `change`. */
function carrier(port: number, change: (bytes: Buffer) => Buffer): Promise<number> {
  return listening(
    createServer((near) => {
      const far = connect({ host: '127.0.0.1', port })
      near.on('data', (bytes: Buffer) => far.write(change(bytes)))
      far.on('data', (bytes: Buffer) => near.write(bytes))
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const)
        one.on('error', () => {}).on('close', () => other.destroy())
    }),
  )
}

function listening(server: Server): Promise<number> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => open.add(socket))
  ends.push(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)))
}
