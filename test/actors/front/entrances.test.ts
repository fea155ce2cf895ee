import { expect, test } from 'vitest'
import { createEntrances } from '../../../src/actors/front/entrances.ts'
import type { Entrance } from '../../../src/actors/front/public-routes.ts'
import type { VhostFinder } from '../../../src/frp/index.ts'
import type { Failure, Listening, ServeOptions } from '../../../src/ports.ts'
import { inbound } from '../inbound.ts'
import { stateParts } from '../state-parts.ts'

const IN_USE: Failure = { type: 'failed', reason: 'in-use', text: 'port 8088 is in use' }
const PUBLIC = '0.0.0.0:8088'
const INNER = '127.0.0.1:0'

/** `refusing`: addresses that can't be had. */
function start({ listen = PUBLIC, refusing = [] }: { readonly listen?: string | null; readonly refusing?: readonly string[] } = {}) {
  const { own } = stateParts({ port: null })
  const served = new Map<string, ServeOptions>()
  const told: string[] = []
  const vhosts: VhostFinder = { http: () => ({ type: 'no-domain' }), https: () => null }
  const entrances = createEntrances({
    http: {
      serve: async (options): Promise<Listening | Failure> => {
        if (refusing.includes(options.address)) return IN_USE
        served.set(options.address, options)
        const [host = '', port] = options.address.split(':')
        return {
          type: 'listening',
          host,
          port: Number(port) || 40_123,
          close: async () => {
            told.push(`${options.address} closed`)
          },
        }
      },
    },
    listen,
    own,
    routes: async ({ path }, entrance: Entrance) => ({ status: 200, body: `${path} from ${entrance}` }),
    acceptFrp: () => told.push('an frp client'),
    acceptConnect: () => told.push('a node that connects'),
    vhosts,
  })
  return { own, entrances, served, told, vhosts }
}

test('both are opened, and this node knows where', async () => {
  const { own, entrances } = start()
  expect([entrances.bindHost(), entrances.innerAddress(), own.listenPort()]).toEqual(['0.0.0.0', '127.0.0.1:0', null])
  expect(await entrances.open()).toEqual({ type: 'opened', listen: PUBLIC })
  expect([entrances.bindHost(), entrances.innerAddress(), own.listenPort()]).toEqual(['0.0.0.0', '127.0.0.1:40123', 8_088])
})

test('each knows how what comes in has come, and only the public one takes frp and domains', async () => {
  const { entrances, served, told, vhosts } = start()
  await entrances.open()
  const [outer, inner] = [served.get(PUBLIC), served.get(INNER)]
  const answers = await Promise.all([outer, inner].map((one) => one?.onRequest(inbound({ path: '/x' }))))
  expect(answers.map((answer) => answer?.body)).toEqual(['/x from public', '/x from tunnel'])
  expect([outer?.vhosts === vhosts, inner?.vhosts, inner?.onFrp, typeof outer?.onFrp, told]).toEqual([
    true,
    undefined,
    undefined,
    'function',
    [],
  ])
})

test('nothing is opened to the outside where the node listens nowhere', async () => {
  const { own, entrances, served } = start({ listen: null })
  expect([await entrances.open(), [...served.keys()], own.listenPort(), entrances.bindHost()]).toEqual([
    { type: 'opened', listen: null },
    [INNER],
    null,
    '127.0.0.1',
  ])
})

test('a port that can not be had is said in one sentence, and nothing else is opened', async () => {
  const { own, entrances, served } = start({ refusing: [PUBLIC] })
  expect([await entrances.open(), served.size, own.listenPort()]).toEqual([
    { type: 'refused', text: "can't listen on 0.0.0.0:8088: port 8088 is in use" },
    0,
    null,
  ])
})

test('where this machine itself can not be listened on, the public port is given back', async () => {
  const { entrances, told } = start({ refusing: [INNER] })
  expect([await entrances.open(), told]).toEqual([
    { type: 'refused', text: "can't listen on this machine itself: port 8088 is in use" },
    [`${PUBLIC} closed`],
  ])
})

test('both are closed', async () => {
  const { entrances, told } = start()
  await entrances.open()
  await entrances.close()
  expect(told).toEqual([`${PUBLIC} closed`, `${INNER} closed`])
})

test('closing what was never opened is no trouble', async () => {
  const { entrances, told } = start()
  await entrances.close()
  expect(told).toEqual([])
})
