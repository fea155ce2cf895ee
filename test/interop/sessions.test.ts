// How sessions with stock frp end and begin again, and how connections through them do.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { becomesFree, type Echo, hashOf, isOpen, readAll, roundTrip, startEcho, startLeaver, visit } from './far-ends.ts'
import { type EndSettings, type OurServer, startClient, startServer, tcpProxy } from './our-ends.ts'
import {
  BUILD_TIMEOUT_MS,
  buildStock,
  freePort,
  type Running,
  type StockSettings,
  startFrpc,
  startFrps,
  VERSIONS,
  type Version,
} from './stock.ts'

const MIB = 1024 * 1024
const TOKEN = 'secret'
const PROXY_STARTED = /start proxy success/

/** Each with mux and without: two different ways of carrying connections. */
const CARRIED = [
  { how: 'mux', mux: true },
  { how: 'a connection each', mux: false },
] as const

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

const stockSettings = (mux = true): StockSettings => ({ mux, tls: null, token: TOKEN })
const endSettings = (mux = true): EndSettings => ({ mux, tls: 'off', token: TOKEN, peerIsOurs: false })

async function stockServer(version: Version, mux = true): Promise<Running & { readonly port: number }> {
  const frps = await startFrps(version, stockSettings(mux))
  ends.push(frps.end)
  return frps
}

/** Our client at a stock frps, with one service at a port that the server picks, unless one is named. */
async function ourClient(serverPort: number, localPort: number, { mux = true, runId = '', remotePort = 0 } = {}) {
  const { client, facts } = startClient(serverPort, endSettings(mux), runId)
  ends.push(() => client.end('the test is over'))
  client.openProxy(tcpProxy('web', localPort, remotePort))
  const { remoteAddr } = await facts.next('client.proxyStarted')
  return { client, facts, port: Number(remoteAddr.split(':').at(-1)), runId: (await facts.next('client.loggedIn')).runId }
}

async function ourServer(): Promise<OurServer> {
  const ours = await startServer(TOKEN)
  ends.push(ours.close)
  return ours
}

/** A stock frpc at our public port, with one service at a port that it names. */
async function stockClient(
  version: Version,
  serverPort: number,
  localPort: number,
  mux = true,
): Promise<Running & { readonly port: number }> {
  const port = await freePort()
  const frpc = await startFrpc(version, serverPort, stockSettings(mux), { name: 'web', localPort, remotePort: port })
  ends.push(frpc.end)
  return { ...frpc, port }
}

async function expectWhole(port: number): Promise<void> {
  const { sent, back } = await roundTrip(port, MIB)
  expect(back).toEqual(sent)
}

/**
 * Without mux, frpc may still have sent a work connection for the session before the cut. It names the same run id, so it is
 * kept for the new session, and frpc drops whoever is given it. Stock frps does the same; the next user gets through.
 */
async function expectWholeForOneOfTheNext(port: number): Promise<void> {
  const failures: unknown[] = []
  for (let user = 0; user < 5; user++) {
    const seen = await roundTrip(port, MIB).catch((error: unknown) => failures.push(error))
    if (typeof seen !== 'number') return expect(seen.back).toEqual(seen.sent)
  }
  throw new AggregateError(failures, 'nobody gets through')
}

/** A tunnel between stock and ours, either way round; the public port of the service behind it. */
const TUNNELS = VERSIONS.flatMap((version) =>
  CARRIED.flatMap(({ how, mux }) => [
    {
      what: `our client behind stock frps ${version}, ${how}`,
      open: async (localPort: number) => (await ourClient((await stockServer(version, mux)).port, localPort, { mux })).port,
    },
    {
      what: `stock frpc ${version} behind our port, ${how}`,
      open: async (localPort: number) => (await stockClient(version, (await ourServer()).port, localPort, mux)).port,
    },
  ]),
)

describe.each(TUNNELS)('$what', ({ open }) => {
  test('a service that ends at once has said everything', async () => {
    const leaver = await startLeaver(8 * MIB)
    ends.push(leaver.close)
    const port = await open(leaver.port)
    expect(await readAll(await visit(port))).toEqual(leaver.sent)
  })

  test('a user who ends at once has said everything', async () => {
    let tell: (heard: string) => void = () => {}
    const heard = new Promise<string>((settle) => {
      tell = settle
    })
    const listener = createServer((socket) => void readAll(socket.on('error', () => {})).then(tell)).listen(0, '127.0.0.1')
    ends.push(() => listener.close())
    await new Promise((settle) => listener.once('listening', settle))
    const at = listener.address()
    const port = await open(typeof at === 'object' && at ? at.port : 0)
    const payload = randomBytes(8 * MIB)
    const user = await visit(port)
    user.end(payload)
    expect(await heard).toEqual(hashOf(payload))
    user.destroy()
  })

  test('a user who reads nothing holds up nobody else, and gets all of it in the end', async () => {
    const leaver = await startLeaver(32 * MIB)
    ends.push(leaver.close)
    const port = await open(leaver.port)
    const slow = await visit(port) // flows only once it is read
    for (let user = 0; user < 3; user++) expect(await readAll(await visit(port))).toEqual(leaver.sent)
    expect(await readAll(slow)).toEqual(leaver.sent)
  })

  test('a hundred short connections, one after the other', async () => {
    const port = await open(echo.port)
    const wrong: string[] = []
    for (let turn = 0; turn < 100; turn++) {
      const { sent, back } = await roundTrip(port, 100)
      if (sent !== back) wrong.push(back)
    }
    expect(wrong).toEqual([])
  })

  test('a service that is not there: the user is let go, and the tunnel lives on', async () => {
    const port = await open(await freePort())
    const nothing = hashOf(Buffer.alloc(0))
    expect(await readAll(await visit(port))).toEqual(nothing)
    expect(await readAll(await visit(port))).toEqual(nothing)
  })
})

describe.each(VERSIONS)('stock frps %s', (version) => {
  test('lets our client take the place of its earlier session, port and all', async () => {
    const frps = await stockServer(version)
    const first = await ourClient(frps.port, echo.port)
    const { client, facts } = startClient(frps.port, endSettings(), first.runId)
    ends.push(() => client.end('the test is over'))
    expect((await facts.next('client.loggedIn')).runId).toEqual(first.runId)
    expect((await first.facts.next('client.closed')).refused).toEqual(false)
    client.openProxy(tcpProxy('web', echo.port, first.port))
    expect((await facts.next('client.proxyStarted')).remoteAddr).toEqual(`:${first.port}`)
    await expectWhole(first.port)
  })

  test.each(CARRIED)('is missed at once when it is killed ($how)', async ({ mux }) => {
    const frps = await stockServer(version, mux)
    const { facts } = await ourClient(frps.port, echo.port, { mux })
    await frps.end()
    expect((await facts.next('client.closed')).refused).toEqual(false)
  })

  test('refuses a port that somebody holds; the session and its other services live on', async () => {
    const frps = await stockServer(version)
    const { client, facts, port } = await ourClient(frps.port, echo.port)
    client.openProxy(tcpProxy('second', echo.port, echo.port))
    const { proxy, error } = await facts.next('client.proxyRefused')
    expect({ proxy, error: /port (already used|unavailable)/.test(error) ? 'the port is taken' : error }).toEqual({
      proxy: 'second',
      error: 'the port is taken',
    })
    await expectWhole(port)
  })

  test('frees the port of a service that we take back, and of that one alone', async () => {
    const frps = await stockServer(version)
    const { client, facts, port } = await ourClient(frps.port, echo.port)
    const told = facts.all.length
    client.openProxy(tcpProxy('second', echo.port))
    const second = Number((await facts.next('client.proxyStarted', told)).remoteAddr.slice(1))
    await expectWhole(second)
    client.closeProxy('second')
    expect(await becomesFree(second)).toEqual(true)
    await expectWhole(port)
  })
})

describe.each(VERSIONS)('stock frpc %s', (version) => {
  test.each(CARRIED)('comes back by itself after a cut, to the same port ($how)', async ({ mux }) => {
    const ours = await ourServer()
    const frpc = await stockClient(version, ours.port, echo.port, mux)
    const told = ours.facts.all.length
    ours.server.endSession((await ours.facts.next('session.loggedIn')).session, 'a cut')
    await frpc.line(PROXY_STARTED, 2)
    const { proxy, port } = await ours.facts.next('proxy.opened', told)
    expect({ proxy, port }).toEqual({ proxy: 'web', port: frpc.port })
    await (mux ? expectWhole : expectWholeForOneOfTheNext)(frpc.port)
  })

  test.each(CARRIED)('that is killed frees its port and lets its users go ($how)', async ({ mux }) => {
    const ours = await ourServer()
    const frpc = await stockClient(version, ours.port, echo.port, mux)
    const user = await visit(frpc.port)
    await frpc.end()
    await ours.facts.next('session.closed')
    expect(await isOpen(frpc.port)).toEqual(false)
    if (mux) await readAll(user) // without, the user's own connection to frpc may outlive the session's
    user.destroy()
  })

  test('shares our public port with HTTP', async () => {
    const ours = await ourServer()
    const frpc = await stockClient(version, ours.port, echo.port)
    expect((await fetch(`http://127.0.0.1:${ours.port}/`)).status).toEqual(404)
    await expectWhole(frpc.port)
  })
})
