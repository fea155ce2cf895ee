import { describe, expect, test } from 'vitest'
import { formatWireTable, NO_P2PRC_FIELDS, parseWireTable, type WireRecord } from '../../src/p2prc/wire-table.ts'

const BLANK: WireRecord = { name: '', ipv4: '', serverPort: '', latencyMs: null, downMbps: null, upMbps: null, ...NO_P2PRC_FIELDS }
const ASH: WireRecord = {
  name: 'ash-x1y2z3a',
  machineUsername: 'root',
  ipv4: '203.0.113.7',
  ipv6: '',
  latencyMs: 12.4,
  downMbps: 93.1,
  upMbps: 41,
  serverPort: '8088',
  udpServerPort: '',
  bareMetalSshPort: '22',
  nat: false,
  escapeImplementation: 'FRP',
  proxyServer: true,
  unsafeMode: false,
  publicKey: 'ssh-rsa AAAA root@ash\n',
  customInformation: '{"rack":4}',
}

/** As P2PRC prints it: one space, its sixteen keys in its order. */
const ASH_TEXT = `{
 "ip_address": [
  {
   "Name": "ash-x1y2z3a",
   "MachineUsername": "root",
   "IPV4": "203.0.113.7",
   "IPV6": "",
   "Latency": 12400000,
   "Download": 93.1,
   "Upload": 41,
   "ServerPort": "8088",
   "UDPServerPort": "",
   "BareMetalSSHPort": "22",
   "NAT": false,
   "EscapeImplementation": "FRP",
   "ProxyServer": true,
   "UnSafeMode": false,
   "PublicKey": "ssh-rsa AAAA root@ash\\n",
   "CustomInformation": "{\\"rack\\":4}"
  }
 ]
}`

const tableOf = (...rows: readonly string[]): string => `{"ip_address":[${rows.join(',')}]}`

describe('what is sent', () => {
  test('has all of the keys that P2PRC writes, in its order and types', () => expect(formatWireTable([ASH])).toEqual(ASH_TEXT))

  test('is read back as it was', () => expect(parseWireTable(formatWireTable([ASH, BLANK]))).toEqual([ASH, BLANK]))

  test('an empty table is null, as Go prints an absent list', () => expect(JSON.parse(formatWireTable([]))).toEqual({ ip_address: null }))

  test.each([
    ['a fraction of a nanosecond is rounded', 0.123456789, '123457'],
    ['what was not measured is 0', null, '0'],
    ['no figure is ever written with an exponent', 1e300, '9007199254740991'],
  ])('latency is a whole number of nanoseconds: %s', (_, latencyMs, expected) =>
    expect(/"Latency": (.*),/.exec(formatWireTable([{ ...BLANK, latencyMs }]))?.[1]).toEqual(expected),
  )
})

describe('what is read', () => {
  test.each<[string, string, readonly WireRecord[]]>([
    ['an empty list', '{"ip_address":[]}', []],
    ['a null list', '{"ip_address":null}', []],
    ['nothing at all', '', []],
    ['no object', '[]', []],
    ['a number', '12', []],
    ['a table that is no list', '{"ip_address":{}}', []],
    ['a syntax error behind a good row spoils the whole table', '{"ip_address":[{"Name":"ash"}', []],
    ['a byte order mark, as Go refuses it too', `\uFEFF${tableOf('{"Name":"ash"}')}`, []],
    ['a row without keys', tableOf('{}'), [BLANK]],
    ['rows that are no objects are passed over', tableOf('3', 'null', '[]', '"x"', '{"Name":"ash"}'), [{ ...BLANK, name: 'ash' }]],
    ['unknown keys are left alone', tableOf('{"Name":"ash","Colour":"grey"}'), [{ ...BLANK, name: 'ash' }]],
    [
      'keys in any case, as version 1 wrote them',
      tableOf('{"ipv4":"203.0.113.7","ipv6":"","latency":7000000,"download":1.5,"upload":2,"serverport":"8088"}'),
      [{ ...BLANK, ipv4: '203.0.113.7', latencyMs: 7, downMbps: 1.5, upMbps: 2, serverPort: '8088' }],
    ],
    ['of keys that differ in case the last wins', tableOf('{"Name":"ash","NAME":"elm"}'), [{ ...BLANK, name: 'elm' }]],
    ['a null leaves what was there', tableOf('{"Name":"ash","NAME":null}'), [{ ...BLANK, name: 'ash' }]],
    [
      'a value of the wrong type is lost alone',
      tableOf('{"Name":7,"IPV4":"203.0.113.7","Latency":true,"Download":{},"PublicKey":["x"],"UnSafeMode":"yes"}'),
      [{ ...BLANK, ipv4: '203.0.113.7' }],
    ],
    ['flags as text', tableOf('{"NAT":"True","ProxyServer":"False"}'), [{ ...BLANK, nat: true }]],
    ['a port as a number', tableOf('{"ServerPort":9004}'), [{ ...BLANK, serverPort: '9004' }]],
    ['a port that is no whole number is none', tableOf('{"ServerPort":90.5}'), [BLANK]],
    ['numbers as text', tableOf('{"Latency":"12400000","Download":"12"}'), [{ ...BLANK, latencyMs: 12.4, downMbps: 12 }]],
    ['0 and less are not measured', tableOf('{"Latency":0,"Download":0,"Upload":-1}', '{"Latency":-5,"Download":1e400}'), [BLANK, BLANK]],
    ['a key that objects have by birth', tableOf('{"__proto__":{"Name":"x"},"constructor":1,"Name":"ash"}'), [{ ...BLANK, name: 'ash' }]],
  ])('%s', (_, text, expected) => expect(parseWireTable(text)).toEqual(expected))

  test('no more than 4096 rows', () => expect(parseWireTable(tableOf(...Array.from({ length: 4_200 }, () => '{}'))).length).toEqual(4_096))

  test('nothing that is longer than 4 MiB', () => expect(parseWireTable(tableOf(`{"Name":"${'x'.repeat(4 * 1024 * 1024)}"}`))).toEqual([]))

  test.each([
    ['open brackets', '['.repeat(1_000_000)],
    ['closed ones inside a row', tableOf(`{"Name":${'['.repeat(500_000)}${']'.repeat(500_000)},"IPV4":"203.0.113.7"}`)],
    ['objects in objects', `${'{"ip_address":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
  ])('depth breaks nothing: %s', (_, text) => expect(parseWireTable(text).length).toBeLessThan(2))
})
