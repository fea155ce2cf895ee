// Whose a domain is on a public port: the node's own services first, then those that other nodes name.
import { expect, test } from 'vitest'
import { createCarriedDomains } from '../../../src/actors/connect/carried-domains.ts'
import { createDomainOwners } from '../../../src/actors/connect/domain-owners.ts'
import { createTableKeeper } from '../../../src/actors/membership/table-keeper.ts'
import { merge, putOwn, removeRow } from '../../../src/domain/ip-table.ts'
import { type AcceptedLink, NO_RULES, Vhosts } from '../../../src/frp/index.ts'
import type { ConnectAsk } from '../../../src/v2/connect.ts'
import { signedBy } from '../../records.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const [ASH, ELM, ME] = ['a0', 'e0', 'f0'].map((two) => two.repeat(16)) as [string, string, string]

interface Setting {
  /** Domains of each node, in the order in which they are heard. */
  readonly told: readonly (readonly [id: string, domains: readonly string[]])[]
  readonly granted?: readonly string[]
  /** Who has which at this node's TURN. */
  readonly leases?: Readonly<Record<string, string>>
}

function start({ told, granted, leases = {} }: Setting) {
  const keeper = createTableKeeper({ clock: new VirtualClock(), self: ME, publish: () => {} })
  const owners = createDomainOwners({ keeper, self: ME })
  const vhosts = new Vhosts({
    port: () => 443,
    isOwn: (host) => host === 'me.example.org',
    isOwnPath: (path) => path === '/v2/echo',
    subdomainHost: null,
  })
  vhosts.claim(
    { type: 'http', domains: ['own.example.org'], subdomain: '', locations: [] },
    { rules: NO_RULES, serve: () => asked.push('own') },
  )
  const asked: unknown[] = []
  const finder = createCarriedDomains({
    vhosts,
    owners,
    domainOwner: (domain) => leases[domain] ?? null,
    reach: async (id: string, ask: ConnectAsk) => {
      asked.push({ id, ...ask })
      return { type: 'refused', status: 404, text: 'no' }
    },
    granted: granted === undefined ? null : { granted, subdomainHost: null },
    onBug: (error) => asked.push(error),
  })
  const hear = (id: string, domains: readonly string[]): void =>
    void keeper.apply((table, wallMs) => putOwn(table, signedBy(id, `${id.slice(0, 2)}.test:8088`, { domains, seq: ++seq }), wallMs))
  let seq = 0
  for (const [id, domains] of told) hear(id, domains)
  const moves = (id: string, domains: readonly string[]): void =>
    void keeper.apply((table, wallMs) => merge(table, [signedBy(id, 'elsewhere.test:8088', { domains, seq: ++seq })], wallMs))
  const forget = (id: string): void => void keeper.apply((table, wallMs) => removeRow(table, id, 'it left', wallMs))
  /** Who gets a request for it; null: this node's own routes. */
  const ownerOf = (scheme: 'http' | 'https', host: string, path = '/'): string | null => {
    const found = finder.http(host, path)
    const route = scheme === 'https' ? finder.https(host) : found.type === 'found' ? found.value : null
    if (route === null) return null
    asked.length = 0
    const user: AcceptedLink = {
      remote: { host: '::ffff:203.0.113.9', port: 4_711 },
      local: { host: '198.51.100.1', port: 443 },
      tls: false,
      first: null,
      open: () => {
        throw new Error('not opened')
      },
      refuse: () => asked.push('refused'),
    }
    route.serve(user)
    const [first] = asked
    return first === 'own' ? 'me' : first === undefined ? null : JSON.stringify(first)
  }
  return { ownerOf, hear, moves, forget }
}

const carried = (id: string, scheme: string, domain: string): string =>
  JSON.stringify({ id, type: 'domain', scheme, domain, from: '203.0.113.9:4711', at: '198.51.100.1:443' })
const TOLD = [
  [ELM, ['http:www.example.org', 'https:*.example.org']],
  [ASH, ['http:www.example.org', 'http:own.example.org', 'http:me.example.org']],
] as const

test.each<[string, 'http' | 'https', string, string, string | null]>([
  ['whoever named it first', 'http', 'WWW.Example.org:8088', '/', carried(ELM, 'http', 'www.example.org')],
  ['whose wildcard it is', 'https', 'www.example.org', '/', carried(ELM, 'https', 'www.example.org')],
  ['nobody who names another scheme', 'http', 'a.example.org', '/', null],
  ['this node, where it serves it itself', 'http', 'own.example.org', '/', 'me'],
  ['nobody who names a name of this node', 'http', 'me.example.org', '/', null],
  ['nobody, where nodes ask each other', 'http', 'www.example.org', '/v2/echo', null],
  ['nobody, where nobody names it', 'http', 'www.example.com', '/', null],
])('a request for a domain goes to %s', (_, scheme, host, path, expected) =>
  expect(start({ told: TOLD }).ownerOf(scheme, host, path)).toEqual(expected),
)

test.each<[string, Readonly<Record<string, string>>, string | null]>([
  ['for the node that names it', { 'www.example.org': `member ${ELM}` }, carried(ELM, 'https', 'www.example.org')],
  ['for another', { 'www.example.org': `member ${ASH}` }, null],
  ['for a client with the token, as a wildcard', { '*.example.org': 'token' }, null],
  ['for another, as a wildcard above it', { '*.org': 'token' }, carried(ELM, 'https', 'www.example.org')],
])('a domain that this node’s TURN keeps %s', (_, leases, expected) =>
  expect(start({ told: TOLD, leases }).ownerOf('https', 'www.example.org')).toEqual(expected),
)

test('a node that moves keeps its domains meanwhile; one that was never met has none', () => {
  const { ownerOf, moves } = start({ told: TOLD })
  moves(ELM, ['https:*.example.org'])
  expect([ownerOf('https', 'a.example.org'), ownerOf('http', 'www.example.org')]).toEqual([
    carried(ELM, 'https', 'a.example.org'),
    carried(ASH, 'http', 'www.example.org'),
  ])
  const empty = start({ told: [] })
  empty.moves(ELM, ['http:www.example.org'])
  expect(empty.ownerOf('http', 'www.example.org')).toBe(null)
})

test('in an open network only what this node grants is carried, and no wildcard', () => {
  const { ownerOf } = start({ told: TOLD, granted: ['www.example.org', '*.example.org'] })
  expect([ownerOf('http', 'www.example.org'), ownerOf('https', 'a.example.org')]).toEqual([carried(ELM, 'http', 'www.example.org'), null])
  expect(start({ told: TOLD, granted: ['other.org'] }).ownerOf('http', 'www.example.org')).toBe(null)
})

test('a domain goes to the next when its node drops it, and to nobody when all have left', () => {
  const { ownerOf, hear, forget } = start({ told: TOLD })
  hear(ELM, ['https:*.example.org'])
  expect(ownerOf('http', 'www.example.org')).toEqual(carried(ASH, 'http', 'www.example.org'))
  hear(ELM, ['http:www.example.org'])
  expect(ownerOf('http', 'www.example.org')).toEqual(carried(ASH, 'http', 'www.example.org'))
  forget(ASH)
  expect(ownerOf('http', 'www.example.org')).toEqual(carried(ELM, 'http', 'www.example.org'))
  forget(ELM)
  expect(ownerOf('http', 'www.example.org')).toBe(null)
})
