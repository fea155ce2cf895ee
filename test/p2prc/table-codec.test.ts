import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatTableFile, parseTableFile, TableReader, tableFileObject, tablePieces } from '../../src/p2prc/table-codec.ts'
import type { StoredRow } from '../../src/p2prc/table-file.ts'
import { NO_P2PRC_FIELDS } from '../../src/p2prc/wire-table.ts'
import { row } from './stored-row.ts'

const ASH = row({
  id: 'a1'.repeat(16),
  name: 'ash',
  latency: 12.4,
  download: 93.1,
  upload: 41,
  lastSeen: '2026-11-23T13:00:00.000Z',
  envelope: '{}',
})

const read = (text: string): unknown => {
  const found = parseTableFile(text)
  return found.type === 'table' ? { rows: found.table.rows, strange: found.byHand.strange.map(({ why }) => why) } : found
}
const parse = (value: unknown): unknown => read(JSON.stringify({ ip_address: value }))
const table = (rows: readonly StoredRow[], ...strange: readonly string[]): unknown => ({ rows, strange })

describe('what is written', () => {
  test('has the seed’s keys first, for a person to read', () =>
    expect(formatTableFile({ rows: [ASH] })).toEqual(`{
  "ip_address": [
    {
      "ipv4": "203.0.113.7",
      "latency": 12.4,
      "download": 93.1,
      "upload": 41,
      "port no": "8088",
      "name": "ash",
      "id": "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1",
      "last seen": "2026-11-23T13:00:00.000Z",
      "envelope": "{}"
    }
  ]
}
`))

  test('keeps what P2PRC knows of a peer under its own names', () =>
    expect(
      tableFileObject({ rows: [row({ name: 'elm', p2prc: { ...NO_P2PRC_FIELDS, nat: true, customInformation: 'rack 4' } })] }),
    ).toEqual({
      ip_address: [
        {
          ipv4: '203.0.113.7',
          latency: null,
          download: null,
          upload: null,
          'port no': '8088',
          name: 'elm',
          id: null,
          'last seen': null,
          MachineUsername: '',
          IPV6: '',
          UDPServerPort: '',
          BareMetalSSHPort: '',
          NAT: true,
          EscapeImplementation: '',
          ProxyServer: false,
          UnSafeMode: false,
          PublicKey: '',
          CustomInformation: 'rack 4',
        },
      ],
    }))

  test('is read back as it was, whatever was in it', () => {
    const text = fc.string({ maxLength: 20 })
    const figure = fc.option(fc.double({ min: 0.001, max: 1e6, noNaN: true }))
    const rows = fc.array(
      fc.record<StoredRow>({
        id: fc.option(fc.stringMatching(/^[0-9a-f]{32}$/)),
        name: text,
        host: fc.constantFrom('203.0.113.7', '2001:db8::7', 'ash.example.org'),
        port: fc.integer({ min: 1, max: 65_535 }),
        latency: figure,
        download: figure,
        upload: figure,
        speedAt: fc.option(fc.constant('2026-11-22T13:00:00.000Z')),
        lastSeen: fc.option(fc.constant('2026-11-23T13:00:00.000Z')),
        envelope: fc.option(text.filter((word) => word !== '')),
        p2prc: fc.option(
          text.filter((word) => word !== '').map((word) => ({ ...NO_P2PRC_FIELDS, publicKey: word, nat: true, ipv6: '2001:db8::9' })),
        ),
      }),
      { maxLength: 5 },
    )
    fc.assert(fc.property(rows, (given) => void expect(read(formatTableFile({ rows: given }))).toEqual(table(given))))
  })
})

describe('what is read', () => {
  test.each<[string, unknown, readonly StoredRow[]]>([
    [
      'the seed’s format',
      [{ ipv4: '203.0.113.7', latency: 12.4, download: 93.1, upload: 41, 'port no': '8088' }],
      [row({ latency: 12.4, download: 93.1, upload: 41 })],
    ],
    [
      'values as text',
      [{ ipv4: '203.0.113.7', latency: '12.4', download: '93.1', upload: '41', 'port no': '8088' }],
      [row({ latency: 12.4, download: 93.1, upload: 41 })],
    ],
    ['a port as a number', [{ ipv4: '203.0.113.7', 'port no': 8088 }], [row()]],
    [
      'nulls',
      [{ ipv4: '203.0.113.7', latency: null, download: null, upload: null, 'port no': '8088', name: null, id: null, 'last seen': null }],
      [row()],
    ],
    ['figures that were never measured', [{ ipv4: '203.0.113.7', latency: 0, download: '0', upload: -1, 'port no': '8088' }], [row()]],
    ['a large latency of ours', [{ ipv4: '203.0.113.7', latency: 12_000, 'port no': '8088' }], [row({ latency: 12_000 })]],
    [
      'P2PRC’s spelling, its latency in nanoseconds',
      [{ Name: 'elm', IPV4: '203.0.113.7', Latency: 12_400_000, Download: 0, Upload: 0, ServerPort: '8088' }],
      [row({ name: 'elm', latency: 12.4 })],
    ],
    [
      'P2PRC 1.x, in nanoseconds too',
      [{ ipv4: '203.0.113.7', latency: 12_400_000, download: 5, upload: 0, serverport: '8088' }],
      [row({ latency: 12.4, download: 5 })],
    ],
    [
      'a latency with a fraction is in milliseconds in that spelling too',
      [{ ipv4: '203.0.113.7', latency: 12.4, serverport: '8088' }],
      [row({ latency: 12.4 })],
    ],
    [
      'P2PRC 3, its flags as text',
      [{ IPV4: '203.0.113.7', ServerPort: '8088', NAT: 'True', ProxyServer: 'False', CustomInformation: null }],
      [row({ p2prc: { ...NO_P2PRC_FIELDS, nat: true } })],
    ],
    ['an IPv6 host', [{ ipv4: '2001:DB8:0::7', 'port no': '8088' }], [row({ host: '2001:db8::7' })]],
    [
      'P2PRC asks at the IPv6 address where there are both',
      [{ IPV4: '203.0.113.7', IPV6: '2001:db8::7', ServerPort: '8088' }],
      [row({ host: '2001:db8::7', p2prc: { ...NO_P2PRC_FIELDS, ipv6: '2001:db8::7' } })],
    ],
    ['an empty list', [], []],
    ['null', null, []],
  ])('%s', (_, rows, expected) => expect(parse(rows)).toEqual(table(expected)))

  test.each([
    ['{"port no":"8088"}', 'a row has no usable host'],
    ['{"ipv4":"203.0.113.7"}', '"203.0.113.7" has no usable port'],
    ['{"ipv4":"203.0.113.7","port no":"0"}', '"203.0.113.7" has no usable port ("0")'],
    ['{"ipv4":"203.0.113.7","port no":65536,"name":"ash"}', '"ash" has no usable port (65536)'],
    ['{"ipv4":"203.0.113.7","port no":"0x1f98"}', '"203.0.113.7" has no usable port ("0x1f98")'],
    ['{"ipv4":"203.0.113.7/x","port no":"8088"}', '"203.0.113.7/x" has no usable host ("203.0.113.7/x")'],
    ['{"ipv4":"0x7f.1","port no":"8088","name":"ash"}', '"ash" has no usable host ("0x7f.1")'],
    ['"ash"', '"ash" is no row'],
    ['null', 'null is no row'],
  ])('a row that can’t be used is said: %s', (bad, why) =>
    expect(read(`{"ip_address":[${bad},{"ipv4":"203.0.113.7","port no":"8088"}]}`)).toEqual(table([row()], why)),
  )

  test('a byte order mark in front is passed over', () =>
    expect(read('\uFEFF{"ip_address":[{"ipv4":"203.0.113.7","port no":"8088"}]}')).toEqual(table([row()])))

  test('an object without keys is an empty table', () => expect(read('{}')).toEqual(table([])))

  test.each([
    ['nothing', ''],
    ['NUL bytes', '\0'.repeat(64)],
    ['half a file', '{"ip_address":[{"ipv4":"203.0.113.7"'],
    ['a list', '[]'],
    ['another program’s file', '{"name":"x","version":"1"}'],
    ['a table that is no list', '{"ip_address":"none"}'],
  ])('is unreadable: %s', (_, text) => expect(parseTableFile(text)).toEqual({ type: 'unreadable' }))

  test('never throws, whatever the text', () =>
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => void expect(['table', 'unreadable']).toContain(parseTableFile(text).type)),
    ))
})

describe('a file that is read in pieces', () => {
  const inPieces = (text: string, length: number) => {
    const reader = new TableReader()
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += length) reader.push(bytes.subarray(at, at + length))
    return reader.end()
  }
  const FILE = `\ufeff{ "note": ["ip_address", {"ip_address": [1]}], "ip_address": [ {"ipv4": "203.0.113.7", "port no": "1", "name": "}],\\"é 🌍"},
    7, {"ipv4": "203.0.113.8", "port no": 2, "mine": {"a": [1, "]"]}} ], "é": "🌍" }`
  test.each([1, 2, 3, 5, 7, 64])('says what it says as a whole: of %d bytes', (length) => {
    const whole = parseTableFile(FILE)
    expect([whole.type, inPieces(FILE, length)]).toEqual(['table', whole])
  })
  test('whatever it holds, JSON or not', () =>
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 5 }),
        fc.jsonValue(),
        fc.nat(200),
        fc.integer({ min: 1, max: 9 }),
        (list, other, cut, length) => {
          for (const text of [
            { ip_address: list, other },
            { other, IP_Address: list, ip_address: [other] },
          ].map((value) => JSON.stringify(value)))
            for (const one of [text, text.slice(0, cut), `${text.slice(0, cut)},${text.slice(cut)}`])
              expect(inPieces(one, length)).toEqual(parseTableFile(one))
        },
      ),
    ))
  test('is a table where JSON has one, and none where it has none', () =>
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 5 }),
        fc.jsonValue(),
        fc.nat(200),
        fc.constantFrom('', ',', ']', '{', '"', '[]', ' '),
        (list, other, at, put) => {
          const text = JSON.stringify({ other, ip_address: list })
          const broken = text.slice(0, at) + put + text.slice(at)
          let isJson = true
          try {
            JSON.parse(broken)
          } catch {
            isJson = false
          }
          if (!isJson) expect(parseTableFile(broken)).toEqual({ type: 'unreadable' })
          const found = parseTableFile(text)
          expect(found.type === 'table' && found.table.rows.length + found.byHand.strange.length).toEqual(list.length)
        },
      ),
    ))
  test('is written in pieces too, a row each', () => {
    const pieces = [...tablePieces({ rows: [ASH, row({})] })]
    expect([pieces.length, pieces.join('')]).toEqual([4, formatTableFile({ rows: [ASH, row({})] })])
    expect(JSON.parse(pieces.join(''))).toEqual(tableFileObject({ rows: [ASH, row({})] }))
  })
})
