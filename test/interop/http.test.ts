// Domains between stock frp and ours, both ways round: http by the Host header, https by the name in the ClientHello.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AROUND, around, ask, askTls, bodyThere, pieceByPiece, socketEcho, startWeb, type Web } from './http-ends.ts'
import { domainProxy, startClient, startServer } from './our-ends.ts'
import { BUILD_TIMEOUT_MS, buildStock, freePort, startFrpc, startFrps, VERSIONS } from './stock.ts'

const HOST = 'web.example.org'
beforeAll(buildStock, BUILD_TIMEOUT_MS)

let web: Web
let ends: (() => unknown)[] = []
beforeEach(async () => {
  web = await startWeb()
  ends = [() => web.close()]
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
})

const settings = [
  { what: 'its default settings', mux: true, tls: null, operatorChanges: {} },
  { what: 'mux off', mux: false, tls: null, operatorChanges: {} },
  { what: 'encryption', mux: true, tls: null, operatorChanges: { encrypted: true } },
  { what: 'compression', mux: true, tls: null, operatorChanges: { compressed: true } },
  { what: 'both, TLS and mux off', mux: false, tls: true, operatorChanges: { encrypted: true, compressed: true } },
] as const

/** Everything a web server is used for, by Host. frps 0.45 knows no HTTP/2. */
async function everythingWorks(port: number, versions: readonly (1 | 2)[] = [1, 2]): Promise<void> {
  expect((await ask(port, HOST)).body.toString()).toEqual('web')
  for (const version of versions) expect(await around(port, HOST, version)).toEqual(AROUND)
  for (const chunked of [false, true]) {
    const [sent, back] = await bodyThere(port, HOST, chunked)
    expect(back).toEqual(sent)
  }
  expect(await pieceByPiece(port, HOST)).toEqual(['one', 'two'])
  expect(await socketEcho(port, HOST)).toEqual(['hello', true])
  const many = await Promise.all(Array.from({ length: 20 }, () => ask(port, HOST)))
  expect(many.map(({ status, body }) => `${status} ${body}`)).toEqual(Array(20).fill('200 web'))
  expect((await ask(port, 'elsewhere.example.org')).status).toEqual(404)
}

/** Every request's connection to its service ends with it; looks for 10 s at the most. */
async function becomesIdle(client: { readonly connectionsNow: number }): Promise<boolean> {
  const deadline = performance.now() + 10_000
  while (client.connectionsNow > 0 && performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve))
  return client.connectionsNow === 0
}

describe.each(VERSIONS)('stock frpc %s', (version) => {
  test.each(settings)('has its domain served by our public port with $what', async ({ mux, tls, operatorChanges }) => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const proxy = { name: 'web', type: 'http', localPort: web.port, remotePort: 0, domains: [HOST], ...operatorChanges } as const
    const frpc = await startFrpc(version, ours.port, { mux, tls, token: 'secret' }, proxy)
    ends.push(frpc.end)
    await everythingWorks(ours.port)
  })

  test('has a name and a password asked for, its Host rewritten and its header set, for the paths it named', async () => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const http = { locations: ['/in'], user: 'ann', password: 'a:b', host: 'inside.example', header: ['X-From', 'frp'] } as const
    const proxy = { name: 'web', type: 'http', localPort: web.port, remotePort: 0, domains: [HOST], http } as const
    const frpc = await startFrpc(version, ours.port, { mux: true, tls: null, token: 'secret' }, proxy)
    ends.push(frpc.end)
    const none = await ask(ours.port, HOST, { path: '/in' })
    expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Basic realm="Restricted"'])
    const authorization = `Basic ${Buffer.from('ann:a:b').toString('base64')}`
    const headers = { authorization, 'x-forwarded-for': '192.0.2.9', connection: 'keep-alive, x-secret', 'x-secret': 'mine' }
    expect((await ask(ours.port, HOST, { path: '/in/side?a=b', headers })).status).toEqual(200)
    expect(web.asked.map(({ url, headers }) => ({ url, headers }))).toEqual([
      {
        url: '/in/side?a=b',
        headers: {
          host: 'inside.example',
          authorization,
          'x-from': 'frp',
          'x-forwarded-for': '192.0.2.9, 127.0.0.1',
          'x-forwarded-host': HOST,
          'x-forwarded-proto': 'http',
          connection: 'close',
        },
      },
    ])
    expect((await ask(ours.port, HOST, { path: '/out', headers })).status).toEqual(404)
  })

  test('has TLS for its domain passed through', async () => {
    const ours = await startServer('secret')
    const secure = await startWeb({ tls: true, says: 'behind TLS' })
    ends.push(ours.close, secure.close)
    const proxy = { name: 'secure', type: 'https', localPort: secure.port, remotePort: 0, domains: ['*.example.org'] } as const
    const frpc = await startFrpc(version, ours.port, { mux: true, tls: true, token: 'secret' }, { ...proxy, encrypted: true })
    ends.push(frpc.end)
    expect(await askTls(ours.port, 'secure.example.org')).toEqual('behind TLS')
    expect(secure.asked.map(({ headers }) => headers.host)).toEqual(['secure.example.org'])
    expect(await askTls(ours.port, 'other.example.com')).toEqual('') // the node's own TLS, and its own answer
  })

  test('is told that its domain is taken', async () => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const proxy = { type: 'http', localPort: web.port, remotePort: 0, domains: [HOST] } as const
    const first = await startFrpc(version, ours.port, { mux: true, tls: null, token: 'secret' }, { ...proxy, name: 'first' })
    const late = { ...proxy, name: 'late', domains: [HOST.toUpperCase()] }
    const second = await startFrpc(version, ours.port, { mux: true, tls: null, token: 'secret' }, late, /start error:/)
    ends.push(first.end, second.end)
    expect(await second.line(/start error:/)).toMatch(/router config conflict/)
    expect((await ours.facts.next('proxy.refused')).why).toEqual('router config conflict')
  })
})

describe.each(VERSIONS)('stock frps %s', (version) => {
  const start = async (mux: boolean, tls: boolean | null) => {
    const vhosts = { http: await freePort(), https: await freePort() }
    const frps = await startFrps(version, { mux, tls, token: 'secret', vhosts })
    ends.push(frps.end)
    const { client, facts } = startClient(frps.port, { mux, tls: tls === true ? '0x16' : 'off', token: 'secret', peerIsOurs: false })
    ends.push(() => client.end('the test is over'))
    await facts.next('client.loggedIn')
    return { client, facts, vhosts }
  }

  test.each(settings)('serves the domain of our client with $what', async ({ mux, tls, operatorChanges }) => {
    const { client, facts, vhosts } = await start(mux, tls)
    client.openProxy(domainProxy('http', HOST, 'web', web.port, 0, operatorChanges))
    expect((await facts.next('client.proxyStarted')).remoteAddr).toEqual(`${HOST}:${vhosts.http}`)
    await everythingWorks(vhosts.http, version === '0.45.0' ? [1] : [1, 2])
    client.closeProxy('web') // stock keeps warm connections for a minute
    expect(await becomesIdle(client)).toEqual(true)
  })

  test('passes TLS for the domain of our client through', async () => {
    const secure = await startWeb({ tls: true, says: 'behind TLS' })
    ends.push(secure.close)
    const { client, facts, vhosts } = await start(true, null)
    client.openProxy(domainProxy('https', HOST, 'secure', secure.port))
    expect((await facts.next('client.proxyStarted')).remoteAddr).toEqual(`${HOST}:${vhosts.https}`)
    expect(await askTls(vhosts.https, HOST)).toEqual('behind TLS')
  })

  test('tells our client that its domain is taken', async () => {
    const { client, facts } = await start(true, null)
    client.openProxy(domainProxy('http', HOST, 'web', web.port))
    await facts.next('client.proxyStarted')
    client.openProxy(domainProxy('http', HOST, 'late', web.port))
    expect(await facts.next('client.proxyRefused')).toEqual({
      type: 'client.proxyRefused',
      proxy: 'late',
      error: 'router config conflict',
    })
  })
})

describe('ours', () => {
  test.each(settings)('serves the domain of our client with $what', async ({ mux, tls, operatorChanges }) => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const { client, facts } = startClient(ours.port, { mux, tls: tls === true ? '0x17' : 'off', token: 'secret', peerIsOurs: true })
    ends.push(() => client.end('the test is over'))
    await facts.next('client.loggedIn')
    client.openProxy(domainProxy('http', HOST, 'web', web.port, 0, operatorChanges))
    expect((await facts.next('client.proxyStarted')).remoteAddr).toEqual(`${HOST}:${ours.port}`)
    await everythingWorks(ours.port)
    expect(await becomesIdle(client)).toEqual(true)
  })
})
