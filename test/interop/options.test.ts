// What a proxy may ask for beside being carried, between stock frp and ours, both ways round.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ProxySpec } from '../../src/frp/contract.ts'
import { becomesFree, type Echo, readAll, roundTrip, startEcho, startLeaver, visit } from './far-ends.ts'
import { startClient, startServer, tcpProxy, udpProxy } from './our-ends.ts'
import { BUILD_TIMEOUT_MS, buildStock, freePort, startFrpc, startFrps, VERSIONS, type Version } from './stock.ts'

const MIB = 1024 * 1024
const settings = { mux: true, tls: null, token: 'secret' } as const
/** 3 MiB at 1 MiB/s, of which the first is there at once; a timer may be a little early. */
const LEAST_MS = 1_900

beforeAll(buildStock, BUILD_TIMEOUT_MS)

let echo: Echo
let ends: (() => unknown)[] = []
beforeEach(async () => {
  echo = await startEcho()
  ends = [() => echo.close()]
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
})

/** Our client at a stock frps with one proxy; the port that is open for it, and its facts. */
async function ourClientAt(version: Version, spec: ProxySpec) {
  const frps = await startFrps(version, settings)
  ends.push(frps.end)
  const { client, facts } = startClient(frps.port, { mux: true, tls: 'off', token: 'secret', peerIsOurs: false })
  ends.push(() => client.end('the test is over'))
  await facts.next('client.loggedIn')
  client.openProxy(spec)
  const { remoteAddr } = await facts.next('client.proxyStarted')
  return { port: Number(remoteAddr.split(':').at(-1)), client, facts, frps }
}

test.each(VERSIONS)(
  'a datagram for a stock frpc %s passes up to the size of frp’s messages, and a larger one is counted',
  async (version) => {
    const [service, user] = [createSocket('udp4'), createSocket('udp4')]
    for (const socket of [service, user]) {
      ends.push(() => socket.close())
      socket.bind(0, '127.0.0.1')
      await once(socket, 'listening')
    }
    const sizes = new Set<number>()
    service.on('message', (bytes) => sizes.add(bytes.length))
    const ours = await startServer('secret')
    ends.push(ours.close)
    const remotePort = await freePort()
    const frpc = await startFrpc(version, ours.port, settings, { name: 'dns', type: 'udp', localPort: service.address().port, remotePort })
    ends.push(frpc.end)
    const lastError = () => ours.server.figures().sessions[0]?.proxies[0]?.meter.figures(0).lastError?.text ?? ''
    const deadline = performance.now() + 20_000
    while (performance.now() < deadline && !(sizes.has(7_488) && /7489/.test(lastError()))) {
      for (const size of [7_488, 7_489]) user.send(Buffer.alloc(size), remotePort, '127.0.0.1') // until the work connection is there they are lost
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect([[...sizes], lastError()]).toEqual([
      [7_488],
      'a datagram of 7489 bytes was lost: the other end of the tunnel takes 7488 at most',
    ])
  },
)

describe('a limit of 1 MiB/s', () => {
  test.each([
    ['0.45.0', 'client'],
    ['0.45.0', 'server'], // which knows no limits, so our end keeps it after all
    ['0.70.1', 'client'],
    ['0.70.1', 'server'],
    ['0.71.0', 'client'],
    ['0.71.0', 'server'],
  ] as const)('of our proxy at a stock frps %s is kept, if asked of the %s', async (version, limitMode) => {
    const source = await startLeaver(3 * MIB)
    ends.push(source.close)
    const { port } = await ourClientAt(version, { ...tcpProxy('web', source.port), limit: '1MB', limitMode })
    const startedAt = performance.now()
    expect(await readAll(await visit(port))).toEqual(source.sent)
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(LEAST_MS)
  })

  test.each([
    ['0.45.0', 'client'],
    ['0.70.1', 'client'],
    ['0.70.1', 'server'],
    ['0.71.0', 'client'],
    ['0.71.0', 'server'],
  ] as const)('of a stock frpc %s at our server is kept by the %s', async (version, limitMode) => {
    const source = await startLeaver(3 * MIB)
    ends.push(source.close)
    const ours = await startServer('secret')
    ends.push(ours.close)
    const remotePort = await freePort()
    const mode = version === '0.45.0' ? {} : { limitMode }
    const frpc = await startFrpc(version, ours.port, settings, { name: 'web', localPort: source.port, remotePort, limit: '1MB', ...mode })
    ends.push(frpc.end)
    const startedAt = performance.now()
    expect(await readAll(await visit(remotePort))).toEqual(source.sent)
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(LEAST_MS)
  })
})

/** What a tcp service hears of its first visitor before it answers. */
async function startListener(): Promise<{ readonly port: number; readonly heard: Promise<Buffer> }> {
  let tell: (bytes: Buffer) => void = () => {}
  const heard = new Promise<Buffer>((resolve) => {
    tell = resolve
  })
  const server = createServer((socket) => {
    let all: Buffer = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      all = Buffer.concat([all, bytes])
      if (all.includes('hello')) tell(all)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  const at = server.address()
  return { port: typeof at === 'object' && at ? at.port : 0, heard }
}

describe.each(VERSIONS)('behind a stock frps %s', (version) => {
  test('our local service is told who its users are by PROXY v1 and v2', async () => {
    for (const proxyProtocol of ['v1', 'v2'] as const) {
      const service = await startListener()
      const { port } = await ourClientAt(version, { ...tcpProxy('web', service.port), proxyProtocol })
      const user = await visit(port)
      user.write('hello')
      const { localPort = 0 } = user
      const hex = (value: number): string => value.toString(16).padStart(4, '0')
      const expected = {
        v1: Buffer.from(`PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${port}\r\nhello`),
        v2: Buffer.from(`0d0a0d0a000d0a515549540a2111000c7f0000017f000001${hex(localPort)}${hex(port)}68656c6c6f`, 'hex'),
      }
      expect(await service.heard).toEqual(expected[proxyProtocol])
      user.destroy()
    }
  })

  test("our local udp service is told so in front of a user's first datagram", async () => {
    const service = createSocket('udp4')
    const user = createSocket('udp4')
    ends.push(
      () => service.close(),
      () => user.close(),
    )
    for (const socket of [service, user]) {
      socket.bind(0, '127.0.0.1')
      await once(socket, 'listening')
    }
    service.on('message', (bytes, from) => service.send(bytes, from.port, from.address))
    const spec = { ...udpProxy('dns', service.address().port), proxyProtocol: 'v2' as const }
    const { port } = await ourClientAt(version, spec)
    const ask = async (): Promise<string> => {
      const timer = setInterval(() => user.send('?', port, '127.0.0.1'), 100) // frps fetches its work connection after 500 ms
      ends.push(() => clearInterval(timer))
      const [bytes] = (await once(user, 'message')) as [Buffer]
      clearInterval(timer)
      return bytes.toString('hex')
    }
    const hex = (value: number): string => value.toString(16).padStart(4, '0')
    const header = `0d0a0d0a000d0a515549540a2112000c7f0000017f000001${hex(user.address().port)}${hex(service.address().port)}`
    expect([await ask(), await ask()]).toEqual([`${header}3f`, '3f'])
  })

  test('our proxy is withdrawn while its service fails its check, and is back with it', async () => {
    const { port, facts } = await ourClientAt(version, {
      ...tcpProxy('web', echo.port),
      healthCheck: { type: 'tcp' },
      remotePort: await freePort(),
    })
    expect(await roundTrip(port, 1_000).then(({ sent, back }) => sent === back)).toBe(true)
    await echo.close()
    const before = facts.all.length
    expect((await facts.next('client.proxyUnhealthy')).why).toMatch(/can't be connected to: connection refused$/)
    expect(await becomesFree(port)).toBe(true)
    echo = await startEcho(echo.port)
    expect(await facts.next('client.proxyStarted', before)).toEqual({ type: 'client.proxyStarted', proxy: 'web', remoteAddr: `:${port}` })
    expect(await roundTrip(port, 1_000).then(({ sent, back }) => sent === back)).toBe(true)
  })

  test('two of our clients share a port as a group', async () => {
    const remotePort = await freePort()
    const group = { name: 'web', key: 'k' }
    const other = await startEcho()
    ends.push(other.close)
    const { port, frps } = await ourClientAt(version, { ...tcpProxy('a', echo.port, remotePort), group })
    const second = startClient(frps.port, { mux: true, tls: 'off', token: 'secret', peerIsOurs: false })
    ends.push(() => second.client.end('the test is over'))
    await second.facts.next('client.loggedIn')
    second.client.openProxy({ ...tcpProxy('wrong', other.port, remotePort), group: { name: 'web', key: 'guess' } })
    expect((await second.facts.next('client.proxyRefused')).error).toMatch(/group auth failed/)
    second.client.openProxy({ ...tcpProxy('b', other.port, remotePort), group })
    expect((await second.facts.next('client.proxyStarted')).remoteAddr).toEqual(`:${port}`)
    for (let visits = 0; visits < 20; visits++) await roundTrip(port, 100)
    expect((await second.facts.next('client.served')).proxy).toEqual('b')
  })
})

describe.each(VERSIONS)('stock frpc %s', (version) => {
  test('two of them share a port of our server as a group, in turn; one that dies is missed by nobody', async () => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const remotePort = await freePort()
    const [a, b] = [await startSpeaker('a'), await startSpeaker('b')]
    const group = { name: 'web', key: 'k' }
    const first = await startFrpc(version, ours.port, settings, { name: 'a', localPort: a, remotePort, group })
    ends.push(first.end)
    const second = await startFrpc(version, ours.port, settings, { name: 'b', localPort: b, remotePort, group })
    ends.push(second.end)
    const heard = async (): Promise<readonly string[]> => {
      const all: string[] = []
      for (let visits = 0; visits < 4; visits++) all.push(await said(remotePort))
      return all
    }
    expect(await heard()).toEqual(['a', 'b', 'a', 'b'])
    await first.end()
    await ours.facts.next('session.closed')
    expect(await heard()).toEqual(['b', 'b', 'b', 'b'])
    await second.end()
    expect(await becomesFree(remotePort)).toBe(true)
  })

  test('with another key, or another port, is told so in its own words', async () => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const remotePort = await freePort()
    const group = { name: 'web', key: 'k' }
    ends.push((await startFrpc(version, ours.port, settings, { name: 'a', localPort: echo.port, remotePort, group })).end)
    const refused = async (proxy: { readonly remotePort: number; readonly group: typeof group }) => {
      const seen = ours.facts.all.length
      const started = startFrpc(version, ours.port, settings, { name: 'b', localPort: echo.port, ...proxy }, /start error/)
      ends.push(async () => (await started).end())
      return (await ours.facts.next('proxy.refused', seen)).why
    }
    expect(await refused({ remotePort, group: { name: 'web', key: 'guess' } })).toEqual('group auth failed')
    expect(await refused({ remotePort: await freePort(), group })).toEqual('group should have same remote port')
  })

  test('with a user is known by the name it says', async () => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const remotePort = await freePort()
    const frpc = await startFrpc(version, ours.port, settings, { name: 'web', localPort: echo.port, remotePort, user: 'alice' })
    ends.push(frpc.end)
    expect((await ours.facts.next('proxy.opened')).proxy).toEqual('alice.web')
    const { sent, back } = await roundTrip(remotePort, 1_000)
    expect(back).toEqual(sent)
  })
})

/** A service that says its name to everybody and ends. */
async function startSpeaker(name: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(name)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  const at = server.address()
  return typeof at === 'object' && at ? at.port : 0
}

async function said(port: number): Promise<string> {
  const user = await visit(port)
  let text = ''
  user.on('data', (bytes) => {
    text += bytes.toString()
  })
  await once(user, 'close')
  return text
}
