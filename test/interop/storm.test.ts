// Many users at once through stock ends and ours: 5,000 connections, 200 at a time, and 1,000 udp users. None may be lost,
// and what comes back must be what was sent.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Echo, roundTrip, startEcho } from './far-ends.ts'
import { portOf, startClient, startServer, tcpProxy, udpProxy } from './our-ends.ts'
import { BUILD_TIMEOUT_MS, buildStock, freePort, startFrpc, startFrps, VERSIONS } from './stock.ts'
import { askOverUdp, startUdpEcho, type UdpEcho } from './udp-ends.ts'

beforeAll(buildStock, BUILD_TIMEOUT_MS)

const CONNECTIONS = 5_000
const AT_ONCE = 200
/** More than a piece of anything on the way, so that what is mixed up or cut shows. */
const BYTES = 20_000
const FLOWS = 1_000
const SIZES = [1, 1_400]
const settings = { mux: true, tls: null, token: 'secret' } as const

let echo: Echo
let udpEcho: UdpEcho
let ends: (() => unknown)[] = []
beforeEach(async () => {
  echo = await startEcho()
  udpEcho = await startUdpEcho()
  ends = [() => echo.close(), () => udpEcho.close()]
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
})

/** What went wrong, user by user; empty when all were served. */
async function storm(port: number): Promise<readonly unknown[]> {
  const wrong: unknown[] = []
  let left = CONNECTIONS
  const users = async (): Promise<void> => {
    while (left-- > 0) {
      const seen = await roundTrip(port, BYTES).catch((error: unknown) => ({ sent: 'all', back: error }))
      if (seen.back !== seen.sent) wrong.push(seen)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, users))
  return wrong
}

/** A thousand users, all there before the first is answered. */
async function flows(port: number): Promise<void> {
  const all = await Promise.all(Array.from({ length: FLOWS }, () => askOverUdp(port, SIZES)))
  expect(all.filter((back) => back.length !== SIZES.length)).toEqual([])
  expect(udpEcho.users.size).toEqual(FLOWS)
}

describe.each(VERSIONS)('stock frps %s', (version) => {
  async function ourClient(proxy: ReturnType<typeof tcpProxy>): Promise<number> {
    const frps = await startFrps(version, settings)
    ends.push(frps.end)
    const { client, facts } = startClient(frps.port, { mux: true, tls: 'off', token: 'secret', peerIsOurs: false })
    ends.push(() => client.end('the test is over'))
    client.openProxy(proxy)
    return portOf((await facts.next('client.proxyStarted')).remoteAddr)
  }

  test('loses none of 5,000 connections to our client, 200 at a time', async () => {
    expect(await storm(await ourClient(tcpProxy('web', echo.port)))).toEqual([])
  })

  test('carries 1,000 udp users to our client', async () => flows(await ourClient(udpProxy('dns', udpEcho.port))))
})

describe.each(VERSIONS)('our TURN with stock frpc %s', (version) => {
  async function stockClient(type: 'tcp' | 'udp', localPort: number): Promise<number> {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const remotePort = await freePort()
    const frpc = await startFrpc(version, ours.port, settings, { name: type, type, localPort, remotePort })
    ends.push(frpc.end)
    return remotePort
  }

  test('loses none of 5,000 connections, 200 at a time', async () => {
    expect(await storm(await stockClient('tcp', echo.port))).toEqual([])
  })

  test('carries 1,000 udp users', async () => flows(await stockClient('udp', udpEcho.port)))
})
