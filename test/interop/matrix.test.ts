// Every way a tunnel can be set up, between our ends and stock ones: not each with each, but any three settings together in
// some row. What a row carries must come back whole, and its port or domain must be free once the client has gone.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { coveringArray } from '../covering-array.ts'
import { becomesFree, roundTrip, startEcho } from './far-ends.ts'
import { ask, bodyThere, startWeb } from './http-ends.ts'
import { domainProxy, portOf, startClient, startServer, tcpProxy, udpProxy } from './our-ends.ts'
import { BUILD_TIMEOUT_MS, buildStock, freePort, startFrpc, startFrps, VERSIONS } from './stock.ts'
import { askOverUdp, becomesFreeUdp, startUdpEcho } from './udp-ends.ts'

beforeAll(buildStock, BUILD_TIMEOUT_MS)

const MIB = 1024 * 1024
const TOKEN = 'secret'
const USERS = 20
const HOST = 'web.example.org'

const FACTORS = {
  ends: [
    'stock frps 0.45.0 carries our client',
    'stock frps 0.70.1 carries our client',
    'stock frps 0.71.0 carries our client',
    'our server carries stock frpc 0.45.0',
    'our server carries stock frpc 0.70.1',
    'our server carries stock frpc 0.71.0',
    'our server carries our client',
  ],
  wire: ['v1', 'v2'],
  mux: ['on', 'off'],
  tls: ['off', '0x16', '0x17'],
  type: ['tcp', 'udp', 'http'],
  coding: ['plain', 'encrypted', 'compressed', 'encrypted and compressed'],
} as const

/** 0.45.0 knows wire v1 only. */
const rows = coveringArray(FACTORS, { strength: 3, excludes: ({ ends, wire }) => ends.includes('0.45.0') && wire === 'v2' })
type Setup = (typeof rows)[number]

/** A tunnel that stands; `end` ends its client. `port`: where its users go, which for http is the server's own. */
interface Tunnel {
  readonly port: number
  end(): unknown
}

let ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.reverse()) await end()
  ends = []
})

async function openTunnel(setup: Setup, localPort: number): Promise<Tunnel> {
  const version = VERSIONS.find((one) => setup.ends.includes(one)) ?? VERSIONS[0]
  const peerIsOurs = setup.ends === 'our server carries our client'
  const mux = setup.mux === 'on'
  const wire = setup.wire === 'v2' ? 2 : 1
  const stock = { mux, tls: setup.tls !== 'off', token: TOKEN, wire, ...(setup.tls === 'off' ? {} : { tlsFirstByte: setup.tls }) } as const
  const operatorChanges = { encrypted: setup.coding.includes('encrypted'), compressed: setup.coding.includes('compressed') }
  const vhosts = { http: await freePort(), https: await freePort() }
  const { port: serverPort, end: endServer } = setup.ends.startsWith('stock')
    ? await startFrps(version, { ...stock, vhosts })
    : await ourServer()
  ends.push(endServer)
  const webPort = setup.ends.startsWith('stock') ? vhosts.http : serverPort
  if (setup.ends.includes('frpc')) {
    const port = await freePort()
    const place = setup.type === 'http' ? { remotePort: 0, domains: [HOST] } : { remotePort: port }
    const frpc = await startFrpc(version, serverPort, stock, { name: 'web', type: setup.type, localPort, ...place, ...operatorChanges })
    ends.push(frpc.end)
    return { port: setup.type === 'http' ? webPort : port, end: frpc.end }
  }
  const { client, facts } = startClient(serverPort, { mux, tls: setup.tls, token: TOKEN, peerIsOurs, wire })
  ends.push(() => client.end('the test is over'))
  client.openProxy(PROXIES[setup.type](localPort, operatorChanges))
  const { remoteAddr } = await facts.next('client.proxyStarted')
  return { port: setup.type === 'http' ? webPort : portOf(remoteAddr), end: () => client.end('gone') }
}

type OperatorChanges = Parameters<typeof tcpProxy>[3]
const PROXIES = {
  tcp: (localPort: number, operatorChanges: OperatorChanges) => tcpProxy('web', localPort, 0, operatorChanges),
  udp: (localPort: number, operatorChanges: OperatorChanges) => udpProxy('web', localPort, 0, operatorChanges),
  http: (localPort: number, operatorChanges: OperatorChanges) => domainProxy('http', HOST, 'web', localPort, 0, operatorChanges),
}

const ourServer = async () => {
  const { port, close } = await startServer(TOKEN)
  return { port, end: close }
}

/**
 * frp 0.45.0 gives the snappy reader of a connection to the next one while the first may still read from it, so a user now and then
 * gets nothing; with both ends stock too. In its compressed rows users come one by one, and may ask three times.
 */
const mixesUsersUp = ({ ends, coding }: Setup): boolean => ends.includes('0.45.0') && coding.includes('compressed')

/** What twenty users at once are told, or one after another where the stock end can't keep them apart. */
async function askAll<T>(setup: Setup, ask: () => Promise<T>, isWhole: (told: T) => boolean): Promise<readonly T[]> {
  if (!mixesUsersUp(setup)) return Promise.all(Array.from({ length: USERS }, ask))
  const told: T[] = []
  for (let user = 0; user < USERS; user++) told.push(await askOne(setup, ask, isWhole))
  return told
}

async function askOne<T>(setup: Setup, ask: () => Promise<T>, isWhole: (told: T) => boolean): Promise<T> {
  for (let more = mixesUsersUp(setup) ? 2 : 0; more > 0; more--) {
    const told = await ask().catch(() => null)
    if (told !== null && isWhole(told)) return told
  }
  return ask()
}

const cameBack = ({ sent, back }: Awaited<ReturnType<typeof roundTrip>>): boolean => sent === back

/** One user with a byte, with a hundred and with 1 MiB, then twenty. */
async function carriesConnections(setup: Setup): Promise<void> {
  const echo = await startEcho()
  ends.push(echo.close)
  const tunnel = await openTunnel(setup, echo.port)
  for (const bytes of [1, 100, MIB]) {
    const { sent, back } = await askOne(setup, () => roundTrip(tunnel.port, bytes), cameBack)
    expect(back).toEqual(sent)
  }
  const many = await askAll(setup, () => roundTrip(tunnel.port, 50_000), cameBack)
  expect(many.filter((told) => !cameBack(told))).toEqual([])
  await tunnel.end()
  expect(await becomesFree(tunnel.port)).toBe(true)
}

const ALL_SIZES = [...Array.from({ length: 200 }, (_, step) => 1 + 7 * step), 1_400]
const SOME_SIZES = [1, 100, 1_400]

/** Twenty users at once, each of whom the service knows apart, then one with datagrams of 1 to 1,400 bytes. */
async function carriesDatagrams(setup: Setup): Promise<void> {
  const echo = await startUdpEcho()
  ends.push(echo.close)
  const tunnel = await openTunnel(setup, echo.port)
  const many = await Promise.all(Array.from({ length: USERS }, () => askOverUdp(tunnel.port, SOME_SIZES)))
  expect(many).toEqual(Array.from({ length: USERS }, () => SOME_SIZES))
  expect(echo.users.size).toEqual(USERS)
  expect(await askOverUdp(tunnel.port, ALL_SIZES)).toEqual(ALL_SIZES)
  await tunnel.end()
  expect(await becomesFreeUdp(tunnel.port)).toBe(true)
}

/** 1 MiB there and back, its length told and in chunks, and twenty users. */
async function carriesRequests(setup: Setup): Promise<void> {
  const web = await startWeb()
  ends.push(web.close)
  const tunnel = await openTunnel(setup, web.port)
  for (const chunked of [false, true]) {
    const [sent, back] = await askOne(
      setup,
      () => bodyThere(tunnel.port, HOST, chunked),
      ([sent, back]) => sent === back,
    )
    expect(back).toEqual(sent)
  }
  const many = await askAll(
    setup,
    () => ask(tunnel.port, HOST),
    ({ status }) => status === 200,
  )
  expect(many.map(({ status, body }) => `${status} ${body}`)).toEqual(Array(USERS).fill('200 web'))
  await tunnel.end()
  expect(await isForgotten(tunnel.port)).toBe(true)
}

/** Nobody answers for the domain any more; asked again for 10 s at the most. */
async function isForgotten(port: number): Promise<boolean> {
  const deadline = performance.now() + 10_000
  while (performance.now() < deadline) if ((await ask(port, HOST)).status === 404) return true
  return false
}

const CARRIES = { tcp: carriesConnections, udp: carriesDatagrams, http: carriesRequests }

describe.each(FACTORS.ends)('%s', (ends) => {
  const setups = rows.filter((row) => row.ends === ends)
  test.each(setups)('with a $type proxy, $coding, on wire $wire with mux $mux and TLS $tls', (setup) => CARRIES[setup.type](setup))
})
