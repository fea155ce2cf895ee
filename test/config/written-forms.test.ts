import { describe, expect, test } from 'vitest'
import { readAddress, readAdvertise, readListen } from '../../src/config/addresses.ts'
import { readPortRange } from '../../src/config/port-ranges.ts'
import { readService } from '../../src/config/service-spec.ts'
import { CONFIG_KEYS, SETTINGS, variableOf } from '../../src/config/settings.ts'
import { readTurn } from '../../src/config/turn-source.ts'

describe('services', () => {
  test.each([
    ['3000', { name: 'tcp-3000', kind: 'tcp', local: '127.0.0.1:3000', domain: null }],
    ['web=3000', { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null }],
    ['web=192.168.1.7:80', { name: 'web', kind: 'tcp', local: '192.168.1.7:80', domain: null }],
    ['[::1]:22', { name: 'tcp-22', kind: 'tcp', local: '[::1]:22', domain: null }],
    ['NAS.local:445', { name: 'tcp-445', kind: 'tcp', local: 'nas.local:445', domain: null }],
    ['game=27015/udp', { name: 'game', kind: 'udp', local: '127.0.0.1:27015', domain: null }],
    ['web=3000/http:WWW.Example.org', { name: 'web', kind: 'http', local: '127.0.0.1:3000', domain: 'www.example.org' }],
    ['3000/http:*.example.org.', { name: 'http-3000', kind: 'http', local: '127.0.0.1:3000', domain: '*.example.org' }],
    ['web=3443/https:www.example.org', { name: 'web', kind: 'https', local: '127.0.0.1:3443', domain: 'www.example.org' }],
    ['web=3000/http:app.localhost', { name: 'web', kind: 'http', local: '127.0.0.1:3000', domain: 'app.localhost' }],
  ])('%s', (text, ok) => expect(readService(text)).toEqual({ ok }))

  const shape = (text: string): string =>
    `"${text}" is no service; write [NAME=]PORT or [NAME=]HOST:PORT (ports 1 to 65535), followed by /udp, /http:DOMAIN or /https:DOMAIN where it is not tcp`
  test.each([
    ['', shape('')],
    ['0', shape('0')],
    ['65536', shape('65536')],
    ['web', shape('web')],
    ['web=', shape('web=')],
    ['a:b:3000', shape('a:b:3000')],
    ['=3000', '"" is no service name; letters, digits, dots, dashes, at most 63'],
    ['a b=3000', '"a b" is no service name; letters, digits, dots, dashes, at most 63'],
    ['3000/sctp', '"3000/sctp": behind the slash stands udp, http:DOMAIN or https:DOMAIN'],
    ...['a.org:80', '203.0.113.7', '[::1]', 'localhost', 'a b', '*', 'a.*.org'].map((domain) => [
      `3000/http:${domain}`,
      `"3000/http:${domain}": ${domain} is no domain; write a name such as www.example.org, without a port`,
    ]),
    ['3000/http:', '"3000/http:": behind the slash stands udp, http:DOMAIN or https:DOMAIN'],
  ])('not %j', (text, wrong) => expect(readService(text)).toEqual({ wrong }))
})

describe('TURNs', () => {
  const frp = { type: 'frp', address: '203.0.113.7:7000', token: '', tls: null, wire: 1 }
  test.each([
    ['moonwalk', { type: 'moonwalk' }],
    ['none', null],
    ['frp://203.0.113.7:7000', frp],
    ['frp://secret@203.0.113.7:7000', { ...frp, token: 'secret' }],
    ['frp://a%40b@203.0.113.7:7000/', { ...frp, token: 'a@b' }],
    ['frp://a@b@203.0.113.7:7000', { ...frp, token: 'a@b' }],
    ['frp://203.0.113.7:7000?tls=force&wire=2', { ...frp, tls: 'force', wire: 2 }],
    ['frp://203.0.113.7:7000?ca=my/ca.pem&name=ash.example.org', { ...frp, caFile: 'my/ca.pem', serverName: 'ash.example.org' }],
    ['frp://203.0.113.7:7000?token-file=my/token', { ...frp, tokenFile: 'my/token' }],
    ['frp://[2001:db8::7]:7000?tls=off', { ...frp, address: '[2001:db8::7]:7000', tls: 'off' }],
  ])('%s', (text, ok) => expect(readTurn(text)).toEqual({ ok }))

  test.each([
    ['frps://203.0.113.7:7000', '"frps://203.0.113.7:7000" is no TURN; write moonwalk, none or frp://[TOKEN@]HOST:PORT'],
    ['frp://203.0.113.7', '"203.0.113.7" is not HOST:PORT, such as 203.0.113.7:8088'],
    [
      'frp://203.0.113.7:7000?tsl=off',
      '"frp://203.0.113.7:7000?tsl=off" has an unknown option "tsl"; there are token-file, tls, ca, name and wire',
    ],
    ['frp://203.0.113.7:7000?tls=off&ca=ca.pem', '"frp://203.0.113.7:7000?tls=off&ca=ca.pem": ca and name are for TLS; leave out tls=off'],
    ['frp://203.0.113.7:7000?ca=', '"frp://203.0.113.7:7000?ca=": ca is the path of a file'],
    [
      'frp://203.0.113.7:7000?name=203.0.113.7',
      '"frp://203.0.113.7:7000?name=203.0.113.7": name is the host name that the certificate is for',
    ],
    ['frp://203.0.113.7:7000?token-file=', '"frp://203.0.113.7:7000?token-file=": token-file is the path of a file'],
    [
      'frp://secret@203.0.113.7:7000?token-file=t',
      '"frp://…@203.0.113.7:7000?token-file=t": the token is given twice; leave out what stands before the @',
    ],
    [
      'frp://secret@203.0.113.7:7000?wrie=2',
      '"frp://…@203.0.113.7:7000?wrie=2" has an unknown option "wrie"; there are token-file, tls, ca, name and wire',
    ],
    ['frp:/secret@203.0.113.7:7000', '"frp:/…@203.0.113.7:7000" is no TURN; write moonwalk, none or frp://[TOKEN@]HOST:PORT'],
    ['secret@203.0.113.7:7000', '"…@203.0.113.7:7000" is no TURN; write moonwalk, none or frp://[TOKEN@]HOST:PORT'],
    ['frp://203.0.113.7:7000?tls=on', '"frp://203.0.113.7:7000?tls=on": tls is force or off'],
    ['frp://203.0.113.7:7000?wire=3', '"frp://203.0.113.7:7000?wire=3": wire is 1 or 2'],
    ['frp://100%@203.0.113.7:7000', '"frp://…@203.0.113.7:7000": in the token, % stands before two hexadecimal digits'],
  ])('not %j', (text, wrong) => expect(readTurn(text)).toEqual({ wrong }))
})

describe('addresses and ports', () => {
  test.each([
    ['an address', readAddress, '203.0.113.7:8088', { ok: '203.0.113.7:8088' }],
    ['IPv6 in its short form', readAddress, '[2001:DB8:0:0::7]:8088', { ok: '[2001:db8::7]:8088' }],
    ['a name', readAddress, 'Ash.Example.org:8088', { ok: 'ash.example.org:8088' }],
    ['port 0 is for listening', readAddress, '127.0.0.1:0', { wrong: '"127.0.0.1:0" is not HOST:PORT, such as 203.0.113.7:8088' }],
    ['no port', readAddress, '203.0.113.7', { wrong: '"203.0.113.7" is not HOST:PORT, such as 203.0.113.7:8088' }],
    ['a URL', readAddress, 'http://a.b:80', { wrong: '"http://a.b:80" is not HOST:PORT, such as 203.0.113.7:8088' }],
    ['listening at any port', readListen, '127.0.0.1:0', { ok: '127.0.0.1:0' }],
    ['listening at any port of IPv6', readListen, '[::]:0', { ok: '[::]:0' }],
    ['listening nowhere', readListen, 'a b:0', { wrong: '"a b:0" is not HOST:PORT' }],
    ['advertising a host', readAdvertise, '203.0.113.7', { ok: '203.0.113.7' }],
    ['advertising a host and port', readAdvertise, '203.0.113.7:80', { ok: '203.0.113.7:80' }],
    ['a range', readPortRange, '20000-29999', { ok: { first: 20_000, last: 29_999 } }],
    ['a range of one', readPortRange, '1-1', { ok: { first: 1, last: 1 } }],
    ['a range that runs backwards', readPortRange, '2-1', { wrong: '"2-1" is not a range of ports such as 20000-29999' }],
    ['a range beyond all ports', readPortRange, '1-65536', { wrong: '"1-65536" is not a range of ports such as 20000-29999' }],
    ['no range', readPortRange, '80', { wrong: '"80" is not a range of ports such as 20000-29999' }],
  ] as const)('%s', (_, read, text, expected) => expect(read(text)).toEqual(expected))
})

test('every setting has a flag and a variable of its own', () => {
  expect(new Set(CONFIG_KEYS.map(variableOf)).size).toEqual(CONFIG_KEYS.length)
  expect(new Set(CONFIG_KEYS.map((key) => SETTINGS[key].flag)).size).toEqual(CONFIG_KEYS.length)
  expect([variableOf('name'), variableOf('allowPorts'), variableOf('speedtestPaceMs')]).toEqual([
    'MOONWALK_NAME',
    'MOONWALK_ALLOW_PORTS',
    'MOONWALK_SPEEDTEST_PACE_MS',
  ])
})
