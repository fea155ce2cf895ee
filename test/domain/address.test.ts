import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AddressPolicy,
  addressOf,
  canonicalHost,
  formatAddress,
  type HostKind,
  hostKind,
  isAllowed,
  parseAddress,
} from '../../src/domain/address.ts'

test.each([
  ['192.0.2.1:80', { host: '192.0.2.1', port: 80 }],
  ['Ash.Example:8088', { host: 'ash.example', port: 8088 }],
  ['ash.example.:8088', { host: 'ash.example', port: 8088 }],
  ['[2001:DB8:0:0::1]:8088', { host: '2001:db8::1', port: 8088 }],
  ['[::ffff:192.0.2.1]:80', { host: '192.0.2.1', port: 80 }],
  ['[::ffff:c000:201]:80', { host: '192.0.2.1', port: 80 }],
  ['localhost:1', { host: 'localhost', port: 1 }],
  ['a_b.local:65535', { host: 'a_b.local', port: 65_535 }],
  ['192.0.2.1', null],
  ['192.0.2.1:', null],
  ['192.0.2.1:0', null],
  ['192.0.2.1:65536', null],
  ['192.0.2.1:123456', null],
  ['192.0.2.1:-1', null],
  ['192.0.2.1:8e3', null],
  ['192.0.2.1: 80', null],
  [' 192.0.2.1:80', null],
  ['192.0.2.1:80\n', null],
  ['2001:db8::1:80', null],
  ['[2001:db8::1]', null],
  ['[fe80::1%eth0]:80', null],
  ['[192.0.2.1]:80', null],
  ['[dead]:80', null],
  ['[1::2::3]:80', null],
  ['[:::]:80', null],
  ['user@192.0.2.1:80', null],
  ['http://192.0.2.1:80', null],
  ['192.0.2.1/24:80', null],
  ['-ash.example:80', null],
  ['ash..example:80', null],
  [`${'a'.repeat(64)}.example:80`, null],
  [`${'a.'.repeat(127)}example:80`, null],
  ['', null],
  [':80', null],
])('%j is read as %j', (text, expected) => expect(parseAddress(text)).toEqual(expected))

test.each([
  ['127.1'],
  ['127.0.1'],
  ['2130706433'],
  ['0x7f000001'],
  ['0x7f.0.0.1'],
  ['0x7f.1'],
  ['127.0.0.0x1'],
  ['0177.0.0.1'],
  ['127.0.0.01'],
  ['00.0.0.0'],
  ['0127.0.0.1'],
  ['017700000001'],
  ['127.0.0.1.'],
  ['127.0.0.1.5'],
  ['127..0.1'],
  ['256.0.0.1'],
  ['1.2.3.999'],
  ['0x'],
  ['1.2.3.0x'],
  ['1.2.3.0xff.'],
  ['127\u30020\u30020\u30021'],
  ['\uff11\uff12\uff17.0.0.1'],
])('the odd spelling %s is no host', (host) => expect([canonicalHost(host), parseAddress(`${host}:80`)]).toEqual([null, null]))

const octet = fc.integer({ min: 0, max: 255 })
const v4 = fc.tuple(octet, octet, octet, octet)
const spelling = fc.constantFrom(
  (n: number) => `0x${n.toString(16)}`,
  (n: number) => `0X${n.toString(16).toUpperCase()}`,
  (n: number) => `0${n.toString(8)}`,
  (n: number) => `00${n}`,
)

test('no part of an IPv4 address may be octal, hex or padded', () =>
  fc.assert(
    fc.property(v4, fc.integer({ min: 0, max: 3 }), spelling, (parts, at, odd) => {
      const host = parts.map((part, i) => (i === at ? odd(part) : String(part))).join('.')
      expect([host, canonicalHost(host)]).toEqual([host, null])
    }),
  ))

test('no IPv4 address may be short, or one number', () =>
  fc.assert(
    fc.property(v4, ([a, b, c, d]) => {
      const whole = a * 2 ** 24 + b * 2 ** 16 + c * 256 + d
      const odd = [`${a}.${b}.${c * 256 + d}`, `${a}.${whole % 2 ** 24}`, String(whole), `0x${whole.toString(16)}`, `0${whole.toString(8)}`]
      expect(odd.map(canonicalHost)).toEqual(odd.map(() => null))
    }),
  ))

const ports = fc.integer({ min: 1, max: 65_535 })
const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())

test('an address that was read and written again stays as it is', () =>
  fc.assert(
    fc.property(hosts, ports, (host, port) => {
      const address = addressOf(host, port)
      fc.pre(address !== null)
      const parsed = parseAddress(address ?? '')
      expect(parsed && formatAddress(parsed)).toEqual(address)
      expect(parsed && addressOf(parsed.host, parsed.port)).toEqual(address)
      expect(parsed && canonicalHost(parsed.host)).toEqual(parsed?.host)
    }),
  ))

test('every IPv4 and IPv6 address has a canonical form', () =>
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), ports, (host, port) => void expect(addressOf(host, port)).not.toBeNull())))

test('however an IPv6 address is written, its canonical form is the same', () =>
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
      const plain = groups.map((group) => group.toString(16)).join(':')
      const padded = groups.map((group) => group.toString(16).padStart(4, '0').toUpperCase()).join(':')
      expect(addressOf(padded, 80)).toEqual(addressOf(plain, 80))
    }),
  ))

test('whatever the text is, reading it does not throw', () =>
  fc.assert(fc.property(fc.string(), (text) => void [parseAddress(text), canonicalHost(text), addressOf(text, 80), hostKind(text)])))

test.each([
  ['192.0.2.1', 80, '192.0.2.1:80'],
  ['::ffff:192.0.2.1', 80, '192.0.2.1:80'],
  ['[2001:db8::1]', 80, '[2001:db8::1]:80'],
  ['2001:db8::1', 80, '[2001:db8::1]:80'],
  ['192.0.2.1', 0, null],
  ['192.0.2.1', 1.5, null],
  ['192.0.2.1', Number.NaN, null],
  ['192.0.2.1', 65_536, null],
  ['', 80, null],
])('%j and %j make the address %j', (host, port, expected) => expect(addressOf(host, port)).toEqual(expected))

const KINDS: readonly (readonly [HostKind, readonly string[]])[] = [
  ['public', ['1.1.1.1', '9.255.255.255', '172.15.0.1', '172.32.0.1', '192.167.0.1', '100.63.0.1', '100.128.0.1', '223.255.255.255']],
  ['public', ['2606:4700::1111', '2a00:1450::1', '2001:4860:4860::8888', '3ffe::1']],
  ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', '100.64.0.1', '100.127.255.255', 'fd00::1', 'fc00::1']],
  ['private', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1', '198.19.255.255']],
  ['loopback', ['127.0.0.1', '127.255.255.254', '::1', 'localhost', 'a.localhost']],
  ['forbidden', ['0.0.0.0', '0.1.2.3', '169.254.169.254', '224.0.0.1', '240.0.0.1', '255.255.255.255', '192.0.0.8', '192.88.99.1']],
  ['forbidden', ['::', 'fe80::1', 'febf::1', 'fec0::1', 'ff02::1', '2001:db8::1', '2002:7f00:1::', '64:ff9b::7f00:1', '100::1', '2001::1']],
  // Reserved, or IPv4 in IPv6's clothes: some systems would reach 127.0.0.1 by them.
  ['forbidden', ['::7f00:1', '::ffff:0:7f00:1', '64:ff9b:1::1', '4000::1', '1::1', '5f00::1', '3fff::1']],
  ['name', ['ash.example', 'localhost.example']],
]

test.each(KINDS.flatMap(([kind, all]) => all.map((host) => [host, kind] as const)))('%s is %s', (host, kind) =>
  expect([canonicalHost(host), hostKind(host)]).toEqual([host, kind]),
)

describe.each<[AddressPolicy, readonly HostKind[], readonly HostKind[]]>([
  ['public', ['public'], ['public', 'name']],
  ['lan', ['public', 'private'], ['public', 'private', 'name']],
  ['any', ['public', 'private', 'loopback'], ['public', 'private', 'loopback', 'name']],
])('the policy %s', (policy, heard, named) => {
  const kindsThat = (passes: (address: string) => boolean) => [
    ...new Set(KINDS.flatMap(([kind, all]) => (all.some((host) => passes(addressOf(host, 80) ?? '')) ? [kind] : []))),
  ]
  test('says which addresses may be heard of', () => expect(kindsThat((address) => isAllowed(address, policy))).toEqual(heard))
  test('says which a person may name', () => expect(kindsThat((address) => isAllowed(address, policy, true))).toEqual(named))
  test('refuses what is no address', () => expect(isAllowed('127.1:80', policy, true)).toEqual(false))
})
