// The whole command with services that have a domain: behind a stock frps, behind another node, and on a node's own port.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { moveIn, type Neighbours, type RunningNode } from '../namespaces/neighbours.ts'
import type { Place } from '../namespaces/town.ts'
import { ask, askTls, socketEcho, startWeb, type Web } from './http-ends.ts'
import { BUILD_TIMEOUT_MS, buildStock, freePort, startFrps, VERSIONS } from './stock.ts'

const PLAIN = 'web.example.org'
const SECURE = 'secure.example.org'

beforeAll(buildStock, BUILD_TIMEOUT_MS)

let folder: string
let neighbours: Neighbours
let web: Web
let secure: Web
let ends: (() => unknown)[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moonwalk-domains-'))
  neighbours = moveIn({ at: () => [] }, folder)
  web = await startWeb()
  secure = await startWeb({ tls: true, says: 'behind TLS' })
  ends = [web.close, secure.close]
})
afterEach(async () => {
  await neighbours.leave()
  for (const end of ends.reverse()) await end()
  await rm(folder, { recursive: true, force: true })
})

const start = (name: Place, ...flags: readonly string[]): Promise<RunningNode> => neighbours.node(name, ['--addresses', 'any', ...flags])
const exposed = (): readonly string[] => ['--expose', `web=${web.port}/http:${PLAIN}`, '--expose', `secure=${secure.port}/https:${SECURE}`]

/** Both services are up at these ports, are told so, and answer there. */
async function servesBoth(node: RunningNode, ports: { readonly http: number; readonly https: number }): Promise<void> {
  for (const name of ['web', 'secure']) await node.hears('service.up', ({ service }) => service === name)
  const { services } = await node.status()
  expect(services.map(({ name, kind, public: at, state }) => ({ name, kind, at, state }))).toEqual([
    { name: 'web', kind: 'http', at: `http://${PLAIN}:${ports.http}`, state: 'up' },
    { name: 'secure', kind: 'https', at: `https://${SECURE}:${ports.https}`, state: 'up' },
  ])
  expect((await ask(ports.http, PLAIN)).body.toString()).toEqual('web')
  expect(await socketEcho(ports.http, PLAIN)).toEqual(['hello', true])
  expect(await askTls(ports.https, SECURE)).toEqual('behind TLS')
}

describe.each(VERSIONS)('stock frps %s', (version) => {
  test("answers for a node's domains on ports of its own", async () => {
    const vhosts = { http: await freePort(), https: await freePort() }
    const frps = await startFrps(version, { mux: true, tls: null, token: 'moon', vhosts })
    ends.push(frps.end)
    await servesBoth(await start('home', '--no-listen', '--turn', `frp://moon@127.0.0.1:${frps.port}`, ...exposed()), vhosts)
  })

  test('without such ports refuses a domain, and that is told', async () => {
    const frps = await startFrps(version, { mux: true, tls: null, token: 'moon' })
    ends.push(frps.end)
    const node = await start('home', '--no-listen', '--turn', `frp://moon@127.0.0.1:${frps.port}`, ...exposed())
    const { why } = await node.hears('service.down', ({ service }) => service === 'web')
    expect(why).toEqual(`127.0.0.1:${frps.port} carries no http services`)
  })
})

describe('a node', () => {
  test("answers for another's domains on its one public port, and for itself as before", async () => {
    const port = await freePort()
    await start('birch', '--listen', `127.0.0.1:${port}`, '--allow-domains', '*.example.org')
    const home = await start('home', '--no-listen', '--join', `127.0.0.1:${port}`, ...exposed())
    await servesBoth(home, { http: port, https: port })
    expect((await ask(port, `127.0.0.1:${port}`, { path: '/server_info' })).status).toEqual(200)
    expect((await ask(port, 'localhost', { path: '/FRPPort' })).body.toString()).toContain(String(port))
    expect(await home.end('SIGTERM')).toEqual(0)
    expect((await ask(port, PLAIN)).body.toString()).toEqual('nothing here\n')
  })

  test('that others can connect to answers for its own domains without a tunnel', async () => {
    const [seed, port] = [await freePort(), await freePort()]
    await start('birch', '--listen', `127.0.0.1:${seed}`)
    const home = await start('home', '--listen', `127.0.0.1:${port}`, '--join', `127.0.0.1:${seed}`, ...exposed())
    await servesBoth(home, { http: port, https: port })
    expect((await home.status()).turn).toEqual(null)
  })
})
