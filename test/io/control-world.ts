// A control server in front of a node that shows what it is told to show, on a clock that is moved by hand.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import WebSocket from 'ws'
import { type ControlServerOptions, startControlServer } from '../../src/io/control/control-server.ts'
import { createFakeDesk, createFakeNode } from '../browser/fake-node.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

export const TOKEN = 'a-token-of-the-tests'
export const METRICS_TOKEN = 'a-token-that-can-only-read'

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

export async function startControlWorld(more: Partial<Pick<ControlServerOptions, 'address' | 'hosts'>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'moonwalk-control-'))
  await mkdir(join(folder, 'dashboard', 'assets'), { recursive: true })
  await mkdir(join(folder, 'diagrams'))
  await writeFile(join(folder, 'secret.svg'), 'not for anybody')
  await writeFile(join(folder, 'dashboard', 'index.html'), '<p>the page')
  await writeFile(join(folder, 'dashboard', 'assets', 'page.js'), 'run()')
  await writeFile(join(folder, 'diagrams', 'node.svg'), '<svg/>')
  const [node, clock] = [createFakeNode(), new VirtualClock()]
  const server = await startControlServer({
    address: '127.0.0.1:0',
    token: TOKEN,
    metricsToken: METRICS_TOKEN,
    ...more,
    node,
    networkDesk: createFakeDesk(),
    clock,
    version: '0.1.0',
    dashboardDir: join(folder, 'dashboard'),
    diagramsDir: join(folder, 'diagrams'),
  })
  if (server.type === 'failed') throw new Error(server.text)
  const { port } = server

  /** Speaks plain HTTP, so that every header is the test's own. */
  const ask = (path: string, { method = 'GET', headers = {}, body }: Asked = {}) =>
    new Promise<Answered>((settle, fail) => {
      const asking = request(
        { host: '127.0.0.1', port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers }, agent: false },
        (response) => {
          const pieces: Buffer[] = []
          response.on('data', (piece: Buffer) => pieces.push(piece))
          response.on('end', () =>
            settle({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces).toString() }),
          )
        },
      )
      asking.on('upgrade', (response, socket) => {
        socket.destroy()
        settle({ status: response.statusCode ?? 0, headers: response.headers, body: '' })
      })
      asking.on('error', fail)
      asking.end(body)
    })

  const bearer = { authorization: `Bearer ${TOKEN}` }
  return {
    node,
    clock,
    server,
    port,
    bearer,
    ask,
    act: (path: string, body: unknown) =>
      ask(path, { method: 'POST', headers: { ...bearer, 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    openFeed: (query = '') => openFeed(`ws://127.0.0.1:${port}/feed${query}`, bearer),
    async end() {
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}

export type ControlWorld = Awaited<ReturnType<typeof startControlWorld>>

/** A reader of the feed. `next` waits for the next message. */
export async function openFeed(url: string, headers: Readonly<Record<string, string>>) {
  const socket = new WebSocket(url, { headers })
  const messages: string[] = []
  const waiting: ((text: string) => void)[] = []
  let count = 0
  socket.on('message', (data) => {
    count += 1
    const waiter = waiting.shift()
    if (waiter) waiter(String(data))
    else messages.push(String(data))
  })
  const closed = new Promise<number>((settle) => socket.on('close', settle))
  await new Promise<void>((settle, fail) => {
    socket.on('open', settle)
    socket.on('error', fail)
  })
  return {
    socket,
    closed,
    received: () => count,
    next: async (): Promise<unknown> => JSON.parse(messages.shift() ?? (await new Promise<string>((settle) => waiting.push(settle)))),
  }
}
