import { describe, expect, test } from 'vitest'
import { createNodeVhosts } from '../../../src/actors/carrying/node-vhosts.ts'
import { NO_RULES } from '../../../src/frp/web/http-rules.ts'

const own = { address: () => '203.0.113.7:8088', via: () => null, advertised: () => 'turn.example.org:8088', listenPort: () => 8088 }
const rig = () => createNodeVhosts({ own, hostname: 'Ash', subdomainHost: null, grantedDomains: [] })
const route = { rules: NO_RULES, serve: () => {} }
const claim = ({ vhosts }: ReturnType<typeof rig>, domain: string) =>
  vhosts.claim({ type: 'https', domains: [domain], subdomain: '', locations: [] }, route, { owner: 'member ann', trusted: true })

describe('no client has as its domain', () => {
  test.each(['turn.example.org', 'ash', '203.0.113.7', 'localhost', 'seen.example.org'])('%s', (domain) => {
    const parts = rig()
    parts.ownNames.heard('Seen.example.org:8088')
    expect(claim(parts, domain)).toEqual({ type: 'refused', error: `custom domain [${domain}] is the server's own` })
  })
})

test('a name that a service has as its domain does not become the node’s own', () => {
  const parts = rig()
  claim(parts, 'app.example.org')
  parts.ownNames.heard('app.example.org')
  expect(parts.vhosts.https('app.example.org')).toEqual(route)
})

test('of the names members used 64 are kept', () => {
  const { ownNames } = rig()
  for (let i = 0; i < 65; i++) ownNames.heard(`n${i}.example.org`)
  expect(['n0.example.org', 'n1.example.org', 'n64.example.org'].map(ownNames.has)).toEqual([false, true, true])
})

test('paths of nodes are not a service’s, others below /v2/ are', () => {
  const parts = rig()
  parts.vhosts.claim({ type: 'http', domains: ['a.org'], subdomain: '', locations: [] }, route)
  const types = ['/v2/hello', '/v2/speed/up', '/v2/', '/v2/hello/manifests/1'].map((path) => parts.vhosts.http('a.org', path).type)
  expect(types).toEqual(['no-domain', 'no-domain', 'found', 'found'])
})
