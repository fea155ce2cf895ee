import { describe, expect, test } from 'vitest'
import { proxyHeader } from '../../../src/frp/wire/proxy-protocol.ts'

const at = (host: string, port: number) => ({ host, port })
const SIGNATURE = '0d0a0d0a000d0a515549540a'
const MAPPED = '00000000000000000000ffff'

describe('v1', () => {
  test.each([
    ['IPv4', at('203.0.113.9', 40_000), at('192.0.2.1', 6000), 'PROXY TCP4 203.0.113.9 192.0.2.1 40000 6000\r\n'],
    [
      'the longest IPv4',
      at('255.255.255.255', 65_535),
      at('255.255.255.255', 65_535),
      'PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n',
    ],
    ['IPv6', at('2001:db8::9', 40_000), at('2001:db8::1', 6000), 'PROXY TCP6 2001:db8::9 2001:db8::1 40000 6000\r\n'],
    ['IPv6 with a zone', at('fe80::1%eth0', 1), at('fe80::2', 2), 'PROXY TCP6 fe80::1 fe80::2 1 2\r\n'],
    ['IPv4 to IPv6', at('203.0.113.9', 1), at('2001:db8::1', 2), 'PROXY TCP6 ::ffff:203.0.113.9 2001:db8::1 1 2\r\n'],
    ['IPv6 to IPv4', at('2001:db8::9', 1), at('127.0.0.1', 2), 'PROXY TCP6 2001:db8::9 ::ffff:127.0.0.1 1 2\r\n'],
    ['no address', at('elm', 1), at('127.0.0.1', 2), 'PROXY UNKNOWN\r\n'],
  ])('%s', (_, source, destination, line) => expect(proxyHeader('v1', { source, destination, datagrams: false }).toString()).toEqual(line))
})

describe('v2', () => {
  test.each([
    ['IPv4', at('203.0.113.9', 40_000), at('192.0.2.1', 6000), false, '2111000c cb007109 c0000201 9c40 1770'],
    ['IPv4 datagrams', at('203.0.113.9', 40_000), at('192.0.2.1', 6000), true, '2112000c cb007109 c0000201 9c40 1770'],
    [
      'IPv6',
      at('2001:db8::9', 1),
      at('::1', 65_535),
      false,
      '21210024 20010db8000000000000000000000009 00000000000000000000000000000001 0001 ffff',
    ],
    [
      'IPv6 datagrams',
      at('::', 1),
      at('1:2:3:4:5:6:7:8', 2),
      true,
      `21220024 ${'0'.repeat(32)} 00010002000300040005000600070008 0001 0002`,
    ],
    [
      'IPv4 to IPv6',
      at('203.0.113.9', 1),
      at('2001:db8::1', 2),
      false,
      `21210024 ${MAPPED}cb007109 20010db8000000000000000000000001 0001 0002`,
    ],
    ['IPv6 to IPv4', at('::ffff:203.0.113.9', 1), at('127.0.0.1', 2), false, `21210024 ${MAPPED}cb007109 ${MAPPED}7f000001 0001 0002`],
    ['no address', at('elm', 1), at('127.0.0.1', 2), false, '21000000'],
  ])('%s', (_, source, destination, datagrams, hex) =>
    expect(proxyHeader('v2', { source, destination, datagrams }).toString('hex')).toEqual(SIGNATURE + hex.replaceAll(' ', '')),
  )

  test.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '::1.2.3',
  ])('%j is no address', (host) =>
    expect(proxyHeader('v1', { source: at(host, 1), destination: at('127.0.0.1', 2), datagrams: false }).toString()).toEqual(
      'PROXY UNKNOWN\r\n',
    ),
  )
})
