// `moonwalk replay FILE`: the page in front of a recording. It is read only, and guarded as the control port is: a recording tells as
// much as a node does.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Failure, Listening } from '../../ports.ts'
import { createControlGuard } from './control-guard.ts'
import { createStaticFiles, type StaticFile } from './dashboard-files.ts'
import { DIAGRAM_HEADERS, PAGE_HEADERS } from './page-headers.ts'

export interface ReplayServerOptions {
  /** Port 0 picks one. */
  readonly port: number
  readonly token: string
  /** The recording's lines. */
  readonly recording: Buffer
  readonly dashboardDir: string
  readonly diagramsDir: string
}

const HOST = '127.0.0.1'

export async function startReplayServer({ port, token, recording, ...folders }: ReplayServerOptions): Promise<Listening | Failure> {
  const guard = createControlGuard({ token, metricsToken: token, host: HOST })
  const [page, diagrams] = [createStaticFiles(folders.dashboardDir), createStaticFiles(folders.diagramsDir)]
  const server = createServer((request, response) => {
    void answer(request).then((reply) => send(request, response, reply))
  })
  const failed = await new Promise<Failure | null>((settle) => {
    server.once('error', ({ message }) => settle({ type: 'failed', reason: 'unreachable', text: message }))
    server.listen(port, HOST, () => settle(null))
  })
  if (failed) return failed
  const address = server.address()

  async function answer(request: IncomingMessage): Promise<Reply> {
    const { method = '', httpVersion, headers, rawHeaders, url = '/' } = request
    const refused = guard.refuse({ method, httpVersion, headers, rawHeaders, upgrade: false })
    if (refused) return plain(refused.status, refused.error)
    const [path = '/'] = url.split('?')
    if (method !== 'GET') return plain(405, 'This is a recording: nothing can be changed in it.')
    if (!path.startsWith('/api/')) return fileOf(await page(path === '/' ? 'index.html' : path.slice(1)))
    if (guard.grantOf(headers) !== 'all') return plain(401, 'The token is missing or wrong.')
    if (path === '/api/recording') return { status: 200, type: 'application/x-ndjson', body: recording }
    const name = /^\/api\/diagrams\/([a-zA-Z0-9-]+\.svg)$/.exec(path)?.[1]
    return fileOf(name === undefined ? null : await diagrams(name), DIAGRAM_HEADERS)
  }

  return {
    type: 'listening',
    host: HOST,
    port: typeof address === 'object' && address ? address.port : port,
    close: () =>
      new Promise((settle) => {
        server.close(() => settle())
        server.closeAllConnections()
      }),
  }
}

interface Reply {
  readonly status: number
  readonly type: string
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

const plain = (status: number, text: string): Reply => ({
  status,
  type: 'application/json',
  body: JSON.stringify({ schemaVersion: 1, error: text }),
})

const fileOf = (file: StaticFile | null, headers: Readonly<Record<string, string>> = {}): Reply =>
  file
    ? { status: 200, type: file.type, body: file.content, headers: { ...file.headers, ...headers } }
    : plain(404, 'There is nothing here.')

function send(_: IncomingMessage, response: ServerResponse, { status, type, body, headers }: Reply): void {
  response.writeHead(status, { ...PAGE_HEADERS, ...headers, 'content-type': type })
  response.end(body)
}
