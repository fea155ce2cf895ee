import { describe, expect, test } from 'vitest'
import type { ProxySpec } from '../../../src/frp/contract.ts'
import { Vhosts } from '../../../src/frp/web/vhosts.ts'
import { settle } from '../frp-clock.ts'
import { Caller, PROXY, World } from '../frp-world.ts'
import { acceptedOf } from '../link-pair.ts'

const WEB: Partial<ProxySpec> = { type: 'http', customDomains: ['web.example.org'] }
const SECURE: Partial<ProxySpec> = { ...WEB, type: 'https' }

function worldWithDomains() {
  const vhosts = new Vhosts({ port: () => 8088, isOwn: () => false, subdomainHost: null })
  const world = new World({ vhosts })
  /** A user who comes for the domain; null when it is nobody's. `first`: what was read of the connection already. */
  const user = (type: 'http' | 'https', first: Buffer | null = null, remote?: { host: string; port: number }): Caller | null => {
    const found = type === 'http' ? vhosts.http('web.example.org', '/') : vhosts.https('web.example.org')
    const route = found === null || !('type' in found) ? found : found.type === 'found' ? found.value : null
    if (route === null) return null
    const [near, far] = world.pair()
    const accepted = acceptedOf(far, first)
    route.serve({ ...accepted, ...(remote ? { remote } : {}) })
    return new Caller(near)
  }
  return { world, vhosts, user }
}

const refusals = (world: World) => world.told.flatMap((fact) => (fact.type === 'proxy.refused' ? [fact.why] : []))

describe.each([
  ['plain', {}, { mux: true }],
  ['without mux', {}, { mux: false }],
  ['with encryption and compression', { useEncryption: true, useCompression: true }, { mux: true }],
])('a domain %s', (_, coding, ends) => {
  test.each([
    ['http', WEB],
    ['https', SECURE],
  ] as const)('of type %s is told as its address, and its users are carried and counted', async (type, spec) => {
    const { world, user } = worldWithDomains()
    const { told } = await world.serving({ ...spec, ...coding }, ends)
    expect(told.at(-1)).toEqual({ type: 'client.proxyStarted', proxy: 'web', remoteAddr: 'web.example.org:8088' })
    const one = user(type, Buffer.from('first, '), { host: '203.0.113.9', port: 4_000 })
    one?.link.write(Buffer.from('then the rest'))
    await settle()
    expect(one?.text).toEqual('first, then the rest')
    expect(told.at(-1)).toEqual({ type: 'client.served', proxy: 'web', from: '203.0.113.9:4000', ok: true, error: null })
    one?.link.end()
    await settle()
    const [carried] = world.server.figures().sessions[0]?.proxies ?? []
    expect([carried?.name, carried?.kind]).toEqual(['web', type])
    expect(carried?.meter.figures(0)).toEqual({
      connectionsNow: 0,
      connectionsEver: 1,
      bytesIn: 20,
      bytesOut: 20,
      errorsEver: 0,
      lastError: null,
    })
  })
})

test('a client is told by whom it is visited, and for http not where', async () => {
  const { world, vhosts } = worldWithDomains()
  await world.serving(WEB)
  const found = vhosts.http('web.example.org', '/')
  const [near, far] = world.pair()
  if (found.type === 'found') found.value.serve({ ...acceptedOf(far), local: { host: '', port: 0 } })
  const caller = new Caller(near)
  caller.link.write(Buffer.from('hello'))
  await settle()
  expect(caller.text).toEqual('hello')
})

test('a domain is free again once its proxy is closed, its client leaves or logs in anew', async () => {
  const { world, user } = worldWithDomains()
  const first = await world.serving(WEB, { runId: 'mine' })
  first.client.closeProxy('web')
  await settle()
  expect(user('http')).toEqual(null)
  first.client.openProxy({ ...PROXY, ...WEB })
  await settle()
  const again = await world.serving(WEB, { runId: 'mine' })
  expect(again.told.at(-1)?.type).toEqual('client.proxyStarted')
  again.client.end('gone')
  await settle()
  expect([user('http'), refusals(world), world.clock.timerCount]).toEqual([null, [], 0])
  expect(world.told.filter(({ type }) => type.startsWith('proxy'))).toEqual([
    { type: 'proxy.opened', session: 1, proxy: 'web', port: 8088 },
    { type: 'proxy.closed', session: 1, proxy: 'web', port: 8088 },
    { type: 'proxy.opened', session: 1, proxy: 'web', port: 8088 },
    { type: 'proxy.closed', session: 1, proxy: 'web', port: 8088 },
    { type: 'proxy.opened', session: 2, proxy: 'web', port: 8088 },
    { type: 'proxy.closed', session: 2, proxy: 'web', port: 8088 },
  ])
})

test('a domain and a name are had once', async () => {
  const { world } = worldWithDomains()
  await world.serving(WEB)
  const domain = await world.serving({ ...WEB, name: 'other' })
  const name = await world.serving({ ...WEB, customDomains: ['b.org'] })
  const nothing = await world.serving({ ...WEB, name: 'third', customDomains: [] })
  expect([domain, name, nothing].map(({ told }) => told.at(-1))).toEqual([
    { type: 'client.proxyRefused', proxy: 'other', error: 'router config conflict' },
    { type: 'client.proxyRefused', proxy: 'web', error: 'proxy name [web] is already in use' },
    { type: 'client.proxyRefused', proxy: 'third', error: 'custom_domains and subdomain should set at least one of them' },
  ])
})

test('a user whom the client sends no work connection for is turned away after 10 s', async () => {
  const { world, user } = worldWithDomains()
  let dials = 0
  const dialServer = async (...given: Parameters<typeof world.dialServer>) =>
    ++dials === 1 ? world.dialServer(...given) : ({ type: 'failed', text: 'no way' } as const)
  await world.serving(WEB, { mux: false, dialServer, poolCount: 0 })
  const one = user('http')
  await world.clock.advance(9_999)
  expect(one?.closed).toEqual(false)
  await world.clock.advance(1)
  expect(one?.ended).toEqual(true)
})

test('a user of a service that is down is let go', async () => {
  const { world, user } = worldWithDomains()
  const { told } = await world.serving(WEB)
  world.localFails = true
  const one = user('http')
  await settle()
  expect(one?.closed).toEqual(true)
  expect(told.at(-1)).toEqual({
    type: 'client.served',
    proxy: 'web',
    from: expect.any(String),
    ok: false,
    error: 'connection refused',
  })
})
