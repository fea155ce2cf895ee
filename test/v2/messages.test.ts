import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readEcho } from '../../src/v2/echo.ts'
import {
  type GossipMessage,
  gossipJson,
  MAX_GOSSIP_RECORDS,
  readGossip,
  readHelloAnswer,
  readHelloAsk,
  readSpeedUp,
} from '../../src/v2/messages.ts'

const body = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const ID = '0123456789abcdef0123456789abcdef'

test.each<[unknown, unknown]>([
  [
    { from: 'E', port: 8088, advertise: 'a:1' },
    { from: 'E', port: 8088, advertise: 'a:1' },
  ],
  [
    { from: 'E', port: null },
    { from: 'E', port: null, advertise: null },
  ],
  [
    { from: 'E', port: 1, advertise: 'x'.repeat(301) },
    { from: 'E', port: 1, advertise: null },
  ],
  [
    { from: 'E', port: 1, advertise: 7, more: true },
    { from: 'E', port: 1, advertise: null },
  ],
  [{ from: 'E' }, null],
  [{ from: 'E', port: 0 }, null],
  [{ from: 'E', port: 65_536 }, null],
  [{ from: 'E', port: '8088' }, null],
  [{ from: 7, port: 1 }, null],
  ['[]', null],
  ['', null],
])('the hello %j is read as %j', (given, expected) => expect(readHelloAsk(body(given))).toEqual(expected))

const UNTRIED = { type: 'untried' }
const REACHED = { type: 'reached', address: 'a:1' }

test.each<[unknown, unknown]>([
  [
    { record: 'E', observed: '192.0.2.1', dialBack: REACHED },
    { record: 'E', observed: '192.0.2.1', dialBack: REACHED },
  ],
  [{ record: 'E' }, { record: 'E', observed: null, dialBack: UNTRIED }],
  [
    { record: 'E', observed: 7, dialBack: { type: 'reached', address: 'x'.repeat(301) } },
    { record: 'E', observed: null, dialBack: UNTRIED },
  ],
  [{ observed: '192.0.2.1' }, null],
  ['null', null],
])("the hello's answer %j is read as %j", (given, expected) => expect(readHelloAnswer(body(given))).toEqual(expected))

test.each<[unknown, unknown]>([
  [{ ...REACHED, more: 1 }, REACHED],
  [{ type: 'reached' }, UNTRIED],
  [{ type: 'reached', address: 7 }, UNTRIED],
  [
    { type: 'missed', why: 'refused' },
    { type: 'missed', why: 'refused' },
  ],
  [
    { type: 'missed', why: 'silent' },
    { type: 'missed', why: 'silent' },
  ],
  [
    { type: 'missed', why: 'it rained' },
    { type: 'missed', why: 'silent' },
  ],
  [{ type: 'missed' }, { type: 'missed', why: 'silent' }],
  [{ type: 'busy' }, { type: 'busy' }],
  [UNTRIED, UNTRIED],
  [{ type: 'asleep' }, UNTRIED],
  ['reached', UNTRIED],
  [null, UNTRIED],
  [[], UNTRIED],
])('what trying to connect back came to, told as %j, is read as %j', (dialBack, expected) =>
  expect(readHelloAnswer(body({ record: 'E', dialBack }))).toEqual({ record: 'E', observed: null, dialBack: expected }),
)

const ECHO = { id: ID, run: 'r', key: 'k', nonce: 'n', sig: 's' }

test.each<[unknown, unknown]>([
  [{ ...ECHO, more: 1 }, ECHO],
  [{ ...ECHO, id: 'ash' }, null],
  [{ ...ECHO, sig: undefined }, null],
  [{ ...ECHO, run: undefined }, null],
  [{ ...ECHO, run: 7 }, null],
  ['"echo"', null],
])('the echo %j is read as %j', (given, expected) => expect(readEcho(body(given))).toEqual(expected))

const EMPTY: GossipMessage = {
  ...{ seq: 7, knows: null, from: null, digest: null },
  ...{ ranges: [], lists: [], offers: [], wants: [], records: [], unsigned: [], doubts: [], deaths: [] },
}
const row = (name: string) => ({ address: 'a:1', name })
const doubt = { id: ID, seq: 3 }

test.each<[string, unknown, unknown]>([
  ['with nothing but its count', { seq: 7 }, EMPTY],
  [
    'of which all is none',
    { seq: 7, knows: -1, from: 1, digest: 'x', ranges: 1, lists: 2, offers: 3, wants: 4, records: 'A', unsigned: {}, doubts: 7 },
    EMPTY,
  ],
  ['with records that are none', { ...EMPTY, records: [7, null, 'x'.repeat(1_025), 'A'] }, { ...EMPTY, records: ['A'] }],
  [
    'with rows that are none',
    { ...EMPTY, unsigned: [7, null, { address: 'a:1' }, row('x'.repeat(301)), row('pc')] },
    { ...EMPTY, unsigned: [row('pc')] },
  ],
  [
    'with doubts that are none',
    { ...EMPTY, doubts: [null, { id: 'ash', seq: 1 }, { id: ID, seq: '1' }, doubt] },
    { ...EMPTY, doubts: [doubt] },
  ],
  [
    'with more than it may hold',
    { seq: 7, records: Array(501).fill('A'), unsigned: Array(501).fill(row('pc')), doubts: Array(65).fill(doubt) },
    {
      ...EMPTY,
      records: Array(MAX_GOSSIP_RECORDS).fill('A'),
      unsigned: Array(MAX_GOSSIP_RECORDS).fill(row('pc')),
      doubts: Array(64).fill(doubt),
    },
  ],
  ['without a count', { records: ['A'] }, null],
  ['with a count that is none', { seq: 1.5 }, null],
  ['as garbage', '{"seq":', null],
])('gossip %s', (_, given, expected) => expect(readGossip(body(given))).toEqual(expected))

test('gossip is read as it was said, and says nothing of what is empty', () => {
  const word = { key: ID, seq: 1_764_289_469_123 }
  const address = { key: '[2001:db8::1]:8088', seq: 0 }
  const digest = { count: 2, sum: 2 ** 52 - 1 }
  const full: GossipMessage = {
    ...{ seq: 7, knows: 6, from: 'E', digest },
    ranges: [{ range: 'a0', parts: [digest, ...Array(15).fill({ count: 0, sum: 0 })] }],
    lists: [
      { range: '', words: [word, address] },
      { range: 'f', words: [] },
    ],
    ...{ offers: [word], wants: [word.key, address.key], records: ['A'], unsigned: [row('pc')], doubts: [doubt], deaths: [] },
  }
  expect(readGossip(body(gossipJson(full)))).toEqual(full)
  expect(JSON.stringify(gossipJson(EMPTY))).toEqual('{"seq":7}')
})

const UPLOAD = {
  ...{ bytes: 1, ms: 2, mbps: 3, lowMbps: 2, highMbps: 4, coverage: 0.5, confidence: 0.5, settled: true, busyDown: null, busyUp: 0.25 },
}
test.each<[unknown, unknown]>([
  [{ ...UPLOAD, more: 1 }, UPLOAD],
  [
    { ...UPLOAD, busyDown: 2, busyUp: 'much' },
    { ...UPLOAD, busyDown: null, busyUp: null },
  ],
  [{ ...UPLOAD, bytes: -1 }, null],
  [{ ...UPLOAD, ms: -2 }, null],
  [{ ...UPLOAD, mbps: -3 }, null],
  [{ ...UPLOAD, lowMbps: null }, null],
  [{ ...UPLOAD, highMbps: '4' }, null],
  [{ ...UPLOAD, coverage: 1.5 }, null],
  [{ ...UPLOAD, confidence: -1 }, null],
  [{ ...UPLOAD, confidence: 1.5 }, null],
  [{ ...UPLOAD, settled: 1 }, null],
  [JSON.stringify(UPLOAD).replace('"mbps":3', '"mbps":1e999'), null],
  ['{"bytes":1,"ms":2,"mbps":3,"confidence":0.5}', null],
  ['', null],
])('the answer %j to an upload is read as %j', (given, expected) => expect(readSpeedUp(body(given))).toEqual(expected))

test('no body at all is no message', () => expect([readHelloAsk(null), readGossip(null)]).toEqual([null, null]))

test('whatever the body is, reading it does not throw', () =>
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json().map(body),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        for (const read of [readHelloAsk, readHelloAnswer, readEcho, readGossip, readSpeedUp]) read(bytes)
      },
    ),
  ))
