// What strangers tell a node of an open network, over the members' channel as over P2PRC's lane, on real sockets: whom it then connects
// to, what it keeps of it, and what it believes of itself.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { serverInfo } from '../../src/actors/front/server-info.ts'
import { UNPLACED } from '../../src/domain/coordinates.ts'
import { MOST_CONTACTS, MOST_UNPROVEN_A_SOURCE } from '../../src/domain/timings.ts'
import { createNode, type LibraryNode, type NodeSettings } from '../../src/index.ts'
import { newIdentity } from '../../src/io/disk/identity.ts'
import { createNodeHttp, type NodeHttp } from '../../src/io/network/peer-http.ts'
import { isFailure, type PeerAnswer, type PeerRequest, type Reply } from '../../src/ports.ts'
import { echoBytes } from '../../src/v2/echo.ts'
import { seal } from '../../src/v2/envelope.ts'

let dir = ''

import { tokenSaidAgain } from '../../src/v2/fresh-answer.ts'

const closers: (() => unknown)[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-words-'))
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  rmSync(dir, { recursive: true, force: true })
})

interface Started {
  readonly node: LibraryNode
  readonly address: string
}

async function started(name: string, settings: NodeSettings = {}): Promise<Started> {
  const fixed: NodeSettings = { data: join(dir, name), name, open: true, listen: '127.0.0.1:0', addresses: 'any', log: 'silent' }
  const node = await createNode({ ...fixed, ...settings })
  closers.push(() => node.stop())
  const outcome = await node.start()
  if (outcome.type !== 'started' || outcome.listen === null) throw new Error('it does not listen')
  return { node, address: outcome.listen }
}

interface Stranger {
  readonly id: string
  readonly http: NodeHttp
  word(address: string | null): string
  sign(bytes: Uint8Array): string
  readonly publicKey: string
}

/** With a key of its own, as anybody has it in an open network. */
function stranger(): Stranger {
  const identity = newIdentity()
  const http = createNodeHttp(undefined, { identity, network: () => ({ type: 'open' }) })
  closers.push(() => http.close())
  const word = (address: string | null): string =>
    seal(identity, { name: 'x', address, seq: Date.now(), via: null, offersTurn: true, left: false })
  return { id: identity.id, publicKey: identity.publicKey, http, word, sign: (bytes) => identity.sign(bytes) }
}

async function asked({ http }: Stranger, at: string, request: Partial<PeerRequest>): Promise<PeerAnswer> {
  const answer = await http.request(at, { method: 'POST', path: '/', over: 'channel', timeoutMs: 15_000, ...request })
  if (isFailure(answer)) throw new Error(answer.text)
  return answer
}
const json = (value: unknown) => ({ body: Buffer.from(JSON.stringify(value)), headers: { 'content-type': 'application/json' } })
const gossip = (by: Stranger, at: string, said: { readonly records?: readonly string[]; readonly unsigned?: readonly object[] }) =>
  asked(by, at, {
    path: '/v2/gossip',
    ...json({ from: by.word(null), seq: 1, ...said }),
  })
const hello = async (by: Stranger, at: string, advertise: string): Promise<unknown> => {
  const { body } = await asked(by, at, { path: '/v2/hello', ...json({ from: by.word(advertise), port: null, advertise }) })
  return JSON.parse(body.toString()).dialBack
}
const posted = (by: Stranger, at: string, addresses: readonly string[]) => {
  const rows = addresses.map((address) => ({ Name: 'x', IPV4: address.split(':')[0], ServerPort: address.split(':')[1] }))
  const part = 'Content-Disposition: form-data; name="json"; filename="t"\r\nContent-Type: application/octet-stream'
  const body = Buffer.from(`--b\r\n${part}\r\n\r\n${JSON.stringify({ ip_address: rows })}\r\n--b--\r\n`)
  return asked(by, at, { path: '/IpTable', over: 'clear', body, headers: { 'content-type': 'multipart/form-data; boundary=b' } })
}

/** A machine that is no node, on twenty ports of one address. */
async function victim(host: string): Promise<{ readonly ports: readonly string[]; connections: number }> {
  const sockets = new Set<Socket>()
  const seen = { ports: [] as string[], connections: 0 }
  const page = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'
  for (let i = 0; i < 20; i++) {
    const server: Server = createServer((socket) => {
      seen.connections++
      sockets.add(socket.on('error', () => {}))
      socket.on('data', () => socket.write(page))
    })
    await new Promise<void>((resolve) => server.listen(0, host, resolve))
    const at = server.address()
    if (typeof at === 'object' && at !== null) seen.ports.push(`${host}:${at.port}`)
    closers.push(() => server.close())
  }
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
  })
  return seen
}
const ALIVE = (node: LibraryNode): readonly string[] =>
  node
    .peers()
    .peers.filter(({ state, self }) => state === 'alive' && !self)
    .map(({ address }) => address)

test('whatever is told, and by however many, an address that proves nothing is connected to three times', async () => {
  const me = await started('me')
  const seen = await victim('127.0.0.78')
  const at = (i: number): string => seen.ports[i % seen.ports.length] ?? ''
  const records = Array.from({ length: 500 }, (_, i) => stranger().word(at(i)))
  const [eve, mallory] = [stranger(), stranger()]
  await gossip(eve, me.address, { records })
  await gossip(mallory, me.address, { unsigned: seen.ports.map((address) => ({ address, name: 'x' })) })
  await posted(
    eve,
    me.address,
    Array.from({ length: 120 }, (_, i) => at(i)),
  )
  await vi.waitFor(() => expect(seen.connections).toBeGreaterThan(0), { timeout: 5_000 })
  const answers: unknown[] = []
  for (let i = 0; i < 150; i++) answers.push(await hello(i % 3 === 0 ? stranger() : eve, me.address, at(i)))
  expect(answers.slice(-100).filter((answer) => JSON.stringify(answer) !== '{"type":"untried"}')).toEqual([])
  // A genuine node is met all the same, and what was told before it has had its turn by then.
  const other = await started('other', { join: me.address })
  await vi.waitFor(() => expect(ALIVE(me.node)).toEqual([other.address]), { timeout: 10_000 })
  expect(seen.connections).toBeLessThanOrEqual(MOST_CONTACTS)
})

test('of ten thousand rows that a stranger tells a few are kept, and none is listed or told on', async () => {
  const me = await started('me')
  const other = await started('other', { join: me.address })
  await vi.waitFor(() => expect([ALIVE(me.node), ALIVE(other.node)]).toEqual([[other.address], [me.address]]), { timeout: 10_000 })
  const junk = (i: number): string => `127.${1 + (i >> 14)}.${(i >> 7) & 127}.${1 + (i & 127)}:9000`
  const eve = stranger()
  for (let page = 0; page < 20; page++)
    await gossip(eve, me.address, { unsigned: Array.from({ length: 500 }, (_, i) => ({ address: junk(page * 500 + i), name: 'x' })) })
  const page = (start: number): readonly string[] => Array.from({ length: 250 }, (_, i) => junk(start + i))
  await Promise.all(Array.from({ length: 20 }, (_, i) => posted(eve, me.address, page(10_000 + i * 250))))
  const peers = (one: LibraryNode) => one.peers().peers.filter(({ state }) => state === 'unknown').length
  expect(peers(me.node)).toBeLessThanOrEqual(MOST_UNPROVEN_A_SOURCE)
  expect([peers(other.node), ALIVE(me.node), ALIVE(other.node)]).toEqual([0, [other.address], [me.address]])
})

test('what one peer says of where this node is reached moves it nowhere', async () => {
  const first = await started('first')
  const liar = stranger()
  const place = await new Promise<string>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const at = server.address()
      server.close(() => resolve(`127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`))
    })
  })
  const me = await started('me', { join: [first.address, place] })
  await vi.waitFor(() => expect(me.node.status().node).toMatchObject({ address: me.address, reachability: 'public' }), { timeout: 10_000 })
  // At another address of this machine, with the port that was asked for.
  const lie = me.address.replace('127.0.0.1', '127.0.0.9')
  let told = 0
  const replies: Readonly<Record<string, (query: URLSearchParams, by: string) => unknown>> = {
    '/server_info': () => JSON.parse(serverInfo(FACTS, { id: liar.id, name: 'liar', version: '1', run: 'r' }, () => UNPLACED)()),
    '/v2/echo': (query, by) => {
      const [nonce, at] = [query.get('nonce') ?? '', query.get('at') ?? '']
      return { id: liar.id, run: 'r', key: liar.publicKey, nonce, sig: liar.sign(echoBytes({ nonce, run: 'r', at, asker: by })) }
    },
    '/v2/hello': () => ({ record: liar.word(place), observed: '127.0.0.9', dialBack: { type: 'reached', address: lie }, told: told++ }),
    '/v2/gossip': () => ({ from: liar.word(place), seq: 1 }),
  }
  const onRequest = async ({
    path,
    query,
    headers,
    by,
    body,
  }: Parameters<Parameters<NodeHttp['serve']>[0]['onRequest']>[0]): Promise<Reply> => {
    await body(1 << 20)
    return { status: 200, headers: tokenSaidAgain(headers), body: JSON.stringify(replies[path]?.(query, by ?? '') ?? {}) }
  }
  const port = await liar.http.serve({ address: place, onRequest })
  if (isFailure(port)) throw new Error(port.text)
  closers.push(port.close)
  await vi.waitFor(() => expect([told > 0, ALIVE(me.node).length]).toEqual([true, 2]), { timeout: 15_000 })
  const listed = first.node.peers().peers.find(({ name }) => name === 'me')
  expect([me.node.status().node.address, listed?.address, listed?.state]).toEqual([me.address, me.address, 'alive'])
})

const FACTS = { hostname: 'x', platform: 'linux', cpu: 'x', ramMiB: 1, diskMiB: 1 }
