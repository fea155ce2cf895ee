// Stock ends as they come, at the default settings of their version: carried, gone, and carried again at the same port; and
// what they say to a wrong token. Every other setting is in matrix.test.ts.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { becomesFree, type Echo, roundTrip, startEcho } from './far-ends.ts'
import { portOf, startClient, startServer, tcpProxy } from './our-ends.ts'
import { BUILD_TIMEOUT_MS, buildStock, freePort, startFrpc, startFrps, VERSIONS } from './stock.ts'

const MIB = 1024 * 1024
const DEFAULTS = { mux: true, tls: null, token: 'secret' } as const
const OURS = { mux: true, tls: 'off', token: 'secret', peerIsOurs: false } as const
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

async function expectWhole(port: number): Promise<void> {
  const { sent, back } = await roundTrip(port, MIB)
  expect(back).toEqual(sent)
}

describe.each(VERSIONS)('stock frps %s', (version) => {
  test('carries our client, and again at the same port once it has left', async () => {
    const frps = await startFrps(version, DEFAULTS)
    ends.push(frps.end)
    let remotePort = 0
    for (let login = 0; login < 2; login++) {
      const { client, facts } = startClient(frps.port, OURS)
      ends.push(() => client.end('the test is over'))
      await facts.next('client.loggedIn')
      client.openProxy(tcpProxy('web', echo.port, remotePort))
      const port = portOf((await facts.next('client.proxyStarted')).remoteAddr)
      expect(remotePort === 0 || port === remotePort).toBe(true)
      remotePort = port
      await expectWhole(port)
      client.end('gone')
      expect(await becomesFree(port)).toBe(true)
    }
  })
})

test.each([
  { version: '0.45.0', wire: 1 },
  { version: '0.70.1', wire: 1 },
  { version: '0.70.1', wire: 2 },
  { version: '0.71.0', wire: 1 },
  { version: '0.71.0', wire: 2 },
] as const)('stock frps $version turns a wrong token down in its own words, on wire v$wire', async ({ version, wire }) => {
  const frps = await startFrps(version, DEFAULTS)
  ends.push(frps.end)
  const { client, facts } = startClient(frps.port, { ...OURS, token: 'wrong', wire })
  ends.push(() => client.end('the test is over'))
  const closed = await facts.next('client.closed')
  expect(closed.refused).toBe(true)
  expect(closed.why).toMatch(/token in login doesn't match token from configuration/)
})

describe.each(VERSIONS)('stock frpc %s', (version) => {
  test('is carried by our public port, and again at the same port once it has left', async () => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const port = await freePort()
    for (let login = 0; login < 2; login++) {
      const frpc = await startFrpc(version, ours.port, DEFAULTS, { name: 'web', localPort: echo.port, remotePort: port })
      ends.push(frpc.end)
      await expectWhole(port)
      await frpc.end()
      expect(await becomesFree(port)).toBe(true)
    }
  })
})
