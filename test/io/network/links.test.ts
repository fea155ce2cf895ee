import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { AcceptedLink, OpenedLink, Reader } from '../../../src/frp/links/link.ts'
import { takeRaw } from '../../../src/io/front/raw-accept.ts'
import { selfSigned } from '../../../src/io/front/self-signed.ts'
import { createNodeNetwork } from '../../../src/io/network/node-network.ts'
import { type DialOptions, isFailure, type Listening } from '../../../src/ports.ts'
import { connected, everything, frpDoor, hashingReader, openPort, secured, sha256, someBytes } from '../loopback.ts'

const network = createNodeNetwork()
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  vi.resetModules()
  for (const close of closers.splice(0)) await close()
})

async function dialled(address: string, options: Partial<DialOptions> = {}): Promise<OpenedLink> {
  const answer = await network.dial(address, { timeoutMs: 5_000, ...options })
  if ('type' in answer) throw new Error(answer.text)
  return answer
}

async function listening(onLink: (accepted: AcceptedLink) => void, on = network): Promise<Listening> {
  const answer = await on.listen('127.0.0.1:0', onLink)
  if (isFailure(answer)) throw new Error(answer.text)
  closers.push(answer.close)
  return answer
}

const SIZE = 8 << 20

describe.each([
  ['with the undocumented parts of Node', '0', true],
  ['by the public API alone', '1', false],
])('%s', (_, publicApiOnly, fast) => {
  test.each([
    ['plain', undefined],
    ['TLS', { announce: false }],
    ['TLS announced by 0x17', { announce: true }],
  ])('8 MiB arrive whole both ways on the public port, %s', async (_name, tls) => {
    vi.stubEnv('MOONWALK_PUBLIC_API_ONLY', publicApiOnly)
    vi.resetModules()
    const { servePublicPort } = await import('../../../src/io/front/public-port.ts')
    const { createNodeNetwork: create } = await import('../../../src/io/network/node-network.ts')
    const frp = frpDoor()
    const port = await servePublicPort({
      address: '127.0.0.1:0',
      onRequest: async () => ({ status: 404, body: '' }),
      onBug: () => {},
      onFrp: frp.onFrp,
    })
    if (isFailure(port)) throw new Error(port.text)
    closers.push(port.close)
    const near = hashingReader(7)
    const far = hashingReader(5)
    const dial = await create().dial(`127.0.0.1:${port.port}`, { timeoutMs: 5_000, reader: near.reader, ...(tls ? { tls } : {}) })
    if ('type' in dial) throw new Error(dial.text)
    const [up, down] = [Buffer.concat([Buffer.from('w'), someBytes(SIZE)]), someBytes(SIZE)]
    dial.link.write(up)
    const accepted = await frp.next()
    const there = accepted.open(far.reader)
    const hashes = Promise.all([near.finished(dial), far.finished(there, accepted.first)])
    there.link.write(down)
    there.link.end()
    dial.link.end()
    expect(await hashes).toEqual([sha256(down), sha256(up)])
    // Only an announced TLS client has to be given its reader the undocumented way.
    expect([accepted.tls, there.direct, dial.direct]).toEqual([tls !== undefined, fast, fast || tls?.announce !== true])
  })

  test('8 MiB arrive whole both ways on a listening port', async () => {
    vi.stubEnv('MOONWALK_PUBLIC_API_ONLY', publicApiOnly)
    vi.resetModules()
    const { createNodeNetwork: create } = await import('../../../src/io/network/node-network.ts')
    const here = create()
    const door = frpDoor()
    const { port } = await listening(door.onFrp, here)
    const near = hashingReader(7)
    const far = hashingReader(5)
    const dial = await here.dial(`127.0.0.1:${port}`, { timeoutMs: 5_000, reader: near.reader })
    if ('type' in dial) throw new Error(dial.text)
    const [up, down] = [someBytes(SIZE), someBytes(SIZE)]
    const accepted = await door.next()
    dial.link.write(up)
    const there = accepted.open(far.reader)
    const hashes = Promise.all([near.finished(dial), far.finished(there)])
    there.link.write(down)
    dial.link.end()
    there.link.end()
    expect(await hashes).toEqual([sha256(down), sha256(up)])
    expect([accepted.first, accepted.tls, there.direct]).toEqual([null, false, fast])
  })
})

describe('an accepted link', () => {
  test('that is opened late has lost nothing', async () => {
    const frp = frpDoor()
    const { address, close } = await openPort({ onFrp: frp.onFrp })
    closers.push(close)
    for (const tls of [undefined, {}]) {
      const dial = await dialled(address, tls ? { tls } : {})
      const accepted = await new Promise<AcceptedLink>((resolve) => {
        void frp.next().then(resolve)
        dial.link.write(Buffer.from('w'))
      })
      const rest = someBytes(300_000)
      // Handed to the kernel, and on the way, before anybody opens the link.
      await new Promise((resolve) => dial.link.write(rest.subarray(0, 10_000), resolve))
      const far = hashingReader(3)
      const opened = accepted.open(far.reader)
      const hash = far.finished(opened, accepted.first)
      dial.link.write(rest.subarray(10_000))
      dial.link.end()
      expect(await hash).toEqual(sha256(Buffer.concat([Buffer.from('w'), rest])))
      opened.link.destroy()
    }
  })

  test('whose other end was through before it was opened still tells all', async () => {
    const frp = frpDoor()
    const { port, close } = await openPort({ onFrp: frp.onFrp })
    closers.push(close)
    for (const client of [await connected(port), await secured(port)]) {
      client.on('error', () => {})
      await new Promise<void>((resolve) => client.end('w and no more', resolve))
      const accepted = await frp.next()
      const far = hashingReader(1)
      const opened = accepted.open(far.reader)
      expect(await far.finished(opened, accepted.first)).toEqual(sha256(Buffer.from('w and no more')))
      opened.link.destroy()
      client.destroy()
    }
  })

  test('passes a half-close on, and answers after it', async () => {
    const { port } = await listening((accepted) => {
      const { link } = accepted.open(null)
      link.on('data', () => {})
      link.on('end', () => {
        link.write(Buffer.from('heard it all'))
        link.end()
      })
    })
    const socket = await connected(port)
    const answer = everything(socket)
    socket.end('a question')
    expect(await answer).toEqual('heard it all')
  })

  test('that is refused is closed', async () => {
    const { port } = await listening((accepted) => accepted.refuse())
    expect(await everything(await connected(port))).toEqual('')
  })

  test('whose other end resets tells so by its close alone', async () => {
    const frp = frpDoor()
    const { port } = await listening(frp.onFrp)
    const socket = await connected(port)
    const accepted = await frp.next()
    const { link } = accepted.open(hashingReader(1_000).reader)
    const closed = new Promise((resolve) => link.on('close', resolve))
    socket.resetAndDestroy()
    expect(await closed).toEqual(true)
  })
})

describe('a port for links', () => {
  test('that is closed ends what nobody opened, and what somebody did', async () => {
    const came: AcceptedLink[] = []
    const port = await network.listen('127.0.0.1:0', (accepted) => {
      came.push(accepted)
      if (came.length === 2) accepted.open(hashingReader(1_000).reader)
    })
    if (isFailure(port)) throw new Error(port.text)
    const users = [await connected(port.port), await connected(port.port)]
    await vi.waitFor(() => expect(came.length).toEqual(2))
    const ends = Promise.all(users.map((user) => everything(user)))
    await port.close()
    expect(await ends).toEqual(['', ''])
  })

  test('tells both addresses of a connection before it is opened', async () => {
    const frp = frpDoor()
    const { port } = await listening(frp.onFrp)
    const user = await connected(port)
    const { remote, local, refuse } = await frp.next()
    expect([remote, local]).toEqual([
      { host: '127.0.0.1', port: user.localPort },
      { host: '127.0.0.1', port },
    ])
    refuse()
  })

  test('goes the usual way with a connection that lacks a part', () => {
    const usual: unknown[] = []
    const raw: unknown[] = []
    const listens = { _handle: { onconnection: (...given: unknown[]) => void usual.push(given) } }
    takeRaw(listens as unknown as Server, (handle) => raw.push(handle))
    listens._handle.onconnection(0, { close: () => {} })
    listens._handle.onconnection(-24, undefined)
    expect([usual.length, raw]).toEqual([2, []])
  })
})

describe('a dial', () => {
  const closedPort = (): Promise<number> =>
    new Promise((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const at = server.address()
        server.close(() => resolve(typeof at === 'object' && at ? at.port : 0))
      })
    })
  /** A port that takes connections and says nothing. */
  const silent = async (): Promise<string> =>
    `127.0.0.1:${(await listening((accepted) => accepted.open(null).link.on('data', () => {}))).port}`
  const reasonOf = async (address: string, options: Partial<DialOptions> = {}): Promise<string> => {
    const answer = await network.dial(address, { timeoutMs: 5_000, ...options })
    return 'type' in answer ? answer.reason : 'it stands'
  }

  test('fails with a reason', async () => {
    const gone = AbortSignal.abort()
    const later = new AbortController()
    const quiet = await silent()
    const waiting = reasonOf(quiet, { tls: {}, signal: later.signal })
    later.abort()
    expect(
      await Promise.all([
        reasonOf(`127.0.0.1:${await closedPort()}`),
        reasonOf('no-such-host.invalid:80'),
        reasonOf('nonsense'),
        reasonOf('127.0.0.1:0'),
        reasonOf(quiet, { signal: gone }),
        waiting,
        reasonOf(quiet, { tls: {}, timeoutMs: 30 }),
        reasonOf(quiet, { tls: { announce: true }, timeoutMs: 30 }),
      ]),
    ).toEqual(['refused', 'unreachable', 'unreachable', 'unreachable', 'aborted', 'aborted', 'timeout', 'timeout'])
  })

  test('by TLS to what speaks no TLS is a protocol failure, and to what hangs up a reset', async () => {
    const chatty = await listening((accepted) => {
      const { link } = accepted.open(null)
      link.write(Buffer.from('220 welcome to something else\r\n'))
    })
    const rude = await listening((accepted) => {
      const { link } = accepted.open(null)
      link.on('data', () => link.destroy())
    })
    expect(await reasonOf(`127.0.0.1:${chatty.port}`, { tls: {} })).toEqual('protocol')
    expect(await reasonOf(`127.0.0.1:${rude.port}`, { tls: {} })).toEqual('reset')
  })

  test('checks the certificate where it is told whom to trust', async () => {
    const { address, close } = await openPort()
    closers.push(close)
    const trusted = { ca: selfSigned().cert, serverName: 'moonwalk' }
    expect(await reasonOf(address, { tls: trusted })).toEqual('it stands')
    expect(await reasonOf(address, { tls: { announce: true, ...trusted } })).toEqual('it stands')
    expect(await reasonOf(address, { tls: { ...trusted, serverName: 'somebody.else' } })).toEqual('protocol')
    expect(await reasonOf(address, { tls: {} })).toEqual('it stands')
  })

  test('takes what the other end says first', async () => {
    const { port } = await listening((accepted) => {
      const { link } = accepted.open(null)
      link.write(Buffer.from('first word'))
      link.end()
    })
    const near = hashingReader(1)
    expect(await near.finished(await dialled(`127.0.0.1:${port}`, { reader: near.reader }))).toEqual(sha256(Buffer.from('first word')))
  })
})

describe('a listening port', () => {
  test('that is taken, or out of range, or not ours, is a failure', async () => {
    const { port } = await listening(() => {})
    const answers = [
      await network.listen(`127.0.0.1:${port}`, () => {}),
      await network.listen('127.0.0.1:70000', () => {}),
      await network.listen('192.0.2.1:0', () => {}),
    ]
    expect(answers.map((answer) => (isFailure(answer) ? answer.reason : 'listening'))).toEqual(['in-use', 'unreachable', 'unreachable'])
  })

  test('is free again once closed, and has ended all that was open', async () => {
    const frp = frpDoor()
    const { address, port, close } = await openPort({ onFrp: frp.onFrp })
    const [idle, http, plain, tls] = [await connected(port), await connected(port), await connected(port), await secured(port)]
    http.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => http.once('data', resolve))
    plain.write('o')
    const reader: Reader = hashingReader(1_000).reader
    const one = (await frp.next()).open(reader)
    tls.write('o')
    const two = (await frp.next()).open(reader)
    const ends = [idle, http, plain, tls].map(everything)
    const closed = [one, two].map(({ link }) => new Promise((resolve) => link.on('close', resolve)))
    await close()
    await Promise.all([...ends, ...closed])
    const again = await openPort({ address })
    expect(again.port).toEqual(port)
    await again.close()
    await again.close()
    for (const socket of [idle, http, plain, tls]) socket.destroy()
  })
})

test('the own addresses leave loopback and link-local out, and put IPv4 first', () => {
  const hosts = network.ownHosts()
  const isV6 = hosts.map((host) => host.includes(':'))
  expect(hosts.filter((host) => /^(127\.|::1$|fe80:)/.test(host))).toEqual([])
  expect(isV6).toEqual([...isV6].sort())
})

test('the own certificate is X.509 that OpenSSL takes, made once', async () => {
  const { X509Certificate } = await import('node:crypto')
  const { cert, key } = selfSigned()
  const read = new X509Certificate(cert)
  const years = (Date.parse(read.validTo) - Date.parse(read.validFrom)) / (365 * 24 * 3_600_000)
  expect([read.subject, read.issuer, read.verify(read.publicKey), Math.round(years), selfSigned().key === key]).toEqual([
    'CN=moonwalk',
    'CN=moonwalk',
    true,
    10,
    true,
  ])
})
