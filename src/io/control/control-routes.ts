// What the control port answers, as a table. `openapi.ts` describes the same routes; a test compares them.
import type { MoonwalkNode, NetworkDesk, Refusal } from '../../answers.ts'
import { tamed } from '../../domain/tame.ts'
import { DIAGRAM_HEADERS } from './page-headers.ts'
import { readPageAsk } from './page-query.ts'

/** An answer as JSON, or one to be sent as it is. */
export type ControlReply =
  | { readonly type: 'json'; readonly status: number; readonly body: object }
  | {
      readonly type: 'raw'
      readonly status: number
      readonly contentType: string
      readonly body: string | Buffer
      readonly headers?: Readonly<Record<string, string>>
    }
  /**
   * JSON and a newline at once, then a line for each further object that comes; the answer ends when `close` has run, which it does
   * when whoever asked has gone.
   */
  | {
      readonly type: 'held'
      readonly status: number
      readonly body: object
      readonly onMore: (listener: (line: object) => void) => void
      readonly close: () => Promise<void>
    }

export interface ControlRoute {
  readonly method: 'GET' | 'POST'
  /** `{name}` stands for one part of the path. */
  readonly path: string
  readonly run: (request: {
    readonly part: string
    readonly body: string
    readonly query: URLSearchParams
  }) => Promise<ControlReply> | ControlReply
}

export interface RouteSources {
  readonly node: MoonwalkNode
  readonly networkDesk: NetworkDesk
  /** The node is to be stopped, once the answer is out. */
  readonly leave: () => void
  readonly metrics: () => string
  readonly openapi: () => Promise<object>
  readonly diagram: (name: string) => Promise<{ readonly content: Buffer; readonly type: string } | null>
}

export function controlRoutes({ node, networkDesk, leave, metrics, openapi, diagram }: RouteSources): readonly ControlRoute[] {
  return [
    get('/api/status', () => json(200, node.status())),
    get('/api/history', ({ query }) => history(node, query.get('minutes'))),
    get('/api/netcheck', () => json(200, node.netcheck())),
    get('/api/doctor', async () => json(200, await node.checkup())),
    get('/api/peers', ({ query }) => peersPage(node, 'here', query)),
    get('/api/peers/all', ({ query }) => peersPage(node, 'all', query)),
    get('/api/table', () => json(200, node.table())),
    get('/api/states', () => json(200, { schemaVersion: 1, states: node.activeStates() })),
    get('/api/news', () => json(200, { schemaVersion: 1, news: node.recentNews(256) })),
    get('/api/measurements', () => json(200, { schemaVersion: 1, measurements: node.recentNews(256, 'measurements') })),
    get('/api/network', () => json(200, networkDesk.show())),
    get('/api/invitation', () => {
      const answer = networkDesk.invite()
      return isRefusal(answer) ? refusal(409, answer) : json(200, answer)
    }),
    action('/api/network/rotate', 409, 'rotation', ({ step, invitation }) => networkDesk.rotate(step, invitation)),
    get('/api/openapi.json', async () => json(200, await openapi())),
    get('/metrics', () => raw('text/plain; version=0.0.4; charset=utf-8', metrics())),
    get('/api/diagrams/{file}', async ({ part }) => {
      const file = /^[a-zA-Z0-9-]+\.svg$/.test(part) ? await diagram(part) : null
      return file ? { ...raw(file.type, file.content), headers: DIAGRAM_HEADERS } : problem(404, 'There is no such diagram.')
    }),
    action('/api/peers', 409, 'address', ({ address }) => node.add(address)),
    action('/api/peers/remove', 404, 'peer', ({ peer }) => node.remove(peer)),
    action('/api/turn/pin', 409, 'pins', ({ peers }) => node.pin(peers)),
    action('/api/services', 409, 'service', ({ spec, timeoutMs }) => node.expose(spec, timeoutMs)),
    action('/api/services/remove', 404, 'serviceName', ({ name }) => node.unexpose(name)),
    action('/api/drain', 409, 'drain', async ({ patienceMs }) => {
      const answer = await node.drain(patienceMs)
      leave()
      return answer
    }),
    action('/api/ping', 409, 'peer', ({ peer }) => node.ping(peer)),
    action('/api/speedtest', 409, 'peer', ({ peer }) => node.speedtest(peer)),
    get('/api/connectable', async () => json(200, tamed(await node.connectable()))),
    {
      method: 'POST',
      path: '/api/connect',
      run: async ({ body }) => {
        const read = await bodyOf('connect', body)
        if (read.type === 'refused') return problem(400, read.text)
        const answer = await node.connect(read.body.target, read.body.port)
        if (isRefusal(answer)) return refusal(409, tamed(answer))
        const { type: _, close, onNews, ...connection } = answer
        const onMore = (listener: (line: object) => void): void => onNews((news) => listener({ schemaVersion: 1, ...tamed(news) }))
        return { type: 'held', status: 200, body: { schemaVersion: 1, ...tamed(connection) }, onMore, close }
      },
    },
  ]
}

function history(node: MoonwalkNode, minutes: string | null): ControlReply {
  if (minutes !== null && !/^[1-9]\d{0,4}$/.test(minutes)) return problem(400, 'minutes is a whole number from 1.')
  return json(200, node.history(...(minutes === null ? [] : [Number(minutes)])))
}

/** All, or the page that the query asks for. */
function peersPage(node: MoonwalkNode, which: 'here' | 'all', query: URLSearchParams): ControlReply {
  const asked = readPageAsk(query)
  if (typeof asked === 'string') return problem(400, asked)
  return json(200, asked === null ? node.peers(which) : node.peers(which, asked))
}

export const json = (status: number, body: object): ControlReply => ({ type: 'json', status, body })
export const problem = (status: number, error: string): ControlReply => json(status, { schemaVersion: 1, error })
const refusal = (status: number, { text, left }: Refusal): ControlReply =>
  json(status, { schemaVersion: 1, error: text, ...(left === undefined ? {} : { left }) })
const raw = (contentType: string, body: string | Buffer): ControlReply & { readonly type: 'raw' } => ({
  type: 'raw',
  status: 200,
  contentType,
  body,
})

type Bodies = typeof import('./control-bodies.ts').controlBodies
type Body<Name extends keyof Bodies> = import('zod').output<Bodies[Name]>

async function bodyOf<Name extends keyof Bodies>(name: Name, text: string) {
  const { controlBodies, readBody } = await import('./control-bodies.ts')
  const schema: import('zod').ZodType<unknown> = controlBodies[name]
  return readBody(schema as import('zod').ZodType<Body<Name>>, text)
}

const get = (path: string, run: ControlRoute['run']): ControlRoute => ({ method: 'GET', path, run })

/** `refusedStatus`: what a refusal by the node is answered with. `name`: of the body that it takes. */
function action<Name extends keyof Bodies>(
  path: string,
  refusedStatus: 404 | 409,
  name: Name,
  act: (body: Body<Name>) => Promise<object> | object,
): ControlRoute {
  return {
    method: 'POST',
    path,
    run: async ({ body: text }) => {
      const read = await bodyOf(name, text)
      if (read.type === 'refused') return problem(400, read.text)
      const answer = tamed(await act(read.body))
      return isRefusal(answer) ? refusal(refusedStatus, answer) : json(200, { schemaVersion: 1, ...answer })
    },
  }
}

const isRefusal = (answer: object): answer is Refusal => 'type' in answer && answer.type === 'refused'
