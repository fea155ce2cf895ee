// The second listener: dashboard, live feed, API and metrics for the person who runs this node. Loopback, with a token.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { MoonwalkNode, NetworkDesk } from '../../answers.ts'
import type { Clock, Failure, Listening } from '../../ports.ts'
import { createControlGuard, type Grant } from './control-guard.ts'
import { type ControlReply, controlRoutes, problem } from './control-routes.ts'
import { createStaticFiles } from './dashboard-files.ts'
import { createFeedSocket } from './feed-socket.ts'
import { metricsText } from './metrics-text.ts'
import { PAGE_HEADERS } from './page-headers.ts'
import { readinessOf } from './readiness.ts'

export interface ControlServerOptions {
  /** `host:port`; port 0 picks one. */
  readonly address: string
  /** Whoever shows it may do anything. At least 128 bits of chance. */
  readonly token: string
  /** Whoever shows it may read `/metrics`, and nothing else. As long. */
  readonly metricsToken: string
  /** Host names that are answered beside loopback's and `address`'s own, without ports. Default: none. */
  readonly hosts?: readonly string[]
  readonly node: MoonwalkNode
  readonly networkDesk: NetworkDesk
  readonly clock: Clock
  /** The node was drained: it is to be stopped. */
  readonly onDrained?: () => void
  /** The built dashboard. */
  readonly dashboardDir: string
  /** The generated diagrams, `<machine>.svg`. */
  readonly diagramsDir: string
  readonly version: string
}

const MAX_BODY_BYTES = 64 * 1024
const ANSWER_FIRST_MS = 100

const NO_TOKEN =
  'The token is missing or wrong: send `Authorization: Bearer TOKEN`. control.json in the data directory has it; for /metrics `moonwalk metrics token` prints one.'
const isGranted = (grant: Grant, path: string): boolean => grant === 'all' || (grant === 'metrics' && path === '/metrics')

/** Settles when it listens. Fails with `in-use` or `denied`. */
export async function startControlServer(options: ControlServerOptions): Promise<Listening | Failure> {
  const { address, token, metricsToken, hosts, node, clock, version } = options
  const [, host = '127.0.0.1', wanted = '0'] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? []
  // Which hosts are answered is the guard's to say; health is told to any, also to one who names none.
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 30_000, requireHostHeader: false })
  const failure = await new Promise<Failure | null>((settle) => {
    server.once('error', (error) => settle(failureOf(error)))
    server.listen(Number(wanted), host, () => settle(null))
  })
  if (failure) return failure
  const { port } = server.address() as AddressInfo

  const guard = createControlGuard({ token, metricsToken, host, ...(hosts === undefined ? {} : { names: hosts }) })
  const feed = createFeedSocket({ node, clock })
  const page = createStaticFiles(options.dashboardDir)
  const routes = controlRoutes({
    node,
    networkDesk: options.networkDesk,
    // The answer goes out first.
    leave: () => void clock.setTimeout(options.onDrained ?? (() => {}), ANSWER_FIRST_MS),
    metrics: () => metricsText(measure(node, clock, version)),
    openapi: async () => (await import('./openapi.ts')).openapi(version),
    diagram: createStaticFiles(options.diagramsDir),
  })

  server.on('error', () => undefined)
  server.on('request', (request, response) => {
    respond(request).then(
      (reply) => send(request, response, reply),
      () => send(request, response, problem(500, 'Something went wrong inside; the log says what.')),
    )
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const url = urlOf(request)
    const { method = '', httpVersion, headers, rawHeaders } = request
    const refused = guard.refuse({ method, httpVersion, headers, rawHeaders, upgrade: true })
    const status = refused ? refused.status : url?.pathname !== '/feed' ? 404 : guard.grantOf(headers) === 'all' ? 101 : 401
    if (status !== 101) socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    else void feed.upgrade(request, socket, head, url?.searchParams.get('format') === 'entries' ? 'entries' : 'deltas')
  })

  async function respond(request: IncomingMessage): Promise<ControlReply> {
    const { method = '', httpVersion, headers, rawHeaders } = request
    const url = urlOf(request)
    const reads = method === 'GET' || method === 'HEAD'
    if (reads && url?.pathname === '/healthz') return plain(200, 'ok\n')
    const refused = guard.refuse({ method, httpVersion, headers, rawHeaders, upgrade: false })
    if (reads && url?.pathname === '/readyz') return readiness(node, refused === null && isFromHere(request))
    if (refused) return problem(refused.status, refused.error)
    if (!url) return problem(400, 'The path is not understood.')

    const matching = routes.flatMap((route) => {
      const part = partOf(route.path, url.pathname)
      return part === null ? [] : [{ route, part }]
    })
    if (matching.length > 0 && !isGranted(guard.grantOf(headers), url.pathname)) return problem(401, NO_TOKEN)
    const found = matching.find(({ route }) => route.method === (method === 'HEAD' ? 'GET' : method))
    if (found?.route.method === 'GET') return found.route.run({ part: found.part, body: '', query: url.searchParams })
    if (found) return withBody(request, (body) => found.route.run({ part: found.part, body, query: url.searchParams }))
    if (matching.length > 0) return problem(405, `Use ${matching.map(({ route }) => route.method).join(' or ')} here.`)
    // The page's own files are the same in every package: they reveal nothing.
    return reads ? staticFile(url.pathname) : problem(404, 'There is nothing here.')
  }

  async function staticFile(path: string): Promise<ControlReply> {
    const file = await page(path === '/' ? 'index.html' : path.slice(1))
    if (file) return { type: 'raw', status: 200, contentType: file.type, body: file.content, headers: file.headers }
    if (path === '/')
      return html(
        503,
        '<!doctype html><meta charset="utf-8"><title>moonwalk</title><p>The dashboard was not built: run <code>npm run build</code>.',
      )
    return problem(404, 'There is nothing here.')
  }

  return {
    type: 'listening',
    host,
    port,
    close: () =>
      new Promise((settle) => {
        feed.close()
        server.close(() => settle())
        server.closeAllConnections()
      }),
  }
}

function measure(node: MoonwalkNode, clock: Clock, version: string): Parameters<typeof metricsText>[0] {
  const status = node.status()
  return {
    version,
    status,
    peers: node.peerCounts(),
    newsCount: Math.max(0, ...(['news', 'measurements'] as const).flatMap((kind) => node.recentNews(1, kind).map(({ seq }) => seq))),
    uptimeSeconds: Math.max(0, Math.round(clock.wallMs() - Date.parse(status.node.startedAt)) / 1_000),
    residentBytes: process.memoryUsage.rss(),
  }
}

/** What is missing names services: that is for this machine, and for no page that reached it by a name of its own. */
function readiness(node: MoonwalkNode, tellsWhy: boolean): ControlReply {
  const { isReady, text } = readinessOf(node.status(), node.peerCounts())
  return plain(isReady ? 200 : 503, `${tellsWhy ? text : isReady ? 'ready' : 'not ready'}\n`)
}

const isFromHere = ({ socket }: IncomingMessage): boolean => /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '')

async function withBody(request: IncomingMessage, run: (body: string) => Promise<ControlReply> | ControlReply): Promise<ControlReply> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    return problem(415, 'Send JSON, with the content type application/json.')
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request) {
    bytes += piece.length
    if (bytes > MAX_BODY_BYTES) return problem(413, `A body has at most ${MAX_BODY_BYTES} bytes.`)
    pieces.push(piece)
  }
  return run(Buffer.concat(pieces).toString('utf8'))
}

function send(request: IncomingMessage, response: ServerResponse, reply: ControlReply): void {
  if (reply.type === 'held') return hold(response, reply)
  const own = reply.type === 'json' ? {} : reply.headers
  const contentType = reply.type === 'json' ? 'application/json' : reply.contentType
  const body = Buffer.from(reply.type === 'json' ? JSON.stringify(reply.body) : reply.body)
  response.writeHead(reply.status, {
    ...PAGE_HEADERS,
    ...own,
    'content-type': contentType,
    'content-length': body.length,
    // A body that was not read would be taken for the next request.
    ...(request.complete || request.method === 'GET' ? {} : { connection: 'close' }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** For as long as whoever asked stays. */
function hold(response: ServerResponse, { status, body, onMore, close }: Extract<ControlReply, { readonly type: 'held' }>): void {
  response.on('close', () => void close())
  if (response.destroyed) return void close()
  response.writeHead(status, { ...PAGE_HEADERS, 'content-type': 'application/json' })
  const say = (line: object): void => void response.write(`${JSON.stringify(line)}\n`)
  say(body)
  onMore(say)
}

/** What stands in the place of `{…}`, empty where the pattern has none; null when it does not match. */
function partOf(pattern: string, path: string): string | null {
  const [before = '', after] = pattern.split(/\{[^}]*\}/, 2)
  if (after === undefined) return path === pattern ? '' : null
  const part = path.slice(before.length, path.length - after.length)
  return path.startsWith(before) && path.endsWith(after) && part !== '' && !part.includes('/') ? part : null
}

/** Null unless the target is a path. */
function urlOf({ url = '' }: IncomingMessage): URL | null {
  return /^\/(?!\/)/.test(url) && URL.canParse(url, 'http://control') ? new URL(url, 'http://control') : null
}

const plain = (status: number, body: string): ControlReply => ({ type: 'raw', status, contentType: 'text/plain; charset=utf-8', body })
const html = (status: number, body: string): ControlReply => ({ type: 'raw', status, contentType: 'text/html; charset=utf-8', body })

function failureOf(error: Error & { readonly code?: string }): Failure {
  if (error.code === 'EADDRINUSE') return { type: 'failed', reason: 'in-use', text: 'the address is in use' }
  if (error.code === 'EACCES') return { type: 'failed', reason: 'denied', text: 'the system does not allow that port' }
  return { type: 'failed', reason: 'unreachable', text: `this machine does not have that address (${error.code ?? error.message})` }
}
