// Whole nodes on real sockets: a private service behind a TURN, reached by a third node.
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createNode, type LibraryNode, type NodeSettings } from '../../../src/index.ts'
import { certify } from '../../../src/io/network/certificate.ts'

let dir = ''
let ends: (() => unknown)[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-connect-'))
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
  ends = []
  rmSync(dir, { recursive: true, force: true })
})

async function started(name: string, settings: NodeSettings): Promise<LibraryNode> {
  const node = await createNode({ data: join(dir, name), name, addresses: 'any', log: 'silent', speedtestBudget: 'off', ...settings })
  ends.push(() => node.stop())
  expect((await node.start()).type).toEqual('started')
  return node
}

/** Says what it hears again. */
async function tcpEcho(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  ends.push(() => server.close())
  return (server.address() as AddressInfo).port
}
async function udpEcho(): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address))
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done))
  ends.push(() => socket.close())
  return socket.address().port
}

/** What comes back of it. `stays`: the end of what is sent is not told. */
const say = (address: string, words: Buffer, { stays = false } = {}): Promise<Buffer> =>
  new Promise((resolve) => {
    const [host, port] = address.split(':')
    const pieces: Buffer[] = []
    const socket = connect(Number(port), host, () => (stays ? socket.write(words) : socket.end(words)))
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    socket.on('error', () => resolve(Buffer.from('reset')))
    socket.on('close', () => resolve(Buffer.concat(pieces)))
  })
const sayByUdp = (address: string, words: Buffer): Promise<Buffer> =>
  new Promise((resolve) => {
    const [host, port] = address.split(':')
    const socket = createSocket('udp4')
    socket.on('message', (bytes) => {
      socket.close()
      resolve(bytes)
    })
    socket.send(words, Number(port), host)
  })

const reachable = (node: LibraryNode, name: string): Promise<unknown> =>
  vi.waitFor(
    () =>
      expect(
        node
          .peers()
          .peers.filter((peer) => peer.state === 'alive')
          .map((peer) => peer.name),
      ).toContain(name),
    {
      timeout: 15_000,
      interval: 20,
    },
  )
const connected = async (node: LibraryNode, target: string): Promise<string> => {
  const answer = await node.connect(target)
  if (answer.type === 'refused') throw new Error(answer.text)
  return answer.address
}

test('a private service behind a TURN is reached by a third node, by TCP and by UDP, and again when its TURN has gone', async () => {
  const ash = await started('ash', { listen: '127.0.0.1:0' })
  const invitation = ash.invitation() ?? ''
  const birch = await started('birch', { listen: '127.0.0.1:0', join: invitation })
  await reachable(birch, 'ash')
  const both = [invitation, birch.invitation() ?? '']
  const home = await started('home', {
    listen: false,
    join: both,
    services: [`web=127.0.0.1:${await tcpEcho()}?private`, `dns=127.0.0.1:${await udpEcho()}/udp?private`],
  })
  const me = await started('me', { listen: false, join: both })
  await reachable(me, 'home')
  expect(home.status().services.map(({ name, state, phase, public: at }) => ({ name, state, phase, at }))).toEqual([
    { name: 'web', state: 'up', phase: 'private', at: null },
    { name: 'dns', state: 'up', phase: 'private', at: null },
  ])
  const [web, dns] = [await connected(me, 'home/web'), await connected(me, 'HOME/dns')]
  const much = Buffer.alloc(3_000_000, 'moonwalk')
  expect((await say(web, much)).equals(much)).toBe(true)
  const large = Buffer.alloc(65_000, 'd')
  expect((await sayByUdp(dns, large)).equals(large)).toBe(true)
  const turn = home.status().turn?.name
  await (turn === 'ash' ? ash : birch).stop()
  expect((await say(web, Buffer.from('again'))).toString()).toEqual('again')
}, 40_000)

test('what a node does not have is refused with what it has, and a port is free again once it is closed', async () => {
  const home = await started('home', { listen: '127.0.0.1:0', services: [`web=127.0.0.1:${await tcpEcho()}?private`] })
  const me = await started('me', { listen: false, join: home.invitation() ?? '' })
  await reachable(me, 'home')
  expect(await me.connect('home/ssh')).toEqual({
    type: 'refused',
    text: 'home has no service ssh that this node may reach; there are web',
  })
  expect(await me.connect('nobody/web')).toEqual({ type: 'refused', text: 'no node nobody in the table; see `moonwalk peers`' })
  const opened = await me.connect('home/web')
  const address = opened.type === 'connected' ? opened.address : ''
  expect((await say(address, Buffer.from('hello'))).toString()).toEqual('hello')
  if (opened.type === 'connected') await opened.close()
  expect((await say(address, Buffer.from('hello'))).toString()).toEqual('reset')
}, 20_000)

test('a public node that has nothing to do with a domain carries its TLS to the owner unopened, and its HTTP with the address of the user', async () => {
  const ash = await started('ash', { listen: '127.0.0.1:0' })
  const invitation = ash.invitation() ?? ''
  // It is no TURN for anybody, so the domain is at ash alone.
  const birch = await started('birch', { listen: '127.0.0.1:0', join: invitation, offer: 'nobody' })
  await reachable(birch, 'ash')
  const certificate = certify(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  const secure = createTlsServer(certificate, (socket) => socket.on('error', () => {}).end('over TLS')).listen(0, '127.0.0.1')
  const heads: string[] = []
  const plain = createServer((socket) => {
    socket.on('error', () => {})
    let head = ''
    socket.on('data', (bytes: Buffer) => {
      head += bytes.toString()
      if (!head.includes('\r\n\r\n')) return
      heads.push(head)
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain')
    })
  }).listen(0, '127.0.0.1')
  ends.push(
    () => secure.close(),
    () => plain.close(),
  )
  await Promise.all([secure, plain].map((server) => new Promise((done) => server.once('listening', done))))
  const [securePort, plainPort] = [secure, plain].map((server) => (server.address() as AddressInfo).port)
  await started('home', {
    listen: false,
    join: invitation,
    services: [`site=127.0.0.1:${securePort}/https:www.example.org`, `page=127.0.0.1:${plainPort}/http:www.example.org?proxy-protocol=v1`],
  })
  await reachable(birch, 'home')
  const port = Number((birch.peers().peers.find(({ self }) => self)?.address ?? ':0').split(':')[1])
  const answer = await new Promise<{ readonly said: string; readonly shown: Buffer }>((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, servername: 'www.example.org', rejectUnauthorized: false })
    let said = ''
    const shown = (): Buffer => socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0)
    socket.once('secureConnect', () => {
      const raw = shown()
      socket.on('data', (bytes: Buffer) => {
        said += bytes.toString()
      })
      socket.on('close', () => resolve({ said, shown: raw }))
    })
    socket.on('error', reject)
  })
  expect([answer.said, new X509Certificate(certificate.cert).raw.equals(answer.shown)]).toEqual(['over TLS', true])
  const page = await say(`127.0.0.1:${port}`, Buffer.from('GET /x HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n'), {
    stays: true,
  })
  expect(page.toString()).toContain('plain')
  const head = heads.find((one) => one.includes('GET /x')) // others are proofs
  expect(head).toMatch(/^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nGET \/x HTTP\/1\.1\r\n/)
  expect(head?.toLowerCase()).toContain('x-forwarded-for: 127.0.0.1')
}, 30_000)
