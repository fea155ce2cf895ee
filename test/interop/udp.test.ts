// udp between stock frp and ours, both ways round: datagrams whole in both directions, each to its own user.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startClient, startServer, udpProxy } from './our-ends.ts'
import { BUILD_TIMEOUT_MS, buildStock, freePort, startFrpc, startFrps, VERSIONS } from './stock.ts'
import { askOverUdp, startUdpEcho, type UdpEcho } from './udp-ends.ts'

beforeAll(buildStock, BUILD_TIMEOUT_MS)

const SIZES = [1, 100, 1_400]
const USERS = 50
const settings = { mux: true, tls: null, token: 'secret' } as const
const codings = [
  { how: 'plain', wishes: { encrypted: false, compressed: false } },
  { how: 'encrypted', wishes: { encrypted: true, compressed: false } },
  { how: 'compressed', wishes: { encrypted: false, compressed: true } },
  { how: 'encrypted and compressed', wishes: { encrypted: true, compressed: true } },
]

let echo: UdpEcho
let ends: (() => unknown)[] = []
beforeEach(async () => {
  echo = await startUdpEcho()
  ends = [() => echo.close()]
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
})

/** One user, then fifty at once. */
async function serves(port: number): Promise<void> {
  expect(await askOverUdp(port, SIZES)).toEqual(SIZES)
  const all = await Promise.all(Array.from({ length: USERS }, () => askOverUdp(port, SIZES)))
  expect(all).toEqual(Array.from({ length: USERS }, () => SIZES))
  expect(echo.users.size).toBe(USERS + 1)
}

describe.each(VERSIONS)('stock frps %s', (version) => {
  test.each(codings)('carries our udp proxy, $how', async ({ wishes }) => {
    const frps = await startFrps(version, settings)
    ends.push(frps.end)
    const { client, facts } = startClient(frps.port, { mux: true, tls: 'off', token: 'secret', peerIsOurs: false })
    ends.push(() => client.end('the test is over'))
    await facts.next('client.loggedIn')
    client.openProxy(udpProxy('dns', echo.port, 0, wishes))
    const { remoteAddr } = await facts.next('client.proxyStarted')
    await serves(Number(remoteAddr.split(':').at(-1)))
  })
})

describe.each(VERSIONS)('stock frpc %s', (version) => {
  test.each(codings)('is carried with a udp proxy, $how', async ({ wishes }) => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const port = await freePort()
    const frpc = await startFrpc(version, ours.port, settings, {
      name: 'dns',
      type: 'udp',
      localPort: echo.port,
      remotePort: port,
      ...wishes,
    })
    ends.push(frpc.end)
    await serves(port)
  })
})
