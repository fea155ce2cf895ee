// What peers say in JSON: our own messages, records, and P2PRC's tables.
import { parseWireTable } from '../../src/p2prc/wire-table.ts'
import { readEcho } from '../../src/v2/echo.ts'
import { createOpener, MAX_ENVELOPE_BYTES, recordOf, type Verifier } from '../../src/v2/envelope.ts'
import { readGossip, readHelloAnswer, readHelloAsk, readSpeedUp } from '../../src/v2/messages.ts'
import type { Target } from './campaign.ts'
import { type Chance, damaged, noise, oneOf } from './chance.ts'

const ID = '0123456789abcdef0123456789abcdef'
/** Everything is signed well, so that what it says is looked at. */
const credulous: Verifier = { verify: () => true, idOf: () => ID }
const word = { id: ID, name: 'ash', address: '192.0.2.1:8088', seq: 1_700_000_000_000, via: null, turn: true, left: false }
const seal = (body: object): string => JSON.stringify({ body: JSON.stringify(body), key: 'k'.repeat(43), sig: 's'.repeat(86) })
const RECORD = seal(word)

const READERS = [readHelloAsk, readHelloAnswer, readEcho, readGossip, readSpeedUp] as const
/** One for each reader. */
const MESSAGES: readonly string[] = [
  JSON.stringify({ from: RECORD, port: 8088, advertise: '192.0.2.1:8088' }),
  JSON.stringify({ record: RECORD, observed: '192.0.2.1', dialBack: { type: 'reached', address: '192.0.2.1:8088' } }),
  JSON.stringify({ id: ID, run: 'f'.repeat(16), key: 'k'.repeat(43), nonce: 'a'.repeat(32), sig: 's'.repeat(86) }),
  JSON.stringify({
    from: RECORD,
    seq: 1_700_000_000_000,
    knows: 7,
    digest: '1.2',
    ranges: [['', `3.zz ${'- '.repeat(15).trim()}`]],
    lists: [['a', `${'A'.repeat(22)}lor1 192.0.2.3:8088`]],
    offers: `${'_'.repeat(21)}ww2`,
    wants: `${'B'.repeat(21)}A0`,
    records: [RECORD, 5, null],
    unsigned: [{ address: '192.0.2.2:8088', name: 'elm' }],
    doubts: [{ id: ID, seq: 3 }],
  }),
  '{"bytes":1000000,"ms":12.5,"mbps":40,"confidence":1e999}',
]
const TABLE = `{
 "ip_address": [
  { "Name": "ash", "MachineUsername": "x", "IPV4": "192.0.2.1", "IPV6": "", "Latency": 12400000, "Download": 1.5, "Upload": "2",
    "ServerPort": 8088, "UDPServerPort": null, "BareMetalSSHPort": "", "NAT": "True", "EscapeImplementation": "FRP",
    "ProxyServer": false, "UnSafeMode": false, "PublicKey": "", "CustomInformation": "é\\u0000\\ud800" }, 7, null, []
 ], "IP_ADDRESS": null }`

/** Characters of JSON in places where they mean something, beside the usual damage. */
const textLike = (pick: Chance, valid: string): Buffer => {
  if (pick(8) === 0) return noise(pick, 400)
  if (pick(2) === 0) return damaged(pick, Buffer.from(valid))
  const at = pick(valid.length)
  const put = oneOf(pick, ['{', '}', '[', ']', '"', ',', ':', '\\', 'null', '-1', '1e999', '""', '[['.repeat(pick(40)), '"__proto__":{},'])
  return Buffer.from(valid.slice(0, at) + put + valid.slice(at + pick(6)))
}
const whole = (pieces: Iterable<Buffer>): Buffer => Buffer.concat([...pieces])

export const peerTargets: readonly Target[] = [
  {
    name: 'messages between nodes',
    inputs: 1_000_000,
    input: (pick) => {
      const which = pick(MESSAGES.length)
      return Buffer.concat([Buffer.from([pick(16) === 0 ? pick(MESSAGES.length) : which]), textLike(pick, MESSAGES[which] ?? '')])
    },
    maxBytes: MAX_ENVELOPE_BYTES * 4,
    feed: (pieces) => {
      const told = whole(pieces)
      const read = READERS[told[0] ?? 0]?.(told.subarray(1)) ?? null
      return read !== null && 'records' in read ? Math.max(0, ...read.records.map((record) => record.length)) : 0
    },
  },
  {
    name: 'records',
    inputs: 1_000_000,
    input: (pick) => (pick(2) === 0 ? textLike(pick, RECORD) : Buffer.from(seal({ ...word, [oneOf(pick, keys)]: oneOf(pick, values) }))),
    maxBytes: MAX_ENVELOPE_BYTES,
    feed: (pieces) => {
      const text = whole(pieces).toString('utf8')
      const opened = open(text)
      return opened === null ? 0 : (recordOf(opened, text, '192.0.2.9:1')?.name.length ?? 0)
    },
  },
  {
    name: "P2PRC's tables",
    inputs: 1_000_000,
    input: (pick) => textLike(pick, TABLE),
    maxBytes: 4_096,
    feed: (pieces) => parseWireTable(whole(pieces).toString('utf8')).length,
  },
]

const open = createOpener(credulous)
const keys: readonly [keyof typeof word, ...(keyof typeof word)[]] = ['id', 'name', 'address', 'seq', 'via', 'turn', 'left']
const values: readonly [unknown, ...unknown[]] = [
  null,
  '',
  0,
  -1,
  1.5,
  2 ** 60,
  'frp://192.0.2.1:1',
  '0x7f.1:1',
  '[::1%eth0]:1',
  'a'.repeat(300),
  '\u202e\u0000\ud800',
  [],
  {},
  true,
]
