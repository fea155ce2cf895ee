import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteQueue } from '../../../src/frp/wire/byte-queue.ts'
import { controlCipher } from '../../../src/frp/wire/control-cipher.ts'
import { GreetingReader } from '../../../src/frp/wire/greeting.ts'
import type { Message } from '../../../src/frp/wire/messages.ts'
import { directionKey, Opener, Sealer, transcriptOf } from '../../../src/frp/wire/wire-v2-crypto.ts'
import { encodeFrame, encodeMessageV2, type FrameRead, FrameReader, MAGIC, MessageReaderV2 } from '../../../src/frp/wire/wire-v2-frame.ts'
import { answerHello, ClientOpening } from '../../../src/frp/wire/wire-v2-hello.ts'

const PING = '0010000000000004000b7b7d'
const TRANSCRIPT = transcriptOf(Buffer.from('{"a":1}'), Buffer.from('{"b":2}'))
const NONCE = Buffer.from('000102030405060708090a0b', 'hex')
const KEY = directionKey('secret', TRANSCRIPT, 'client-to-server')
const random = (count: number) => Buffer.alloc(count, 9)

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...pieces, bytes.subarray(at)]
}
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 })

describe('what stock frp computes', () => {
  test('is computed', () => {
    expect([
      MAGIC.toString('hex'),
      encodeMessageV2({ type: 'ping' }).toString('hex'),
      TRANSCRIPT.toString('hex'),
      KEY.toString('hex'),
      directionKey('secret', TRANSCRIPT, 'server-to-client').toString('hex'),
      new Sealer(KEY, () => NONCE).encrypt(Buffer.from(PING, 'hex')).toString('hex'),
    ]).toEqual([
      '46525000020d0a',
      PING,
      '78370d88a15058b8c472aaa4a622bdcfb6a007f31cda8bea050ddc9b914c4349',
      '53ab4fffca4f7b5ee551ba13d3a5a5ef241722842bffe9bf99ef02029fb1d40c',
      'd5727d817da7b9d35b35307525a8eaeb5081a42e105c107342f4f86edf5784e9',
      '000102030405060708090a0b0000001c0106f711da74378f05d6749bdc7ae0c551247b422ccc9bc335e83e5b',
    ])
  })

  test('holds with an empty token', () => {
    expect(directionKey('', TRANSCRIPT, 'client-to-server').length).toEqual(32)
  })
})

describe('a frame reader', () => {
  const read = (...pieces: readonly Buffer[]): readonly FrameRead[] => {
    const reader = new FrameReader()
    const heard: FrameRead[] = []
    for (const piece of pieces) {
      reader.push(piece)
      let next = reader.next()
      for (; next.type === 'frame'; next = reader.next()) heard.push(next)
      if (next.type === 'fault') return [...heard, next]
    }
    return heard
  }

  test('gives frames however they are cut', () => {
    const payloads = [Buffer.from('{}'), Buffer.alloc(0), Buffer.alloc(300, 1), Buffer.from('xyz')]
    const bytes = Buffer.concat(payloads.map((payload) => encodeFrame(16, payload)))
    fc.assert(
      fc.property(sizes, (some) => {
        expect(read(...cut(bytes, some))).toEqual(payloads.map((payload) => ({ type: 'frame', kind: 16, payload })))
      }),
    )
  })

  test.each([
    ['of an unknown type', '0011000000000000', 'unknown frame type 17'],
    ['with flags', '0010000100000000', 'frame flags 1'],
    ['of more than 65,536 bytes', '0010000000010001', 'frame of 65537 bytes'],
  ])('ends at a frame %s, before its payload', (_, hex, text) => {
    expect(read(Buffer.from(PING + hex, 'hex')).at(-1)).toEqual({ type: 'fault', text })
  })

  test('takes 65,536 bytes', () => {
    expect(read(encodeFrame(16, Buffer.alloc(65_536))).length).toEqual(1)
  })
})

describe('a message reader', () => {
  const fault = (bytes: Buffer) => {
    const reader = new MessageReaderV2()
    reader.push(bytes)
    return reader.next()
  }
  test.each<[string, Buffer, string]>([
    ['no number', encodeFrame(16, Buffer.from([0])), 'a message without a number'],
    ['an unknown number', encodeFrame(16, Buffer.from('\0\x63{}')), 'unknown message number 99'],
    ['malformed JSON', encodeFrame(16, Buffer.from('\0\x0b{')), 'malformed ping'],
    ['a field of a wrong type', encodeFrame(16, Buffer.from('\0\x0b{"timestamp":"x"}')), 'malformed ping'],
    ['a hello among messages', encodeFrame(1, Buffer.from('{}')), 'frame type 1 out of order'],
  ])('ends at %s', (_, bytes, text) => {
    expect(fault(bytes)).toEqual({ type: 'fault', text })
  })
})

describe('a sealed direction', () => {
  test('is opened however it is cut, records of more than 64 KiB included', () => {
    const plain = [Buffer.from('a'), Buffer.alloc(70_000, 'long'), Buffer.from(PING, 'hex')]
    const sealer = new Sealer(KEY, () => NONCE)
    const bytes = Buffer.concat(plain.map((piece) => sealer.encrypt(piece)))
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9_000 }), { maxLength: 20 }), (some) => {
        const opener = new Opener(KEY)
        const opened = cut(bytes, some).map((piece) => opener.decrypt(piece) ?? Buffer.from('broken'))
        expect(Buffer.concat(opened).equals(Buffer.concat(plain))).toEqual(true)
        expect(opener.heldBytes).toEqual(0)
      }),
      { numRuns: 30 },
    )
  })

  test('is refused once any bit is another', () => {
    const sealer = new Sealer(KEY, () => NONCE)
    const bytes = Buffer.concat([sealer.encrypt(Buffer.from('one')), sealer.encrypt(Buffer.from('two'))])
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const wrong = Buffer.from(bytes)
        wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const opener = new Opener(KEY)
        const opened = opener.decrypt(wrong)
        // a length that grew may just wait for more; nothing false ever comes out
        expect(opened === null || opener.heldBytes > 0).toEqual(true)
        expect(['', 'one']).toContain(opened?.toString() ?? '')
      }),
    )
  })

  test.each([
    ['another key', (bytes: Buffer) => new Opener(directionKey('other', TRANSCRIPT, 'client-to-server')).decrypt(bytes)],
    ['the other direction', (bytes: Buffer) => new Opener(directionKey('secret', TRANSCRIPT, 'server-to-client')).decrypt(bytes)],
    ['an oversized record', () => new Opener(KEY).decrypt(Buffer.concat([NONCE, Buffer.from('00010011', 'hex')]))],
    ['an empty record', () => new Opener(KEY).decrypt(Buffer.concat([NONCE, Buffer.from('00000010', 'hex')]))],
  ])('is refused with %s', (_, open) => {
    expect(open(new Sealer(KEY, () => NONCE).encrypt(Buffer.from('one')))).toEqual(null)
  })

  test('is refused when records change places, and stays so', () => {
    const sealer = new Sealer(KEY, () => NONCE)
    const [first, second] = [sealer.encrypt(Buffer.from('one')), sealer.encrypt(Buffer.from('two'))]
    const opener = new Opener(KEY)
    expect(opener.decrypt(Buffer.concat([first.subarray(0, 12), second, first.subarray(12)]))).toEqual(null)
    expect(opener.decrypt(first.subarray(12))).toEqual(null)
  })

  test('counts its nonce over the end of a byte', () => {
    const start = Buffer.alloc(12, 0xff)
    const [sealer, opener] = [new Sealer(KEY, () => start), new Opener(KEY)]
    const said = Array.from({ length: 3 }, (_, index) => opener.decrypt(sealer.encrypt(Buffer.from(`${index}`)))?.toString())
    expect(said).toEqual(['0', '1', '2'])
  })
})

/** A whole opening in memory: both ends' ciphers, and what the server heard. */
function open(some: readonly number[]) {
  const opening = new ClientOpening({ randomBytes: random, tls: true, mux: true })
  const answers: Buffer[] = []
  const greeting = new GreetingReader({ randomBytes: random, onHello: (answer) => answers.push(answer) })
  const heard: Message[] = []
  for (const piece of cut(Buffer.concat([opening.first, encodeMessageV2({ type: 'login', runId: 'r' }), Buffer.from('rest')]), some)) {
    greeting.push(piece)
    if (heard.length > 0) continue
    const read = greeting.next()
    if (read.type === 'message') heard.push(read.message)
  }
  for (const piece of cut(Buffer.concat([...answers, encodeMessageV2({ type: 'loginResp', runId: 'r' })]), some)) {
    opening.push(piece)
    const read = opening.next()
    if (read.type === 'message') heard.push(read.message)
  }
  return { opening, greeting, heard }
}

describe('an opening', () => {
  test('agrees on one transcript however the bytes are cut', () => {
    fc.assert(
      fc.property(sizes, (some) => {
        const { opening, greeting, heard } = open(some)
        expect(heard.map(({ type }) => type)).toEqual(['login', 'loginResp'])
        expect([greeting.wire.version, opening.transcript, greeting.takeRest()?.toString()]).toEqual([2, greeting.transcript, 'rest'])
      }),
    )
  })

  test('leaves two ends that understand each other', () => {
    const { transcript } = open([]).opening
    const ends = [true, false].map((client) => controlCipher({ token: 't', randomBytes: random, transcript, client }))
    const said = [
      ends[1]?.decrypt(ends[0]?.encrypt(Buffer.from('up')) ?? NONCE),
      ends[0]?.decrypt(ends[1]?.encrypt(Buffer.from('down')) ?? NONCE),
    ]
    expect(said.map(String)).toEqual(['up', 'down'])
  })

  test('says what stock frp says', () => {
    const text = new ClientOpening({ randomBytes: random, tls: false, mux: true }).first.subarray(15).toString()
    expect(JSON.parse(text)).toEqual({
      bootstrap: { transport: 'tcp', tls: false, tcpMux: true },
      capabilities: {
        message: { codecs: ['json'] },
        crypto: { algorithms: ['aes-256-gcm'], clientRandom: random(32).toString('base64') },
      },
    })
  })

  const hello = (message: unknown, crypto: unknown) => Buffer.from(JSON.stringify({ Capabilities: { MESSAGE: message, crypto } }))
  const codecs = { codecs: ['cbor', 'json'] }
  const clientRandom = random(32).toString('base64')
  test.each<[string, Buffer, string | null]>([
    ['keys in any case and our cipher last', hello(codecs, { algorithms: ['xchacha20-poly1305', 'aes-256-gcm'], clientRandom }), null],
    ['no cipher we know', hello(codecs, { algorithms: ['xchacha20-poly1305'], clientRandom }), 'no supported crypto algorithm'],
    ['no codec we know', hello({ codecs: ['cbor'] }, { algorithms: ['aes-256-gcm'], clientRandom }), 'unsupported message codec'],
    [
      'a short random',
      hello(codecs, { algorithms: ['aes-256-gcm'], clientRandom: 'AAAA' }),
      'invalid crypto client random length 3, want 32',
    ],
    ['nothing', Buffer.from('{}'), 'unsupported message codec'],
    ['no JSON', Buffer.from('{'), 'malformed client hello'],
    ['a list', Buffer.from('[]'), 'malformed client hello'],
  ])('with %s is answered', (_, payload, error) => {
    const answer = answerHello(payload, random)
    const said: { readonly error?: string } = JSON.parse(answer.payload.toString())
    expect([answer.error, said.error ?? null]).toEqual([error, error])
  })

  const selected = (codec: string, algorithm: string, serverRandom = clientRandom) => ({
    selected: { message: { codec }, crypto: { algorithm, serverRandom } },
  })
  test.each<[string, unknown, string, string | null]>([
    ['a refusal', { error: 'go away' }, 'go away', 'go away'],
    ['a cipher that was not offered', selected('json', 'xchacha20-poly1305'), 'the server picked a cipher that was not offered', null],
    ['a codec that was not offered', selected('cbor', 'aes-256-gcm'), 'the server picked a codec that was not offered', null],
    ['a short random', selected('json', 'aes-256-gcm', 'AAAA'), "the server's random is not 32 bytes long", null],
    ['no object', [], 'malformed server hello', null],
  ])('ends at the client when the server answers %s', (_, answer, text, refusal) => {
    const opening = new ClientOpening({ randomBytes: random, tls: false, mux: true })
    opening.push(encodeFrame(2, Buffer.from(JSON.stringify(answer))))
    expect([opening.next(), opening.refusal, opening.transcript]).toEqual([{ type: 'fault', text }, refusal, null])
  })

  test('ends at the client when a login answer comes without a hello', () => {
    const opening = new ClientOpening({ randomBytes: random, tls: false, mux: true })
    opening.push(encodeMessageV2({ type: 'loginResp' }))
    expect(opening.next()).toEqual({ type: 'fault', text: 'frame type 16 out of order' })
  })
})

test('held bytes come out as they went in, and what was taken stays as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 700 }), fc.nat(900)), { maxLength: 40 }), (steps) => {
      const held = new ByteQueue()
      const taken: Buffer[] = []
      for (const [bytes, wish] of steps) {
        held.push(Buffer.from(bytes))
        taken.push(held.take(Math.min(wish, held.length)))
      }
      taken.push(held.takeRest() ?? Buffer.alloc(0))
      expect(Buffer.concat(taken).equals(Buffer.concat(steps.map(([bytes]) => bytes)))).toEqual(true)
    }),
  )
})
