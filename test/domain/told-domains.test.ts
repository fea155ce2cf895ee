import { describe, expect, test } from 'vitest'
import { fittingDomains, isGrantedDomain, isToldDomain, ownerAmong, toldAs, toldDomain } from '../../src/domain/told-domains.ts'

test.each([
  ['http:www.example.org', true],
  ['https:*.example.org', true],
  ['https:a', true],
  ['ftp:www.example.org', false],
  ['http:', false],
  ['http:*', false],
  ['http:WWW.example.org', false],
  ['http:www.example.org/path', false],
  ['http:.example.org', false],
  [`http:${'a'.repeat(300)}`, false],
])('%s as a domain in a record: %s', (text, expected) => expect(isToldDomain(text)).toBe(expected))

describe('a record has room for', () => {
  test('eight domains, each once', () => {
    const domains = Array.from({ length: 10 }, (_, i) => toldDomain('http', `${i}.Example.org`))
    expect(fittingDomains([...domains, ...domains])).toEqual({ told: domains.slice(0, 8), left: domains.slice(8) })
  })
  test('300 bytes of them', () => {
    const long = [`http:${'a'.repeat(180)}.org`, `http:${'b'.repeat(180)}.org`, 'http:c.org']
    expect(fittingDomains(long)).toEqual({ told: [long[0], long[2]], left: [long[1]] })
  })
})

test('a name stands for itself, then for a wildcard at each level above', () =>
  expect(toldAs('https', 'a.b.example.org')).toEqual([
    'https:a.b.example.org',
    'https:*.b.example.org',
    'https:*.example.org',
    'https:*.org',
  ]))

test.each<[string, readonly string[], string | null, string | null]>([
  ['is the only one’s that names it', ['b'], null, 'b'],
  ['is the lowest id’s where several name it at once', ['c', 'a', 'b'], null, 'a'],
  ['stays whose it was', ['c', 'a', 'b'], 'c', 'c'],
  ['goes to the lowest of the others when that one drops it', ['b', 'a'], 'c', 'a'],
  ['is nobody’s when nobody names it', [], 'c', null],
])('a domain %s', (_, claimants, before, expected) => expect(ownerAmong(claimants, before)).toBe(expected))

test.each([
  ['www.example.org', ['www.example.org'], null, true],
  ['a.example.org', ['*.example.org'], null, true],
  ['example.org', ['*.example.org'], null, false],
  ['*.example.org', ['*.example.org'], null, false],
  ['a.apps.org', [], 'apps.org', true],
  ['apps.org', [], 'apps.org', false],
  ['www.bank.org', ['www.example.org'], 'apps.org', false],
])('%s is granted by %s and below %s: %s', (domain, granted, subdomainHost, expected) =>
  expect(isGrantedDomain(domain, { granted, subdomainHost })).toBe(expected),
)
