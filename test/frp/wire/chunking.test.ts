// Where a stream is cut into pieces says nothing: every reader makes the same of the same bytes, valid or not.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameParser, frameHeader } from '../../../src/frp/mux/yamux-frame.ts'
import { encodeMessage, MessageReader } from '../../../src/frp/wire/codec.ts'
import { createCoder } from '../../../src/frp/wire/coding.ts'
import { ControlChannel } from '../../../src/frp/wire/control-channel.ts'
import { controlCipher } from '../../../src/frp/wire/control-cipher.ts'
import { datagramLimits } from '../../../src/frp/wire/datagram-size.ts'
import { firstMessage } from '../../../src/frp/wire/first-message.ts'
import { GreetingReader } from '../../../src/frp/wire/greeting.ts'
import type { Outgoing } from '../../../src/frp/wire/messages.ts'
import { PacketStream } from '../../../src/frp/wire/packet-stream.ts'
import { SnappyReader, snappyWriter } from '../../../src/frp/wire/snappy.ts'
import { type MessageSource, wireOf } from '../../../src/frp/wire/wire.ts'
import { encodeFrame, encodeMessageV2, MAGIC, MessageReaderV2 } from '../../../src/frp/wire/wire-v2-frame.ts'
import { answerHello, ClientOpening } from '../../../src/frp/wire/wire-v2-hello.ts'
import { chance, strange } from '../../fuzz/chance.ts'
import { fixed, v1, v2 } from '../../fuzz/message-targets.ts'
import { deadEnd } from '../dead-end.ts'
import { frpClock } from '../frp-clock.ts'

/** What a reader said, in order, and how it came to its end: null while it may go on. */
interface Outcome {
  readonly said: readonly string[]
  readonly end: string | null
}
type Reading = (pieces: readonly Buffer[]) => Outcome

function all(source: MessageSource, pieces: readonly Buffer[], said: string[] = []): Outcome {
  for (const piece of pieces) {
    source.push(piece)
    for (let read = source.next(); read.type !== 'more'; read = source.next()) {
      if (read.type === 'fault') return { said, end: read.text }
      said.push(JSON.stringify(read.message))
    }
  }
  return { said: [...said, `${source.heldBytes} held`], end: null }
}

const opening = { randomBytes: fixed, tls: false, mux: true }
const hello = new ClientOpening(opening).first
const serverHello = encodeFrame(2, answerHello(hello.subarray(MAGIC.length + 8), fixed).payload)
const LOGIN: Outgoing = { type: 'login', version: '0.45.0', poolCount: 1 }

const greetings: Reading = (pieces) => {
  const said: string[] = []
  const source = new GreetingReader({ randomBytes: fixed, onHello: (answer) => said.push(answer.toString('hex')) })
  const outcome = all(source, pieces, said)
  return { ...outcome, said: [...outcome.said, `${source.wire.version} ${source.transcript?.toString('hex')} ${source.refusal}`] }
}

const yamuxFrames: Reading = (pieces) => {
  const said: string[] = []
  let end: string | null = null
  let piece: Buffer = Buffer.alloc(0)
  let body = ''
  const tellBody = (): void => {
    said.push(`body ${body}`)
    body = ''
  }
  const parser = new FrameParser({
    frame: (...head) => said.push(head.join(' ')),
    body: (from, to) => {
      body += piece.toString('hex', from, to)
    },
    bodyEnd: tellBody,
    broken: (why) => {
      end = why
    },
  })
  for (piece of pieces) parser.feed(piece, 0, piece.length)
  tellBody()
  return { said, end }
}

/** The first message of a stream, and what comes behind it. */
const first: Reading = (pieces) => {
  const said: string[] = []
  let [end, behind] = [null as string | null, '']
  const stream = deadEnd()
  const keep = (bytes: Buffer): void => {
    behind += bytes.toString('hex')
  }
  firstMessage(stream, {
    clock: frpClock(),
    source: new MessageReader(),
    timeoutMs: null,
    onMessage: (message, rest) => {
      said.push(JSON.stringify(message))
      if (rest !== null) keep(rest)
      stream.onBytes = keep
    },
    onFail: (why) => {
      end = why
    },
  })
  for (const piece of pieces) stream.onBytes?.(piece)
  return { said: [...said, behind], end }
}

const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 })

describe('the same is made of', () => {
  test.each<[string, Buffer, Reading]>([
    ['v1 messages', v1, (pieces) => all(new MessageReader(), pieces)],
    ['v2 messages', v2, (pieces) => all(new MessageReaderV2(), pieces)],
    ['a greeting on wire v1', v1, greetings],
    ['a greeting on wire v2', Buffer.concat([hello, encodeMessageV2(LOGIN), v2]), greetings],
    [
      "a server's hello",
      Buffer.concat([serverHello, encodeMessageV2({ type: 'loginResp', runId: 'r' })]),
      (pieces) => all(new ClientOpening(opening), pieces),
    ],
    ['a first message, and what comes behind it', v1, first],
    [
      'yamux frames',
      Buffer.concat([
        frameHeader(1, 1, 1, 0),
        frameHeader(0, 0, 1, 5),
        Buffer.from('hello'),
        frameHeader(2, 1, 0, 7),
        frameHeader(0, 4, 1, 0),
      ]),
      yamuxFrames,
    ],
  ])('%s', (_, valid, reading) => {
    fc.assert(
      fc.property(fc.nat(), sizes, (seed, some) => {
        const bytes = strange(chance(seed), valid)
        expect(reading(cut(bytes, some))).toEqual(reading([bytes]))
      }),
      { numRuns: 300 },
    )
  })
})

const aes = (client: boolean, transcript: Buffer | null) => controlCipher({ token: 'secret', randomBytes: fixed, transcript, client })

const channel =
  (wire: 1 | 2): Reading =>
  (pieces) => {
    const stream = deadEnd()
    const said: string[] = []
    let end: string | null = null
    const control = new ControlChannel(stream, {
      clock: frpClock(),
      wire: wireOf(wire),
      cipher: aes(false, wire === 2 ? fixed(32) : null),
      onMessage: (message) => said.push(JSON.stringify(message)),
      onFail: (why) => {
        end = why
      },
    })
    control.start(pieces[0] ?? null) // the first comes with what was read before
    for (const piece of pieces.slice(1)) stream.onBytes?.(piece)
    return { said, end }
  }

const PACKETS = [1, 100, 1_400].map(
  (size): Outgoing => ({
    type: 'udpPacket',
    content: fixed(size).toString('base64'),
    remote: { host: '203.0.113.9', port: size },
  }),
)
const codings = [
  { useEncryption: false, useCompression: false },
  { useEncryption: true, useCompression: false },
  { useEncryption: false, useCompression: true },
  { useEncryption: true, useCompression: true },
].map((wishes) => ({ ...wishes, key: fixed(16), randomBytes: fixed }))
const coded = (wishes: (typeof codings)[number], frames: readonly Buffer[]): Buffer => {
  const coder = createCoder(wishes)
  return Buffer.concat(frames.map((frame) => coder.encode(frame)))
}
const packets =
  (wishes: (typeof codings)[number], wire: 1 | 2): Reading =>
  (pieces) => {
    const stream = deadEnd()
    const said: string[] = []
    let end: string | null = null
    const packetStream = new PacketStream(stream, {
      wire: wireOf(wire),
      limits: datagramLimits(wireOf(wire), 0),
      coder: createCoder(wishes),
      onPacket: (bytes, { host, port }) => said.push(`${bytes.toString('hex')} of ${host}:${port}`),
      onSign: () => {},
      onFail: (why) => {
        end = why
      },
    })
    packetStream.start(pieces[0] ?? null)
    for (const piece of pieces.slice(1)) stream.onBytes?.(piece)
    return { said, end }
  }

const snappy: Reading = (pieces) => {
  const reader = new SnappyReader()
  const plain: Buffer[] = []
  for (const piece of pieces) {
    const parts = reader.push(piece)
    if (parts === null) return { said: [...Buffer.concat(plain)].map(String), end: 'no snappy' }
    plain.push(...parts)
  }
  return { said: [...Buffer.concat(plain)].map(String), end: null }
}
const packed = (() => {
  const write = snappyWriter()
  // stored, stored, padding, and "hello, hello, hello!" as a block that copies from itself
  const block = '0012000053f4de00141868656c6c6f2c202e07000021'
  return Buffer.concat([write(Buffer.from('hello')), write(fixed(300)), Buffer.from(`fe030000000000${block}`, 'hex')])
})()

// Behind a cipher or a coding a piece that turns out false takes with it what came whole in the same piece.
describe('the same is made, up to where it turns out false, of', () => {
  const sealer = aes(true, fixed(32))
  const inRecords = Buffer.concat(
    [LOGIN, { type: 'ping' } as const, { type: 'pong', error: 'e' } as const].map((said) => sealer.encrypt(encodeMessageV2(said))),
  )
  test.each<[string, Buffer, Reading]>([
    ['a v1 control channel', aes(true, null).encrypt(v1), channel(1)],
    ['a v2 control channel', inRecords, channel(2)],
    ['snappy', packed, snappy],
    ...codings.map((wishes): [string, Buffer, Reading] => [
      `datagrams${wishes.useEncryption ? ', encrypted' : ''}${wishes.useCompression ? ', compressed' : ''}`,
      coded(wishes, PACKETS.map(encodeMessage)),
      packets(wishes, 1),
    ]),
    ['datagrams on wire v2', Buffer.concat(PACKETS.map(encodeMessageV2)), packets(codings[0] as (typeof codings)[number], 2)],
  ])('%s', (_, valid, reading) => {
    expect(reading([valid]).end).toEqual(null)
    fc.assert(
      fc.property(fc.nat(), sizes, (seed, some) => {
        const pick = chance(seed)
        const bytes = pick(2) === 0 ? valid : strange(pick, valid)
        const [whole, inPieces] = [reading([bytes]), reading(cut(bytes, some))]
        expect(inPieces.end).toEqual(whole.end)
        const heard = whole.end === null ? inPieces.said : inPieces.said.slice(0, whole.said.length)
        expect(heard).toEqual(whole.said)
      }),
      { numRuns: 300 },
    )
  })
})

/** Pieces of these sizes, over and over. */
function cut(bytes: Buffer, some: readonly number[]): readonly Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = some.length === 0 ? bytes.length : (some[turn % some.length] ?? 1)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}
