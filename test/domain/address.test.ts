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
  isAllowedIp,
  parseAddress,
  segmentOf,
  type Word,
  wordOf,
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
  // Metadata of clouds: Amazon, Google, Alibaba, Azure, Oracle.
  ['forbidden', ['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '168.63.129.16', '192.0.0.192']],
  ['forbidden', ['2001:10::1', '2001:1ff::1', '3fff:fff::1']],
  ['public', ['2001:200::1', '3fff:1000::1']],
  // Reserved, or IPv4 in IPv6's clothes: some systems would reach 127.0.0.1 by them.
  ['forbidden', ['::7f00:1', '::ffff:0:7f00:1', '64:ff9b:1::1', '4000::1', '1::1', '5f00::1', '3fff::1']],
  ['name', ['ash.example', 'localhost.example']],
]

test.each(KINDS.flatMap(([kind, all]) => all.map((host) => [host, kind] as const)))('%s is %s', (host, kind) =>
  expect([canonicalHost(host), hostKind(host)]).toEqual([host, kind]),
)

describe.each<[AddressPolicy, readonly HostKind[], readonly HostKind[], readonly HostKind[]]>([
  ['public', ['public'], ['public'], ['public', 'name']],
  ['lan', ['public'], ['public', 'private'], ['public', 'private', 'name']],
  ['any', ['public', 'private', 'loopback'], ['public', 'private', 'loopback'], ['public', 'private', 'loopback', 'name']],
])('the policy %s', (policy, heard, fromNeighbours, named) => {
  const kindsThat = (passes: (address: string) => boolean) => [
    ...new Set(KINDS.flatMap(([kind, all]) => (all.some((host) => passes(addressOf(host, 80) ?? '')) ? [kind] : []))),
  ]
  test('says which addresses may be heard of', () => expect(kindsThat((address) => isAllowed(address, policy))).toEqual(heard))
  test('says which a neighbour may tell of', () =>
    expect(kindsThat((address) => isAllowed(address, policy, 'neighbour'))).toEqual(fromNeighbours))
  test('says which a person may name', () => expect(kindsThat((address) => isAllowed(address, policy, 'named'))).toEqual(named))
  test('refuses what is no address', () => expect(isAllowed('127.1:80', policy, 'named')).toEqual(false))
  test('lets a connection go where a name led only if the address may be contacted by itself', () =>
    expect([...new Set(KINDS.flatMap(([kind, all]) => (all.some((host) => isAllowedIp(host, policy)) ? [kind] : [])))]).toEqual(
      fromNeighbours,
    ))
})

test.each<[string, boolean, boolean]>([
  ['1.1.1.1:80', true, true],
  ['1.1.1.1:443', true, true],
  ['1.1.1.1:1024', true, true],
  ['1.1.1.1:22', false, true],
  ['1.1.1.1:25', false, true],
  ['1.1.1.1:1023', false, true],
  ['[2606:4700::1111]:22', false, true],
])('%s may be heard of: %s; may be named by a person: %s', (address, heard, named) =>
  expect([isAllowed(address, 'any'), isAllowed(address, 'any', 'neighbour'), isAllowed(address, 'any', 'named')]).toEqual([
    heard,
    heard,
    named,
  ]),
)

test.each([
  ['192.168.1.77', '192.168.1'],
  ['fd00:1:2:3:4:5:6:7', 'fd00:1:2:3'],
  ['fd00::1', 'fd00:0:0:0'],
  ['2001:db8:0:7::', '2001:db8:0:7'],
  ['ash.example', null],
])('%s is in the segment %s', (host, segment) => expect(segmentOf(host)).toEqual(segment))

const MINE = ['192.168.1.5', 'fd00:1:2:3::5', '203.0.113.9']
test.each<[string, string, string | null, string | null, Word]>([
  ["a node reached in this machine's own segment, of any private address", '10.9.9.9:8088', '192.168.1.7:8088', null, 'neighbour'],
  ['and by IPv6', '10.9.9.9:8088', '[fd00:1:2:3::7]:8088', null, 'neighbour'],
  ['a node reached in another private segment, of that segment', '10.9.9.9:8088', '10.9.9.1:8088', null, 'neighbour'],
  ['but of no other', '10.9.8.9:8088', '10.9.9.1:8088', null, 'hearsay'],
  ['a public node', '192.168.1.1:8088', '1.1.1.1:8088', '1.1.1.1', 'hearsay'],
  ['a node that this one has not reached', '192.168.1.1:8088', null, '192.168.1.7', 'hearsay'],
  ['anybody, of where it was seen itself', '10.9.9.9:8088', null, '10.9.9.9', 'neighbour'],
  ['nobody known', '10.9.9.9:8088', null, null, 'hearsay'],
])('the word of %s counts as %s', (_, told, reachedAt, seenAt, word) => expect(wordOf(told, { reachedAt, seenAt }, MINE)).toEqual(word))

/** Ways to write an IPv4 address, or one like it, so that some reader takes it for that one. */
const SPELLINGS: readonly ((a: number, b: number, c: number, d: number) => string)[] = [
  (a, b, c, d) => `${a}.${b}.${c}.${d}`,
  (a, b, c, d) => `0${a.toString(8)}.0${b.toString(8)}.0${c.toString(8)}.0${d.toString(8)}`,
  (a, b, c, d) => `0x${a.toString(16)}.0x${b.toString(16)}.0x${c.toString(16)}.0x${d.toString(16)}`,
  (a, b, c, d) => String(a * 2 ** 24 + b * 2 ** 16 + c * 256 + d),
  (a, b, c, d) => `0x${(a * 2 ** 24 + b * 2 ** 16 + c * 256 + d).toString(16)}`,
  (a, b, c, d) => `${a}.${b}.${c * 256 + d}`,
  (a, b, c, d) => `${a}.${b * 2 ** 16 + c * 256 + d}`,
  (a, b, c, d) => `${a}.${b}.${c}.${d}.`,
  (a, b, c, d) => `00${a}.${b}.${c}.${d}`,
  (a, b, c, d) => `[::ffff:${a}.${b}.${c}.${d}]`,
  (a, b, c, d) => `[::FFFF:${hex(a, b)}:${hex(c, d)}]`,
  (a, b, c, d) => `[0:0:0:0:0:ffff:${hex(a, b)}:${hex(c, d)}]`,
  (a, b, c, d) => `[::ffff:0:${hex(a, b)}:${hex(c, d)}]`,
  (a, b, c, d) => `[::${a}.${b}.${c}.${d}]`,
  (a, b, c, d) => `[64:ff9b::${a}.${b}.${c}.${d}]`,
  (a, b, c, d) => `[64:ff9b:1::${hex(a, b)}:${hex(c, d)}]`,
  (a, b, c, d) => `[2002:${hex(a, b)}:${hex(c, d)}::1]`,
  (a, b, c, d) => `[2001:0:${hex(a, b)}:${hex(c, d)}::]`,
  (a, b, c, d) => `[::ffff:${a}.${b}.${c}.${d}%eth0]`,
  (a, b, c, d) => `[fe80::${hex(a, b)}:${hex(c, d)}%25eth0]`,
  (a, b, c, d) => [...`${a}.${b}.${c}.${d}`].map((char) => (/\d/.test(char) ? String.fromCodePoint(0xff10 + Number(char)) : char)).join(''),
  (a, b, c, d) => `${a}\u3002${b}\u3002${c}\u3002${d}`,
  (a, b, c, d) => `user@${a}.${b}.${c}.${d}`,
  (a, b, c, d) => `1.1.1.1@${a}.${b}.${c}.${d}`,
  (a, b, c, d) => `[${a}.${b}.${c}.${d}]`,
  (a, b, c, d) => ` ${a}.${b}.${c}.${d}`,
  (a, b, c, d) => `${a}.${b}.${c}.${d}.nip.io`,
  (a, b, c, d) => `${a}.${b}.${c}.${d}/x?`,
]
const hex = (high: number, low: number): string => (high * 256 + low).toString(16)

/** Where no stranger may lead a node that is in 192.168.1.0/24. */
const FORBIDDEN: readonly (readonly number[])[] = [
  ...[
    [0, 0, 0, 0],
    [127, 0, 0, 1],
    [127, 255, 0, 9],
    [169, 254, 169, 254],
    [169, 254, 42, 42],
    [100, 100, 100, 200],
    [168, 63, 129, 16],
  ],
  ...[
    [192, 0, 0, 192],
    [10, 0, 0, 1],
    [172, 16, 5, 4],
    [172, 31, 1, 1],
    [192, 168, 1, 1],
    [192, 168, 0, 1],
    [100, 64, 0, 1],
  ],
  ...[
    [192, 0, 2, 1],
    [198, 51, 100, 7],
    [203, 0, 113, 7],
    [198, 18, 0, 1],
    [192, 88, 99, 1],
    [224, 0, 0, 1],
    [239, 255, 255, 250],
  ],
  ...[
    [240, 0, 0, 1],
    [255, 255, 255, 255],
  ],
]

test.each<AddressPolicy>(['public', 'lan'])(
  'of more than 10,000 spellings of addresses that may not be contacted, strangers get none past the policy %s, nor does a resolver',
  (policy) => {
    const spelled = Array.from({ length: 20 }, (_, i) =>
      FORBIDDEN.flatMap(([a = 0, b = 0, c = 0, d = 0]) =>
        SPELLINGS.map((spell) => `${spell(a, b, c, d)}:${[80, 443, 8088, 1024 + i * 997][i % 4]}`),
      ),
    ).flat()
    expect(spelled.length).toBeGreaterThan(10_000)
    const stranger = { reachedAt: '1.1.1.1:8088', seenAt: '1.1.1.1' }
    const passed = spelled.filter((text) => isAllowed(text, policy, wordOf(text, stranger, ['192.168.1.5'])))
    expect([...new Set(passed)]).toEqual([])
    const never = FORBIDDEN.flatMap(([a = 0, b = 0, c = 0, d = 0]) => SPELLINGS.map((spell) => spell(a, b, c, d).replace(/^\[|\]$/g, '')))
    const isPrivate = (ip: string) => hostKind(canonicalHost(ip) ?? '') === 'private'
    expect([...new Set(never.filter((ip) => isAllowedIp(ip, policy) && !(policy === 'lan' && isPrivate(ip))))]).toEqual([])
  },
)
