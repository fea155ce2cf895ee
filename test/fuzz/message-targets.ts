// The readers of frp's messages, on both wires, in clear.
import { encodeMessage, MessageReader } from '../../src/frp/wire/codec.ts'
import { type Coder, createCoder } from '../../src/frp/wire/coding.ts'
import { datagramLimits, MAX_DATAGRAM_BYTES } from '../../src/frp/wire/datagram-size.ts'
import { GreetingReader } from '../../src/frp/wire/greeting.ts'
import type { Outgoing } from '../../src/frp/wire/messages.ts'
import { PacketStream } from '../../src/frp/wire/packet-stream.ts'
import { type MessageSource, wireOf } from '../../src/frp/wire/wire.ts'
import { encodeMessageV2, MessageReaderV2 } from '../../src/frp/wire/wire-v2-frame.ts'
import { ClientOpening } from '../../src/frp/wire/wire-v2-hello.ts'
import {
  answerLine,
  askLine,
  DatagramReader,
  framed,
  lineIn,
  MAX_DATAGRAM_BYTES as MAX_CONNECT_DATAGRAM,
  MAX_LINE_BYTES,
  readAnswer,
  readAsk,
} from '../../src/v2/connect.ts'
import { deadEnd } from '../frp/dead-end.ts'
import type { Target } from './campaign.ts'
import { damaged, noise, strange } from './chance.ts'

export const MESSAGES: readonly Outgoing[] = [
  { type: 'login', version: '0.45.0', privilegeKey: 'k', timestamp: 1, metas: { a: 'b' }, poolCount: 1 },
  { type: 'newProxy', proxyName: 'web', proxyType: 'tcp', remotePort: 6000, customDomains: ['a.b'], useEncryption: true },
  { type: 'newWorkConn', runId: 'r' },
  { type: 'startWorkConn', proxyName: 'web', srcAddr: '::1', srcPort: 1 },
  { type: 'udpPacket', content: 'aGk=', remote: { host: '1.2.3.4', port: 5 } },
  { type: 'ping' },
]
const CONNECT_LINES = Buffer.concat([
  askLine({ type: 'domain', scheme: 'https', domain: 'www.example.org', from: '203.0.113.9:1', at: '[::1]:443' }),
  askLine({ type: 'service', service: 'web', kind: 'tcp' }),
  answerLine({ status: 200, error: null }),
])
export const v1 = Buffer.concat(MESSAGES.map(encodeMessage))
export const v2 = Buffer.concat(MESSAGES.map(encodeMessageV2))
export const fixed = (count: number): Buffer => Buffer.alloc(count, 5)
const hello = { randomBytes: fixed, tls: true, mux: true }
const greeting = Buffer.concat([new ClientOpening(hello).first, v2])
export const V1_BYTES = 9 + 10_240
const V2_BYTES = 8 + 65_536

/** Reads all there is; what is held while it waits for more. */
export function drain(source: MessageSource, pieces: Iterable<Buffer>): number {
  let held = 0
  for (const piece of pieces) {
    source.push(piece)
    let read = source.next()
    while (read.type === 'message') read = source.next()
    if (read.type === 'fault') return held
    held = Math.max(held, source.heldBytes)
  }
  return held
}

/** Datagrams as a work connection brings them. */
function drainPackets(coder: Coder, told: number, pieces: Iterable<Buffer>): number {
  const stream = deadEnd()
  let most = 0
  const onPacket = (bytes: Buffer): void => {
    most = Math.max(most, bytes.length)
  }
  new PacketStream(stream, {
    wire: wireOf(1),
    limits: datagramLimits(wireOf(1), told),
    coder,
    onPacket,
    onSign: () => {},
    onFail: () => {},
  }).start(null)
  for (const piece of pieces) stream.onBytes?.(piece)
  return most
}
const coder = (useCompression: boolean) => createCoder({ useEncryption: false, useCompression, key: fixed(16), randomBytes: fixed })

export const messageTargets: readonly Target[] = [
  {
    name: 'v1 messages',
    inputs: 1_000_000,
    input: (pick) => strange(pick, v1),
    maxBytes: V1_BYTES,
    feed: (pieces) => drain(new MessageReader(), pieces),
  },
  {
    name: 'the lines that connections to services begin with',
    inputs: 200_000,
    input: (pick) => strange(pick, CONNECT_LINES),
    maxBytes: MAX_LINE_BYTES,
    feed: (pieces) => {
      const line = lineIn(Buffer.concat([...pieces]))
      if (line.type !== 'line') return 0
      readAnswer(line.text)
      return JSON.stringify(readAsk(line.text) ?? '').length
    },
  },
  {
    name: 'datagrams to services',
    inputs: 200_000,
    input: (pick) => strange(pick, Buffer.concat([1, 700, 0, 65_507].map((size) => framed(Buffer.alloc(size, 'd'))))),
    maxBytes: MAX_CONNECT_DATAGRAM,
    feed: (pieces) => {
      const reader = new DatagramReader()
      let most = 0
      for (const piece of pieces) {
        const whole = reader.push(piece)
        if (whole === null) return most
        most = Math.max(most, ...whole.map((one) => one.length))
      }
      return most
    },
  },
  {
    name: 'v2 messages',
    inputs: 1_000_000,
    input: (pick) => strange(pick, v2),
    maxBytes: V2_BYTES,
    feed: (pieces) => drain(new MessageReaderV2(), pieces),
  },
  {
    name: 'greetings',
    inputs: 200_000,
    input: (pick) => strange(pick, greeting),
    maxBytes: V2_BYTES,
    feed: (pieces) => drain(new GreetingReader({ randomBytes: fixed, onHello: () => {} }), pieces),
  },
  {
    name: "a server's hello",
    inputs: 200_000,
    input: (pick) => strange(pick, encodeMessageV2({ type: 'loginResp' })),
    maxBytes: V2_BYTES,
    feed: (pieces) => drain(new ClientOpening(hello), pieces),
  },
  {
    name: 'datagrams, compressed',
    inputs: 200_000,
    input: (pick) => (pick(8) === 0 ? noise(pick, 400) : damaged(pick, coder(true).encode(strange(pick, v1)))),
    maxBytes: V1_BYTES,
    feed: (pieces) => drainPackets(coder(true), 0, pieces),
  },
  {
    name: 'large datagrams, as our ends agree on',
    inputs: 200_000,
    input: (pick) => strange(pick, v1),
    maxBytes: MAX_DATAGRAM_BYTES,
    feed: (pieces) => drainPackets(coder(false), MAX_DATAGRAM_BYTES, pieces),
  },
]
