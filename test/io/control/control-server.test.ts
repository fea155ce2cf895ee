import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { controlRoutes } from '../../../src/io/control/control-routes.ts'
import { startControlServer } from '../../../src/io/control/control-server.ts'
import { openapi } from '../../../src/io/control/openapi.ts'
import { aRow, aService, aStatus, createFakeDesk, createFakeNode, FAKE_NETWORK } from '../../browser/fake-node.ts'
import { type ControlWorld, METRICS_TOKEN, startControlWorld, TOKEN } from '../control-world.ts'

let world: ControlWorld
beforeEach(async () => {
  world = await startControlWorld()
})
afterEach(() => world.end())

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
}
const sentence = (error: string) => ({ schemaVersion: 1, error })

describe('who is let in', () => {
  test.each([
    ['127.0.0.1:PORT', 200],
    ['localhost:PORT', 200],
    ['LOCALHOST:PORT', 200],
    ['[::1]:PORT', 200],
    ['evil.test:PORT', 421],
    ['127.0.0.1.evil.test:PORT', 421],
    ['localhost.evil.test:PORT', 421],
    ['127.0.0.1', 200],
    ['localhost:9000', 200],
    ['[::1]:9000', 200],
    ['127.0.0.2:PORT', 421],
    ['[127.0.0.1]:PORT', 200],
    ['localhost.:PORT', 421],
    ['0x7f.1:PORT', 421],
    ['user@127.0.0.1:PORT', 421],
    ['192.168.0.7:PORT', 421],
  ])('asked as %j it answers %i, for pages, the feed and actions alike', async (name, status) => {
    const headers = { ...world.bearer, host: name.replace('PORT', String(world.port)) }
    expect((await world.ask('/api/status', { headers })).status).toEqual(status)
    expect((await world.ask('/feed', { headers: { ...headers, ...UPGRADE } })).status).toEqual(status === 200 ? 101 : status)
    expect([(await world.ask('/', { headers })).status, (await world.ask('/metrics', { headers })).status]).toEqual([status, status])
    expect((await world.ask('/healthz', { headers })).status).toEqual(200)
  })

  test.each([
    [{}, 200],
    [{ origin: 'http://127.0.0.1:PORT' }, 200],
    [{ origin: 'http://127.0.0.1:PORT', 'sec-fetch-site': 'same-origin' }, 200],
    [{ origin: 'http://evil.test' }, 403],
    [{ origin: 'http://localhost:PORT' }, 403],
    [{ origin: 'https://127.0.0.1:PORT' }, 200],
    [{ origin: 'ftp://127.0.0.1:PORT' }, 403],
    [{ origin: 'http://127.0.0.1:PORT.evil.test' }, 403],
    [{ origin: 'http://127.0.0.1:3000' }, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
  ])('an action or a feed from %j is answered %i', async (from, status) => {
    const own = Object.fromEntries(Object.entries(from).map(([name, value]) => [name, value.replace('PORT', String(world.port))]))
    const headers = { ...world.bearer, 'content-type': 'application/json', ...own }
    expect((await world.ask('/api/peers', { method: 'POST', headers, body: '{"address":"a.test:1"}' })).status).toEqual(status)
    expect((await world.ask('/feed', { headers: { ...headers, ...UPGRADE } })).status).toEqual(status === 200 ? 101 : status)
    expect(world.node.asked).toEqual(status === 200 ? [['add', 'a.test:1']] : [])
  })

  test('without the token, or with a wrong one, there is a sentence and nothing else', async () => {
    for (const headers of [
      {},
      { authorization: 'Bearer wrong' },
      { authorization: `Basic ${TOKEN}` },
      { cookie: `moonwalk_${world.port}=${TOKEN}` },
      { 'sec-websocket-protocol': 'moonwalk.feed' },
      { 'sec-websocket-protocol': `moonwalk.feed, ${TOKEN}` },
    ]) {
      for (const path of ['/api/status', '/metrics', `/api/status?token=${TOKEN}`])
        expect((await world.ask(path, { headers })).status).toEqual(401)
      expect((await world.ask(`/feed?token=${TOKEN}`, { headers: { ...headers, ...UPGRADE } })).status).toEqual(401)
    }
    expect((await world.ask('/healthz')).status).toEqual(200)
  })

  test("the page's own files are for anybody, and no answer sets a cookie", async () => {
    for (const [path, body] of [
      ['/', '<p>the page'],
      [`/?token=${TOKEN}`, '<p>the page'],
      ['/assets/page.js', 'run()'],
    ]) {
      const answer = await world.ask(path ?? '')
      expect([answer.status, answer.body, answer.headers['set-cookie']]).toEqual([200, body, undefined])
    }
    expect((await world.ask('/api/status', { headers: world.bearer })).headers['set-cookie']).toEqual(undefined)
  })

  test('a page opens the feed by a subprotocol, and is answered without its token', async () => {
    const offered = `moonwalk.feed, moonwalk.token.${TOKEN}`
    const answer = await world.ask('/feed', { headers: { ...UPGRADE, 'sec-websocket-protocol': offered } })
    expect([answer.status, answer.headers['sec-websocket-protocol']]).toEqual([101, 'moonwalk.feed'])
  })

  test('the metrics token reads the metrics and opens nothing else', async () => {
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` }
    expect((await world.ask('/metrics', { headers })).status).toEqual(200)
    for (const path of ['/api/status', '/api/news', '/api/openapi.json', '/metrics/'])
      expect([401, 404]).toContain((await world.ask(path, { headers })).status)
    const post = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: '{"address":"a.test:1"}' }
    expect((await world.ask('/api/peers', post)).status).toEqual(401)
    expect((await world.ask('/feed', { headers: { ...headers, ...UPGRADE } })).status).toEqual(401)
    expect(world.node.asked).toEqual([])
  })

  test('health is told to any host, and what is missing only to this machine by its own names', async () => {
    for (const host of ['evil.test', 'a b', '10.0.0.1:1']) {
      const headers = { host }
      expect((await world.ask('/healthz', { headers })).body).toEqual('ok\n')
      expect(await world.ask('/readyz', { headers })).toMatchObject({ status: 503, body: 'not ready\n' })
    }
    expect((await world.ask('/readyz')).body).toEqual('not ready: bootstrapping; nobody of its network has answered yet\n')
  })

  test('a request names one host, in HTTP/1.1', async () => {
    const speak = (text: string) =>
      new Promise<string>((settle) => {
        const socket = connect(world.port, '127.0.0.1')
        let answer = ''
        socket.on('data', (piece: Buffer) => {
          answer += piece
        })
        socket.on('close', () => settle(answer.split('\r\n')[0] ?? ''))
        socket.end(text)
      })
    const host = `Host: 127.0.0.1:${world.port}\r\n`
    const rest = `Authorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`
    expect(await speak(`GET /api/status HTTP/1.1\r\n${host}${rest}`)).toEqual('HTTP/1.1 200 OK')
    expect(await speak(`GET /api/status HTTP/1.1\r\n${host}${host}${rest}`)).toEqual('HTTP/1.1 400 Bad Request')
    expect(await speak(`GET /api/status HTTP/1.1\r\n${rest}`)).toEqual('HTTP/1.1 400 Bad Request')
    expect(await speak('GET /healthz HTTP/1.0\r\n\r\n')).toEqual('HTTP/1.1 200 OK')
    expect(await speak(`GET /api/status HTTP/1.0\r\n${host}${rest}`)).toEqual('HTTP/1.1 505 HTTP Version Not Supported')
    expect(await speak(`GET http://evil.test/api/status HTTP/1.1\r\n${host}${rest}`)).toEqual('HTTP/1.1 400 Bad Request')
  })

  test('a link may open the page from anywhere, and nothing else may be opened so', async () => {
    const from = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    expect((await world.ask('/', { headers: { ...from, 'sec-fetch-dest': 'document' } })).status).toEqual(200)
    expect((await world.ask('/', { headers: { ...from, 'sec-fetch-dest': 'iframe' } })).status).toEqual(403)
    expect((await world.ask('/', { headers: { ...from, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' } })).status).toEqual(403)
  })

  test('a page may load nothing from elsewhere and be framed by nobody', async () => {
    const { headers } = await world.ask('/', { headers: world.bearer })
    expect([
      headers['content-security-policy'],
      headers['x-content-type-options'],
      headers['cross-origin-resource-policy'],
      headers['access-control-allow-origin'],
    ]).toEqual([
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'nosniff',
      'same-origin',
      undefined,
    ])
  })
})

describe('what it answers', () => {
  test('the same objects as the commands', async () => {
    world.node.show({
      status: aStatus('serving'),
      peers: [aRow('birch'), aRow('elm', { state: 'offline' })],
      states: { node: ['serving'] },
    })
    const read = async (path: string) => JSON.parse((await world.ask(path, { headers: world.bearer })).body)
    expect(await read('/api/status')).toEqual(world.node.status())
    expect(await read('/api/peers')).toEqual(world.node.peers())
    expect(await read('/api/peers/all')).toEqual(world.node.peers('all'))
    expect(await read('/api/peers?limit=1&offset=1')).toEqual(world.node.peers('here', { limit: 1, offset: 1 }))
    expect(await read('/api/table')).toEqual({ ip_address: [{ name: 'birch' }, { name: 'elm' }] })
    expect(await read('/api/states')).toEqual({ schemaVersion: 1, states: { node: ['serving'] } })
    expect(await read('/api/news')).toEqual({ schemaVersion: 1, news: [] })
    expect(await read('/api/network')).toEqual(FAKE_NETWORK)
    expect(await read('/api/invitation')).toEqual({ schemaVersion: 1, invitation: 'mw1.AAAA' })
  })

  test('files and diagrams by name, and never by a path', async () => {
    const read = async (path: string) => {
      const { status, headers, body } = await world.ask(path, { headers: world.bearer })
      return [status, headers['content-type'], body]
    }
    expect(await read('/assets/page.js')).toEqual([200, 'text/javascript; charset=utf-8', 'run()'])
    expect(await read('/api/diagrams/node.svg')).toEqual([200, 'image/svg+xml; charset=utf-8', '<svg/>'])
    for (const path of [
      '/api/diagrams/..%2fsecret.svg',
      '/api/diagrams/../secret.svg',
      '/../secret.svg',
      '/%2e%2e/secret.svg',
      '/..%5csecret.svg',
      '//secret.svg',
      '/secret.svg',
      '/assets',
      '/%00',
    ])
      expect([path, [400, 404].includes((await world.ask(path, { headers: world.bearer })).status)]).toEqual([path, true])
  })

  test('metrics as Prometheus reads them', async () => {
    world.node.show({
      status: aStatus('serving', {}, { name: 'a"s\\h', address: 'ash.test:8088' }),
      peers: [aRow('birch', { rttMs: 12.5 }), aRow('elm', { state: 'suspect', turn: false })],
    })
    const { body } = await world.ask('/metrics', { headers: world.bearer })
    expect(body.split('\n').filter((line) => /^moonwalk_(info|state|reachable|peers|nearest|services|news)/.test(line))).toEqual([
      `moonwalk_info{version="0.1.0",id="${'ab'.repeat(16)}",name="a\\"s\\\\h"} 1`,
      'moonwalk_state{state="serving"} 1',
      'moonwalk_reachable 1',
      'moonwalk_peers{state="alive"} 1',
      'moonwalk_peers{state="suspect"} 1',
      'moonwalk_peers{state="unknown"} 0',
      'moonwalk_peers_turn 1',
      'moonwalk_nearest_rtt_seconds 0.01',
      'moonwalk_services{state="up"} 0',
      'moonwalk_services{state="opening"} 0',
      'moonwalk_services{state="down"} 0',
      'moonwalk_news_total 0',
    ])
    expect(body.split('\n').every((line) => /^(#.*|[a-z_]+(\{[^}]*\})? \S+|)$/.test(line))).toEqual(true)
  })

  test('ready once others reach it and its services, and what is missing until then', async () => {
    const read = async () => {
      const { status, body } = await world.ask('/readyz')
      return [status, body]
    }
    expect(await read()).toEqual([503, 'not ready: bootstrapping; nobody of its network has answered yet\n'])
    world.node.show({ status: aStatus('tunnelling.up', {}, { address: 'birch.test:20017', reachability: 'tunnelled' }) })
    expect(await read()).toEqual([200, 'ready: tunnelling.up\n'])
  })
})

describe('actions', () => {
  test('reach the node as they were asked, and its refusals come back', async () => {
    world.node.show({ peers: [aRow('birch')] })
    const spec = { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null }
    const read = async (path: string, body: unknown) => {
      const answer = await world.act(path, body)
      return [answer.status, JSON.parse(answer.body)]
    }
    expect(await read('/api/peers', { address: 'elm.test:8088' })).toEqual([
      200,
      { schemaVersion: 1, type: 'added', address: 'elm.test:8088' },
    ])
    expect(await read('/api/peers', { address: 'bad.test:8088' })).toEqual([409, sentence('That address may not be contacted.')])
    expect(await read('/api/peers/remove', { peer: 'nobody' })).toEqual([404, sentence('There is no such server.')])
    expect(await read('/api/services', { spec })).toEqual([200, { schemaVersion: 1, ...aService('web') }])
    const operatorChanges = { ...spec, options: { limit: '1MB', check: 'http:/health', port: 20_080 } }
    expect((await read('/api/services', { spec: operatorChanges }))[0]).toEqual(200)
    expect(await read('/api/services', { spec: { ...spec, options: { limit: 'fast' } } })).toEqual([
      400,
      sentence('The body does not fit: spec.options.limit: must be a number of KB or MB, such as 1MB.'),
    ])
    for (const [other, why] of [
      [{ name: 'a b/c' }, 'name: must be letters, digits, dots and dashes, at most 63'],
      [{ local: 'nonsense' }, 'local: must be HOST:PORT'],
      [{ kind: 'http', domain: 'no domain' }, 'domain: must be a name such as www.example.org'],
      [{ kind: 'http', domain: '192.0.2.1' }, 'domain: must be a name such as www.example.org'],
      [{ domain: 'www.example.org' }, 'domain: is for http and https services'],
      [
        { kind: 'http', domain: '*.example.org', options: { private: true } },
        'options.private: is for tcp and udp services; a domain is public',
      ],
      [{ options: { allow: ['ash'] } }, 'options.allow: is for private services'],
    ] as const)
      expect(await read('/api/services', { spec: { ...spec, ...other } })).toEqual([400, sentence(`The body does not fit: spec.${why}.`)])
    expect((await read('/api/services', { spec: { ...spec, options: { check: 'http:/a\r\nb' } } }))[0]).toEqual(400)
    expect(await read('/api/ping', { peer: 'birch' })).toEqual([
      200,
      { schemaVersion: 1, rttMs: 1.5, samples: [1.5, 2], discarded: 0, isLoaded: false, connectMs: null, via: null },
    ])
    expect(await read('/api/ping', { peer: 'nobody' })).toEqual([409, sentence('There is no such server.')])
    expect(await read('/api/turn/pin', { peers: ['birch'] })).toEqual([
      200,
      { schemaVersion: 1, type: 'pinned', turns: [{ name: 'birch', address: aRow('birch').address }] },
    ])
    expect(await read('/api/turn/pin', { peers: ['nobody'] })).toEqual([409, sentence('There is no such server.')])
    expect(await read('/api/turn/pin', {})).toEqual([
      400,
      sentence('The body does not fit: peers: Invalid input: expected array, received undefined.'),
    ])
    expect(await read('/api/services/remove', { name: 'web' })).toEqual([200, { schemaVersion: 1, type: 'unexposed', name: 'web' }])
    expect(await read('/api/drain', {})).toEqual([200, { schemaVersion: 1, moved: 2, stayed: 1, connections: 0 }])
    expect(await read('/api/drain', { patienceMs: -1 })).toEqual([400, expect.anything()])
    expect(world.node.asked).toEqual([
      ['add', 'elm.test:8088'],
      ['add', 'bad.test:8088'],
      ['remove', 'nobody'],
      ['expose', spec, 30_000],
      ['expose', operatorChanges, 30_000],
      ['ping', 'birch'],
      ['ping', 'nobody'],
      ['pin', 'birch'],
      ['pin', 'nobody'],
      ['unexpose', 'web'],
      ['drain', 60_000],
    ])
  })

  test('bodies that do not fit are turned away before the node hears of them', async () => {
    const post = async (path: string, body: string, type = 'application/json') =>
      (await world.ask(path, { method: 'POST', headers: { ...world.bearer, 'content-type': type }, body })).status
    expect(await post('/api/peers', '{')).toEqual(400)
    expect(await post('/api/peers', '{}')).toEqual(400)
    expect(await post('/api/peers', '{"address":"a.test:1","more":1}')).toEqual(400)
    expect(await post('/api/peers', '{"address":"a.test:1"}', 'text/plain')).toEqual(415)
    expect(await post('/api/peers', `{"address":"${'a'.repeat(70_000)}"}`)).toEqual(413)
    expect(await post('/api/nothing', '{}')).toEqual(404)
    expect(await post('/api/status', '{}')).toEqual(405)
    expect((await world.ask('/api/ping', { headers: world.bearer })).status).toEqual(405)
    expect(world.node.asked).toEqual([])
  })
})

describe('where it listens for more than this machine, and behind a reverse proxy', () => {
  test('it answers to the names it was given, whatever port they carry, and to any address', async () => {
    const wide = await startControlWorld({ address: '0.0.0.0:0', hosts: ['Moon.example.org'] })
    const status = async (host: string, headers = {}) =>
      (await wide.ask('/api/status', { headers: { ...wide.bearer, host, ...headers } })).status
    expect([
      await status('moon.example.org'),
      await status('moon.example.org:8443', { origin: 'https://moon.example.org:8443' }),
      await status('192.168.0.7:8089'),
      await status('other.example.org'),
      await status('moon.example.org', { origin: 'https://other.example.org' }),
    ]).toEqual([200, 200, 200, 421, 403])
    await wide.end()
  })
})

test('without credentials every route of the table, and the feed, is refused', async () => {
  const routes = controlRoutes({
    node: createFakeNode(),
    networkDesk: createFakeDesk(),
    leave: () => {},
    metrics: () => '',
    openapi: async () => ({}),
    diagram: async () => null,
  })
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({
    address: 'a.test:1',
    peer: 'elm',
    name: 'web',
    spec: { name: 'web', kind: 'tcp', local: 'a.test:1', domain: null },
  })
  for (const { method, path } of routes) {
    const bodied = method === 'POST' ? { method, headers, body } : { method, headers }
    const real = path.replace(/\{.*\}/, 'node.svg')
    for (const as of [bodied, ...(method === 'GET' ? [{ method: 'HEAD', headers }] : [])])
      expect([as.method, path, (await world.ask(real, as)).status]).toEqual([as.method, path, 401])
  }
  expect((await world.ask('/feed', { headers: UPGRADE })).status).toEqual(401)
  expect(world.node.asked).toEqual([])
})

test('a step of a rotation is taken, refused with its sentence, or not understood', async () => {
  const rotate = async (body: object) => {
    const { status, body: text } = await world.act('/api/network/rotate', body)
    return [status, JSON.parse(text)]
  }
  expect(await rotate({ step: 'add' })).toEqual([200, { ...FAKE_NETWORK, invitation: 'mw1.BBBB' }])
  expect(await rotate({ step: 'add', invitation: 'mw1.CCCC' })).toEqual([200, { ...FAKE_NETWORK, invitation: 'mw1.CCCC' }])
  expect(await rotate({ step: 'first' })).toEqual([409, { schemaVersion: 1, error: 'there is no new secret' }])
  expect((await rotate({ step: 'again' }))[0]).toEqual(400)
})

test('the description names every route and no other', () => {
  const routes = controlRoutes({
    node: createFakeNode(),
    networkDesk: createFakeDesk(),
    leave: () => {},
    metrics: () => '',
    openapi: async () => ({}),
    diagram: async () => null,
  })
  const described = Object.entries(openapi('0.1.0').paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.toSorted()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).toSorted())
})

test('a second server on the same port is refused as a value', async () => {
  const again = await startControlServer({
    address: `127.0.0.1:${world.port}`,
    token: TOKEN,
    metricsToken: METRICS_TOKEN,
    node: world.node,
    networkDesk: createFakeDesk(),
    clock: world.clock,
    version: '',
    dashboardDir: '',
    diagramsDir: '',
  })
  expect(again).toEqual({ type: 'failed', reason: 'in-use', text: 'the address is in use' })
})
