import { expect, test } from 'vitest'
import { nameWithin, portIn, publicOf } from '../../../src/actors/services/service-address.ts'

const TCP = { kind: 'tcp', domain: null } as const
const HTTP = { kind: 'http', domain: 'web.example.org' } as const
const HTTPS = { kind: 'https', domain: '*.example.org' } as const

test.each([
  [':20017', TCP, 20_017],
  ['203.0.113.7:20017', TCP, 20_017],
  ['web.example.org:8088', HTTP, 8_088],
  ['web.example.org', HTTP, 80],
  ['a.org,b.org:81', HTTP, 80],
  ['*.example.org', HTTPS, 443],
  ['*.example.org:8443,a.org:8443', HTTPS, 8_443],
  ['', TCP, Number.NaN],
])('%j tells %j its port', (remoteAddr, service, port) => expect(portIn(remoteAddr, service)).toEqual(port))

test.each([
  [TCP, '203.0.113.7:20017', '203.0.113.7:20017'],
  [HTTP, '203.0.113.7:8088', 'http://web.example.org:8088'],
  [HTTP, '203.0.113.7:80', 'http://web.example.org'],
  [HTTP, '[2001:db8::7]:443', 'http://web.example.org:443'],
  [HTTPS, '203.0.113.7:443', 'https://*.example.org'],
  [HTTPS, '203.0.113.7:80', 'https://*.example.org:80'],
])('%j at %s is told as %s', (service, address, told) => expect(publicOf(service, address)).toEqual(told))

test.each([
  ['web.example.org', 'web.example.org'],
  ['*.example.org', 'moonwalk-proof.example.org'],
])('%s covers %s', (domain, name) => expect(nameWithin(domain)).toEqual(name))
