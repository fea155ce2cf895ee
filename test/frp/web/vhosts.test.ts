import { describe, expect, test } from 'vitest'
import { NO_RULES } from '../../../src/frp/web/http-rules.ts'
import { hostName, isDomain, VhostTable } from '../../../src/frp/web/vhost-table.ts'
import { type VhostRoute, type VhostSpec, Vhosts } from '../../../src/frp/web/vhosts.ts'

test.each([
  ['web.example.org', 'web.example.org'],
  ['Web.Example.ORG:8088', 'web.example.org'],
  ['web.example.org.', 'web.example.org'],
  ['web.example.org.:80', 'web.example.org'],
  ['web.example.org:', 'web.example.org'],
  ['[2001:DB8::1]:80', '[2001:db8::1]'],
  ['2001:db8::1', ''],
  ['web.example.org:80:90', ''],
  ['web.example.org:8o', ''],
  ['', ''],
])('the authority %j names %j', (authority, name) => expect(hostName(authority)).toEqual(name))

test.each([
  ['web.example.org', true],
  ['*.example.org', true],
  ['*', true],
  ['localhost', true],
  ['_a-b.xn--p1ai', true],
  ['', false],
  ['*.', false],
  ['a.*.org', false],
  ['**.example.org', false],
  ['-a.org', false],
  ['a..org', false],
  ['a.org.', false],
  ['a.org:80', false],
  ['a b', false],
  ['a/b', false],
  [`${'a'.repeat(64)}.org`, false],
  ['a.'.repeat(127), false],
])('%j as a domain: %j', (domain, isOne) => expect(isDomain(domain)).toEqual(isOne))

describe('a table', () => {
  const table = new VhostTable<string>()
  const given: readonly (readonly [string, string])[] = [
    ['a.b.org', ''],
    ['a.b.org', '/in'],
    ['a.b.org', '/in/side'],
    ['*.b.org', '/wild'],
    ['*.c.b.org', ''],
    ['only.b.org', '/here'],
  ]
  for (const [domain, location] of given) table.add(domain, location, `${domain} ${location}`)

  const found = (value: string) => ({ type: 'found', value })
  test.each([
    ['a.b.org', '/', found('a.b.org ')],
    ['a.b.org', '/in', found('a.b.org /in')],
    ['a.b.org', '/inn', found('a.b.org /in')],
    ['a.b.org', '/in/sider', found('a.b.org /in/side')],
    ['x.b.org', '/wild/x', found('*.b.org /wild')],
    ['x.b.org', '/', { type: 'no-location' }],
    ['x.c.b.org', '/wild', found('*.c.b.org ')],
    ['x.y.c.b.org', '/', found('*.c.b.org ')],
    ['c.b.org', '/wild', found('*.b.org /wild')],
    ['only.b.org', '/wild', found('*.b.org /wild')], // its own domain has no such path, the wildcard has
    ['b.org', '/', { type: 'no-domain' }],
    ['org', '/', { type: 'no-domain' }],
    ['', '/', { type: 'no-domain' }],
  ])('has %s%s with %j', (host, path, expected) => expect(table.find(host, path)).toEqual(expected))

  test('has the same twice for nobody', () => expect(table.add('a.b.org', '/in', 'again')).toEqual(false))

  test('forgets what was taken back, and no more', () => {
    const small = new VhostTable<string>()
    small.add('a.org', '', 'all')
    small.add('a.org', '/in', 'in')
    small.add('*', '', 'else')
    small.remove('a.org', '')
    expect([small.find('a.org', '/in'), small.find('a.org', '/'), small.size]).toEqual([found('in'), found('else'), 2])
    small.remove('a.org', '/in')
    small.remove('*', '')
    expect([small.find('a.org', '/in'), small.size]).toEqual([{ type: 'no-domain' }, 0])
  })
})

const route = (): VhostRoute => ({ rules: NO_RULES, serve: () => {} })
const vhosts = (subdomainHost: string | null = null, port = 8088): Vhosts =>
  new Vhosts({ port: () => port, isOwn: (host) => host === '203.0.113.7' || host === 'node.example.org', subdomainHost })
const wish = (fields: Partial<VhostSpec>): VhostSpec => ({ type: 'http', domains: [], subdomain: '', locations: [], ...fields })

describe('a claim', () => {
  test.each([
    ['one domain', wish({ domains: ['Web.example.org'] }), 'web.example.org:8088'],
    ['two, and one that is empty', wish({ domains: ['a.org', '', '*.b.org'] }), 'a.org:8088,*.b.org:8088'],
    ['one at two places, told twice as stock does', wish({ domains: ['a.org'], locations: ['/a', '/b'] }), 'a.org:8088,a.org:8088'],
    ['a subdomain', wish({ subdomain: 'Web' }), 'web.frps.example:8088'],
    ['https, where locations mean nothing', wish({ type: 'https', domains: ['a.org'], locations: ['/a', '/b'] }), 'a.org:8088'],
  ])('of %s is held', (_, given, addresses) =>
    expect(vhosts('frps.example').claim(given, route())).toEqual({
      type: 'held',
      addresses,
      domains: expect.any(Array),
      release: expect.any(Function),
    }),
  )

  test.each([80, 443])('leaves port %i out of the addresses', (port) =>
    expect(vhosts(null, port).claim(wish({ domains: ['a.org'] }), route())).toEqual({
      type: 'held',
      addresses: 'a.org',
      domains: ['a.org'],
      release: expect.any(Function),
    }),
  )

  const SUB = 'frps.example'
  test.each([
    ['nothing', null, wish({}), 'custom_domains and subdomain should set at least one of them'],
    [
      'a subdomain of nothing',
      null,
      wish({ subdomain: 'web' }),
      'subdomain is not supported because this feature is not enabled in remote frps',
    ],
    ['a subdomain with a dot', SUB, wish({ subdomain: 'a.b' }), "'.' and '*' is not supported in subdomain"],
    ['every subdomain', SUB, wish({ subdomain: '*' }), "'.' and '*' is not supported in subdomain"],
    ['a subdomain that is no name', SUB, wish({ subdomain: 'a b' }), 'subdomain [a b] is no domain name'],
    [
      'a domain that is a subdomain',
      SUB,
      wish({ domains: ['A.frps.example'] }),
      'custom domain [A.frps.example] should not belong to subdomain_host [frps.example]',
    ],
    ['what is no domain', null, wish({ domains: ['a.org:80'] }), 'custom domain [a.org:80] is no domain name'],
    ['an address', null, wish({ domains: ['203.0.113.7'] }), "custom domain [203.0.113.7] is the server's own"],
    ["the server's name", null, wish({ domains: ['NODE.example.org'] }), "custom domain [NODE.example.org] is the server's own"],
    [
      'too many',
      null,
      wish({ domains: Array.from({ length: 257 }, (_, i) => `a${i}.org`) }),
      'more domains and locations than one proxy may have',
    ],
    [
      'too long a list',
      null,
      wish({ domains: ['a'.repeat(60)], locations: Array.from({ length: 200 }, (_, i) => `/${i}`) }),
      'more domains and locations than one proxy may have',
    ],
  ])('of %s is refused', (_, subdomainHost, given, error) =>
    expect(vhosts(subdomainHost).claim(given, route())).toEqual({ type: 'refused', error }),
  )

  test('of what is taken gets nothing at all, and the next one does when it is given back', () => {
    const all = vhosts()
    const [first, second] = [route(), route()]
    const held = all.claim(wish({ domains: ['a.org'] }), first)
    expect(all.claim(wish({ domains: ['b.org', 'A.ORG'] }), second)).toEqual({ type: 'refused', error: 'router config conflict' })
    expect([all.http('a.org', '/'), all.http('b.org', '/')]).toEqual([{ type: 'found', value: first }, { type: 'no-domain' }])
    if (held.type === 'held') held.release()
    expect(all.claim(wish({ domains: ['b.org', 'a.org'] }), second)).toEqual({
      type: 'held',
      addresses: 'b.org:8088,a.org:8088',
      domains: ['b.org', 'a.org'],
      release: expect.any(Function),
    })
    if (held.type === 'held') held.release() // a second time: it is somebody else's now
    expect(all.http('a.org', '/')).toEqual({ type: 'found', value: second })
  })

  test('of a name for https leaves it free for http', () => {
    const all = vhosts()
    all.claim(wish({ type: 'https', domains: ['a.org'] }), route())
    expect([all.http('a.org', '/'), all.https('a.org') !== null]).toEqual([{ type: 'no-domain' }, true])
  })
})

describe('a stranger', () => {
  const granting = (): Vhosts =>
    new Vhosts({
      port: () => 80,
      isOwn: () => false,
      subdomainHost: 'apps.example',
      grantedDomains: ['shop.example.org', '*.free.example.org'],
    })
  const stranger = { owner: 'address 203.0.113.9', trusted: false }

  test.each([
    ['what is granted', wish({ domains: ['Shop.example.org'] }), 'shop.example.org'],
    ['what lies below a granted name', wish({ domains: ['a.b.free.example.org'] }), 'a.b.free.example.org'],
    ['a subdomain', wish({ subdomain: 'mine' }), 'mine.apps.example'],
  ])('may have %s', (_, given, addresses) =>
    expect(granting().claim(given, route(), stranger)).toEqual({
      type: 'held',
      addresses,
      domains: [addresses],
      release: expect.any(Function),
    }),
  )

  test.each([
    ['another name', 'turn.example.org'],
    ['what is above a granted name', 'free.example.org'],
    ['all below a granted name', '*.free.example.org'],
    ['what only ends so', 'notfree.example.org'],
  ])('may not have %s', (_, domain) =>
    expect(granting().claim(wish({ domains: [domain] }), route(), stranger)).toEqual({
      type: 'refused',
      error: `custom domain [${domain}] is not granted to strangers`,
    }),
  )

  test('has no part of a domain that is another’s, by no location and by neither protocol', () => {
    const all = granting()
    all.claim(wish({ domains: ['shop.example.org'], locations: ['/in'] }), route(), stranger)
    const other = { owner: 'address 203.0.113.10', trusted: false }
    const tries = [wish({ domains: ['shop.example.org'], locations: ['/out'] }), wish({ type: 'https', domains: ['shop.example.org'] })]
    expect(tries.map((given) => all.claim(given, route(), other))).toEqual(
      Array(2).fill({ type: 'refused', error: 'router config conflict' }),
    )
  })
})

test('every name there is is for nobody', () =>
  expect(vhosts().claim(wish({ domains: ['*'] }), route())).toEqual({
    type: 'refused',
    error: 'custom domain [*] is every name there is; nobody can have that',
  }))

test('what nodes ask each other goes to no service, whatever name it is asked by', () => {
  const all = new Vhosts({ port: () => 80, isOwn: () => false, isOwnPath: (path) => path === '/v2/hello', subdomainHost: null })
  const mine = route()
  all.claim(wish({ domains: ['a.org'] }), mine)
  expect(['/v2/hello', '/v2/%68ello', '/v2/hello/more'].map((path) => all.http('a.org', path))).toEqual([
    { type: 'no-domain' },
    { type: 'no-domain' },
    { type: 'found', value: mine },
  ])
})

describe('a lookup', () => {
  test.each([
    ['203.0.113.7:8088', '/'],
    ['node.example.org', '/'],
    ['NODE.example.org.', '/'],
  ])('of %s is never for somebody who has all names beside it', (host, path) => {
    const all = vhosts()
    all.claim(wish({ domains: ['*.example.org'] }), route())
    all.claim(wish({ type: 'https', domains: ['*.example.org'] }), route())
    expect([all.http(host, path), all.https(host)]).toEqual([{ type: 'no-domain' }, null])
  })

  test('undoes escapes before it compares paths', () => {
    const all = vhosts()
    const [open, closed, odd] = [route(), route(), route()]
    all.claim(wish({ domains: ['a.org'] }), open)
    all.claim(wish({ domains: ['a.org'], locations: ['/admin'] }), closed)
    all.claim(wish({ domains: ['a.org'], locations: ['/grün'] }), odd)
    const paths = ['/', '/admin', '/%61dmi%6E/x', '/%2561dmin', '/gr%C3%BCn', Buffer.from('/grün').toString('latin1'), '/%zz']
    expect(paths.map((path) => all.http('a.org', path))).toEqual(
      [open, closed, closed, open, odd, odd, open].map((value) => ({ type: 'found', value })),
    )
  })

  test('of no name at all is for nobody', () => {
    const all = vhosts()
    all.claim(wish({ type: 'https', domains: ['*.example.org'] }), route())
    expect(all.https('')).toEqual(null)
  })
})
