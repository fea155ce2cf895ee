// tcp between stock frp and ours, both ways round: bytes whole in both directions, ports freed, reconnecting.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { becomesFree, type Echo, roundTrip, startEcho } from './far-ends.ts'
import { startClient, startServer, tcpProxy } from './our-ends.ts'
import { BUILD_TIMEOUT_MS, buildStock, freePort, startFrpc, startFrps, VERSIONS } from './stock.ts'

const MIB = 1024 * 1024
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

const settings = [
  { what: 'its default settings', mux: true, tls: null, ours: 'off' },
  { what: 'TLS forced', mux: true, tls: true, ours: '0x16' },
  { what: 'TLS announced by 0x17', mux: true, tls: null, ours: '0x17' },
  { what: 'mux off', mux: false, tls: null, ours: 'off' },
  { what: 'mux off and TLS', mux: false, tls: true, ours: '0x16' },
] as const

describe.each(VERSIONS)('stock frps %s', (version) => {
  test.each(settings)('carries our client with $what', async ({ mux, tls, ours }) => {
    const frps = await startFrps(version, { mux, tls, token: 'secret' })
    ends.push(frps.end)
    const { client, facts } = startClient(frps.port, { mux, tls: ours, token: 'secret', peerIsOurs: false })
    ends.push(() => client.end('the test is over'))
    await facts.next('client.loggedIn')
    client.openProxy(tcpProxy('web', echo.port))
    const { remoteAddr } = await facts.next('client.proxyStarted')
    const port = Number(remoteAddr.split(':').at(-1))
    for (const bytes of [1, 100, MIB]) {
      const { sent, back } = await roundTrip(port, bytes)
      expect(back).toEqual(sent)
    }
    const many = await Promise.all(Array.from({ length: 20 }, () => roundTrip(port, 50_000)))
    expect(many.filter(({ sent, back }) => sent !== back)).toEqual([])

    client.end('gone')
    expect(await becomesFree(port)).toBe(true)
    const again = startClient(frps.port, { mux, tls: ours, token: 'secret', peerIsOurs: false })
    ends.push(() => again.client.end('the test is over'))
    await again.facts.next('client.loggedIn')
    again.client.openProxy(tcpProxy('web', echo.port, port))
    expect((await again.facts.next('client.proxyStarted')).remoteAddr).toBe(`:${port}`)
    const { sent, back } = await roundTrip(port, MIB)
    expect(back).toEqual(sent)
  })

  test.each([
    { encrypted: true, compressed: false },
    { encrypted: false, compressed: true },
    { encrypted: true, compressed: true },
  ])('carries our proxy with encryption $encrypted and compression $compressed', async (wishes) => {
    const frps = await startFrps(version, { mux: true, tls: null, token: 'secret' })
    ends.push(frps.end)
    const { client, facts } = startClient(frps.port, { mux: true, tls: 'off', token: 'secret', peerIsOurs: false })
    ends.push(() => client.end('the test is over'))
    await facts.next('client.loggedIn')
    client.openProxy(tcpProxy('web', echo.port, 0, wishes))
    const { remoteAddr } = await facts.next('client.proxyStarted')
    const { sent, back } = await roundTrip(Number(remoteAddr.split(':').at(-1)), MIB)
    expect(back).toEqual(sent)
  })

  test('turns a wrong token down in its own words', async () => {
    const frps = await startFrps(version, { mux: true, tls: null, token: 'secret' })
    ends.push(frps.end)
    const { client, facts } = startClient(frps.port, { mux: true, tls: 'off', token: 'wrong', peerIsOurs: false })
    ends.push(() => client.end('the test is over'))
    const closed = await facts.next('client.closed')
    expect(closed.refused).toBe(true)
    expect(closed.why).toMatch(/token in login doesn't match token from configuration/)
  })
})

describe.each(VERSIONS)('stock frpc %s', (version) => {
  const stock = [
    { what: 'its default settings', mux: true, tls: null },
    { what: 'TLS', mux: true, tls: true },
    { what: 'TLS off', mux: true, tls: false },
    { what: 'mux off', mux: false, tls: null },
  ] as const
  test.each(stock)('is carried by our public port with $what', async ({ mux, tls }) => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const port = await freePort()
    const proxy = { name: 'web', localPort: echo.port, remotePort: port }
    const frpc = await startFrpc(version, ours.port, { mux, tls, token: 'secret' }, proxy)
    ends.push(frpc.end)
    for (const bytes of [1, 100, MIB]) {
      const { sent, back } = await roundTrip(port, bytes)
      expect(back).toEqual(sent)
    }
    const many = await Promise.all(Array.from({ length: 20 }, () => roundTrip(port, 50_000)))
    expect(many.filter(({ sent, back }) => sent !== back)).toEqual([])

    await frpc.end()
    expect(await becomesFree(port)).toBe(true)
    const again = await startFrpc(version, ours.port, { mux, tls, token: 'secret' }, proxy)
    ends.push(again.end)
    const { sent, back } = await roundTrip(port, MIB)
    expect(back).toEqual(sent)
  })

  test.each([
    { encrypted: true, compressed: false },
    { encrypted: false, compressed: true },
    { encrypted: true, compressed: true },
  ])('is carried with encryption $encrypted and compression $compressed', async (wishes) => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const port = await freePort()
    const frpc = await startFrpc(
      version,
      ours.port,
      { mux: true, tls: null, token: 'secret' },
      { name: 'web', localPort: echo.port, remotePort: port, ...wishes },
    )
    ends.push(frpc.end)
    const { sent, back } = await roundTrip(port, MIB)
    expect(back).toEqual(sent)
  })
})
