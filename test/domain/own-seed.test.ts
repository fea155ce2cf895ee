import { expect, test } from 'vitest'
import { isOwnSeed } from '../../src/domain/own-seed.ts'

const HOSTS = ['192.0.2.7', '2001:db8::7']

test.each<[string, string, string | null, string | null, boolean]>([
  ['the address that it listens on', '192.0.2.1:8088', '192.0.2.1:8088', null, true],
  ['another port of it', '192.0.2.1:8089', '192.0.2.1:8088', null, false],
  ['another host', '192.0.2.2:8088', '192.0.2.1:8088', null, false],
  ['loopback, where it listens everywhere', '127.0.0.1:8088', '0.0.0.0:8088', null, true],
  ['loopback, where it listens at one host only', '127.0.0.1:8088', '192.0.2.1:8088', null, false],
  ['an interface, where it listens everywhere', '192.0.2.7:8088', '0.0.0.0:8088', null, true],
  ['an IPv6 interface, where it listens everywhere', '[2001:db8::7]:8088', '[::]:8088', null, true],
  ['the host that it tells others', 'home.example.org:8088', '0.0.0.0:8088', 'home.example.org', true],
  ['the host and port that it tells others', '203.0.113.9:80', '0.0.0.0:8088', '203.0.113.9:80', true],
  ['that host with its own port, where another is told', '203.0.113.9:8088', '0.0.0.0:8088', '203.0.113.9:80', false],
  ['anything, where it has no public port', '127.0.0.1:8088', null, '127.0.0.1:8088', false],
])('%s', (_, seed, listen, advertise, own) => {
  expect(isOwnSeed(seed, { listen, advertise, hosts: HOSTS })).toEqual(own)
})
