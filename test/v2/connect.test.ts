import { describe, expect, test } from 'vitest'
import {
  answerLine,
  askLine,
  type ConnectAsk,
  DatagramReader,
  framed,
  lineIn,
  MAX_DATAGRAM_BYTES,
  readAnswer,
  readAsk,
  readToldServices,
} from '../../src/v2/connect.ts'

const SERVICE: ConnectAsk = { type: 'service', service: 'web', kind: 'tcp' }
const DOMAIN: ConnectAsk = { type: 'domain', scheme: 'https', domain: 'www.example.org', from: '203.0.113.9:4711', at: '[2001:db8::1]:443' }

test.each([SERVICE, DOMAIN])('an ask is read as it was written: %j', (ask) => {
  const line = lineIn(askLine(ask))
  expect(line.type === 'line' && readAsk(line.text)).toEqual(ask)
})

test.each<[string, unknown]>([
  ['no JSON', undefined],
  ['of another type', { ...SERVICE, type: 'node' }],
  ['without a name', { ...SERVICE, service: '' }],
  ['with a long name', { ...SERVICE, service: 'x'.repeat(101) }],
  ['of another kind', { ...SERVICE, kind: 'sctp' }],
  ['for a path', { ...DOMAIN, domain: 'www.example.org/x' }],
  ['for every name', { ...DOMAIN, domain: '*' }],
  ['of a user that is nowhere', { ...DOMAIN, from: 'x y' }],
  ['of another scheme', { ...DOMAIN, scheme: 'ftp' }],
])('an ask is none: %s', (_, value) => expect(readAsk(value === undefined ? 'GET /' : JSON.stringify(value))).toBe(null))

test('the port of a user need not be known', () =>
  expect(readAsk(JSON.stringify({ ...DOMAIN, at: '127.0.0.1:0' }))).toEqual({ ...DOMAIN, at: '127.0.0.1:0' }))

test.each([
  [
    { status: 200, error: null },
    { status: 200, error: null },
  ],
  [
    { status: 404, error: 'no' },
    { status: 404, error: 'no' },
  ],
  [{ status: 404 }, { status: 404, error: null }],
  [
    { status: 404, error: 'x'.repeat(400) },
    { status: 404, error: 'x'.repeat(300) },
  ],
  [{ status: '200' }, null],
])('the answer %j is read as %j', (said, expected) => expect(readAnswer(JSON.stringify(said))).toEqual(expected))

describe('a line', () => {
  const bytes = Buffer.concat([answerLine({ status: 200, error: null }), Buffer.from('rest')])
  test('ends before what follows it', () =>
    expect(lineIn(bytes)).toEqual({ type: 'line', text: '{"status":200,"error":null}', rest: Buffer.from('rest') }))
  test('is not there yet', () => expect(lineIn(bytes.subarray(0, 10))).toEqual({ type: 'more' }))
  test('is too long', () => expect(lineIn(Buffer.alloc(1_024, 'x'))).toEqual({ type: 'long' }))
})

test('datagrams come out whole, however they were cut', () => {
  const sent = [Buffer.alloc(0), Buffer.from('a'), Buffer.alloc(MAX_DATAGRAM_BYTES, 'b')]
  const stream = Buffer.concat(sent.map(framed))
  for (const size of [1, 3, 1_000, stream.length]) {
    const reader = new DatagramReader()
    const got: Buffer[] = []
    for (let at = 0; at < stream.length; at += size) got.push(...(reader.push(stream.subarray(at, at + size)) ?? []))
    expect(got.map((one) => one.length)).toEqual(sent.map((one) => one.length))
  }
})
test('a datagram longer than there are any is none', () => expect(new DatagramReader().push(Buffer.from([0xff, 0xff, 1]))).toBe(null))

test.each<[string, unknown, unknown]>([
  ['some', { services: [{ name: 'web', kind: 'tcp', private: true }] }, [{ name: 'web', kind: 'tcp', private: true }]],
  ['some that are none', { services: [{ name: 'web' }, null, 3, { name: '', kind: 'tcp' }] }, []],
  [
    'more than are taken',
    { services: Array(200).fill({ name: 'a', kind: 'udp' }) },
    Array(128).fill({ name: 'a', kind: 'udp', private: false }),
  ],
  ['no list', { services: 3 }, null],
  ['nothing', {}, null],
])('an answer with services: %s', (_, value, expected) => expect(readToldServices(Buffer.from(JSON.stringify(value)))).toEqual(expected))
