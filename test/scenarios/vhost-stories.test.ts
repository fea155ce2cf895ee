// A web service with a domain in a network: how it is proven, who answers for it, where it goes when its TURN dies.
import { describe, expect, test } from 'vitest'
import type { ServiceSpec } from '../../src/answers.ts'
import { isFailure } from '../../src/ports.ts'
import { type LiveNode, liveNode, NODE_PORT } from '../sim/live-node.ts'
import { kill, play, type Script, slow, tell } from '../sim/story.ts'
import type { World } from '../sim/world.ts'

const WEB = 3_000
const DOMAIN = 'web.example.org'
const SERVICE: ServiceSpec = { name: 'web', kind: 'http', local: `127.0.0.1:${WEB}`, domain: DOMAIN }

/** A web server on a host's own loopback. */
function webOn(world: World, host: string): void {
  const { http } = world.ports(host)
  void http.serve({ address: `127.0.0.1:${WEB}`, onRequest: async ({ method, path }) => ({ status: 200, body: `${method} ${path}` }) })
}

/** Somebody elsewhere who asks a node's port for a host. */
async function ask(world: World, at: string, host: string, path: string): Promise<string> {
  const answer = await world.ports('elm').http.request(`${world.host(at).ip}:${NODE_PORT}`, {
    method: 'GET',
    path,
    headers: { host, connection: 'close' },
    timeoutMs: 1_000,
  })
  return isFailure(answer) ? answer.text : `${answer.status} ${answer.body}`.trim()
}

/** ash and birch are TURNs, ash the nearer one; `me` has the service. */
const live = (
  script: Script,
  {
    behindNat = true,
    services = [SERVICE],
    allowDomains = ['*.example.org'],
    asked = [] as readonly (readonly [number, string, string, string])[],
  } = {},
) =>
  play([[0, slow('me', 'birch', 20)], ...script], {
    forMs: 40_000,
    begin: (world) => {
      world.host('ash')
      world.host('birch')
      world.host('me', { behindNat })
      world.host('elm', { behindNat: true })
      const seeds = [`${world.host('ash').ip}:${NODE_PORT}`]
      const told: string[] = []
      webOn(world, 'me')
      liveNode(world, 'ash', { allowDomains })
      liveNode(world, 'birch', { seeds, allowDomains })
      const me: LiveNode = liveNode(world, 'me', { seeds, services, ...(behindNat ? { listen: null } : {}) }, (node) =>
        tell(world, node, { only: ['service.up', 'service.down', 'turn.lost'], into: told }),
      )
      for (const [atMs, ...question] of asked)
        world.clock.setTimeout(() => void ask(world, ...question).then((answer) => told.push(`${question.join(' ')} → ${answer}`)), atMs)
      return () => ({
        told,
        services: me.current.status().services.map(({ name, state, public: at, error }) => `${name} ${state} ${at} ${error}`),
      })
    },
  })

describe('a web service with a domain', () => {
  test('behind a NAT is answered for by its TURN, and by the next when that dies', async () => {
    const asked = [
      [10_000, 'ash', DOMAIN, '/hello'],
      [10_000, 'ash', `${DOMAIN.toUpperCase()}:${NODE_PORT}`, '/again'],
      [10_000, 'ash', 'other.example.org', '/hello'],
      [10_000, 'birch', DOMAIN, '/hello'],
      [30_000, 'birch', DOMAIN, '/hello'],
    ] as const
    expect(await live([[20_000, kill('ash')]], { asked })).toMatchInlineSnapshot(`
      {
        "services": [
          "web up http://web.example.org:8088 null",
        ],
        "told": [
          "161.1 service.up web http://web.example.org:8088",
          "ash other.example.org /hello → 404 nothing here",
          "ash web.example.org /hello → 200 GET /hello",
          "ash WEB.EXAMPLE.ORG:8088 /again → 200 GET /again",
          "birch web.example.org /hello → 200 GET /hello",
          "20015 turn.lost ash ash connection reset; then, logging in again: connection refused",
          "birch web.example.org /hello → 200 GET /hello",
        ],
      }
    `)
  })

  test('of a node that others can connect to is answered for by itself, but for what nodes ask each other', async () => {
    const asked = [
      [10_000, 'me', DOMAIN, '/v2/images'],
      [10_000, 'me', DOMAIN, '/v2/echo'],
      [10_000, 'me', 'other.example.org', '/nothing'],
    ] as const
    expect(await live([], { behindNat: false, asked })).toMatchInlineSnapshot(`
      {
        "services": [
          "web up http://web.example.org:8088 null",
        ],
        "told": [
          "60.25 service.up web http://web.example.org:8088",
          "me web.example.org /v2/echo → 403 nodes speak here over the members' channel: TLS 1.3 with ALPN moonwalk/1",
          "me other.example.org /nothing → 404 nothing here",
          "me web.example.org /v2/images → 200 GET /v2/images",
        ],
      }
    `)
  })

  test('that the TURN of an open network does not grant is told so', async () => {
    const { services } = await live([], { allowDomains: [] })
    expect(services).toEqual([`web down null the domain ${DOMAIN} is not allowed at ash`])
  })

  test('whose domain the TURN serves already is told so', async () => {
    const { services } = await live([], { services: [SERVICE, { ...SERVICE, name: 'late' }] })
    expect(services).toEqual([`web up http://${DOMAIN}:${NODE_PORT} null`, `late down null the domain ${DOMAIN} is taken at ash`])
  })
})
