// Strangers' bytes into every reader of the wire: 20,000 inputs each, or as many as MOONWALK_FUZZ says. An input is random,
// or something valid that was damaged, and comes in pieces of random size. Nothing may throw, and nothing may be held that
// goes beyond the largest thing the wire allows.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { encodeMessage, MessageReader } from '../../src/frp/codec.ts'
import { GreetingReader } from '../../src/frp/greeting.ts'
import type { Link } from '../../src/frp/link.ts'
import type { Outgoing } from '../../src/frp/messages.ts'
import { createMux } from '../../src/frp/mux.ts'
import { SnappyReader, snappyWriter, unpackBlock } from '../../src/frp/snappy.ts'
import type { MessageSource } from '../../src/frp/wire.ts'
import { directionKey, Opener, Sealer } from '../../src/frp/wire-v2-crypto.ts'
import { encodeMessageV2, MessageReaderV2 } from '../../src/frp/wire-v2-frame.ts'
import { ClientOpening } from '../../src/frp/wire-v2-hello.ts'
import { bareFrame, FrameParser } from '../../src/frp/yamux-frame.ts'
import { FakeClock, settle } from './fake-clock.ts'

const INPUTS = Number(process.env.MOONWALK_FUZZ ?? 20_000)
const TIMEOUT_MS = 3_600_000
/** What may stay behind once all inputs are through. */
const MAX_GROWTH_BYTES = 32 << 20
setFlagsFromString('--expose_gc')
const collect: () => void = runInNewContext('gc')

/** Numbers below 2^32, the same ones for the same seed. */
function chance(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
type Chance = ReturnType<typeof chance>

function noise(pick: Chance, maxBytes: number): Buffer {
  const bytes = Buffer.alloc(pick(maxBytes))
  for (let at = 0; at < bytes.length; at++) bytes[at] = pick(256)
  return bytes
}

/** Bits turned, parts left out, doubled, or written over. */
function damaged(pick: Chance, valid: Buffer): Buffer {
  let bytes = Buffer.from(valid)
  for (let count = pick(4); count > 0 && bytes.length > 0; count--) {
    const at = pick(bytes.length)
    const to = at + pick(bytes.length - at + 1)
    switch (pick(5)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << pick(8))
        break
      case 1:
        bytes[at] = [0, 0xff, 0x7f, 0x80][pick(4)] ?? 0
        break
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)])
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)])
        break
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), noise(pick, 16), bytes.subarray(to)])
    }
  }
  return bytes
}

function* pieces(pick: Chance, bytes: Buffer): Generator<Buffer> {
  const longest = 1 + (pick(64) === 0 ? 1 : pick(bytes.length + 1)) // now and then byte by byte
  for (let at = 0; at < bytes.length; ) {
    const to = Math.min(bytes.length, at + 1 + pick(longest))
    yield bytes.subarray(at, to)
    at = to
  }
}

const MESSAGES: readonly Outgoing[] = [
  { type: 'login', version: '0.45.0', privilegeKey: 'k', timestamp: 1, metas: { a: 'b' }, poolCount: 1 },
  { type: 'newProxy', proxyName: 'web', proxyType: 'tcp', remotePort: 6000, customDomains: ['a.b'], useEncryption: true },
  { type: 'newWorkConn', runId: 'r' },
  { type: 'startWorkConn', proxyName: 'web', srcAddr: '::1', srcPort: 1 },
  { type: 'udpPacket', content: 'aGk=', remote: { host: '1.2.3.4', port: 5 } },
  { type: 'ping' },
]
const stream = (encode: (message: Outgoing) => Buffer) => Buffer.concat(MESSAGES.map(encode))
const fixed = (count: number) => Buffer.alloc(count, 5)
const key = directionKey('secret', fixed(32), 'client-to-server')
const sealed = (() => {
  const sealer = new Sealer(key, fixed)
  return Buffer.concat(MESSAGES.map((message) => sealer.encrypt(encodeMessageV2(message))))
})()
const hello = new ClientOpening({ randomBytes: fixed, tls: true, mux: true }).first
const packed = (() => {
  const write = snappyWriter()
  return Buffer.concat([write(Buffer.from('hello')), write(Buffer.alloc(300, 'x')), Buffer.from('fe030000000000', 'hex')])
})()
/** "hello, hello, hello!" as a block that copies from itself. */
const block = Buffer.from('146868656c6c6f2c202e07000021'.slice(2), 'hex')
const yamux = Buffer.concat([
  bareFrame(1, 1, 1, 0),
  bareFrame(0, 0, 1, 2),
  Buffer.from('hi'),
  bareFrame(1, 0, 1, 1000),
  bareFrame(2, 1, 0, 7),
  bareFrame(1, 1, 3, 0),
  bareFrame(0, 4, 3, 0),
  bareFrame(1, 8, 1, 0),
])

/** Reads all there is; what is held while it waits for more. */
function drain(source: MessageSource, pick: Chance, bytes: Buffer): number {
  let held = 0
  for (const piece of pieces(pick, bytes)) {
    source.push(piece)
    let read = source.next()
    for (let count = 0; read.type === 'message' && count < 100_000; count++) read = source.next()
    if (read.type === 'fault') return held
    held = Math.max(held, source.heldBytes)
  }
  return held
}

const readers: readonly [string, Buffer, number, (pick: Chance, bytes: Buffer) => number][] = [
  ['v1 messages', stream(encodeMessage), 9 + 10_240, (pick, bytes) => drain(new MessageReader(), pick, bytes)],
  ['v2 messages', stream(encodeMessageV2), 8 + 65_536, (pick, bytes) => drain(new MessageReaderV2(), pick, bytes)],
  [
    'greetings',
    Buffer.concat([hello, stream(encodeMessageV2)]),
    8 + 65_536,
    (pick, bytes) => drain(new GreetingReader({ randomBytes: fixed, onHello: () => {} }), pick, bytes),
  ],
  [
    "a server's hello",
    encodeMessageV2({ type: 'loginResp' }),
    8 + 65_536,
    (pick, bytes) => drain(new ClientOpening({ randomBytes: fixed, tls: true, mux: true }), pick, bytes),
  ],
  [
    'sealed records',
    sealed,
    4 + 65_536 + 16,
    (pick, bytes) => {
      const opener = new Opener(key)
      let held = 0
      for (const piece of pieces(pick, bytes)) {
        if (opener.decrypt(piece) === null) return held
        held = Math.max(held, opener.heldBytes)
      }
      return held
    },
  ],
  [
    'snappy',
    packed,
    65_536,
    (pick, bytes) => {
      const reader = new SnappyReader()
      let plain = 0
      for (const piece of pieces(pick, bytes)) {
        const got = reader.push(piece)
        if (got === null) return plain
        for (const part of got) plain = Math.max(plain, part.length)
      }
      return plain
    },
  ],
  ['a snappy block', block, 65_536, (_pick, bytes) => unpackBlock(bytes)?.length ?? 0],
  [
    'yamux frames',
    yamux,
    0,
    (pick, bytes) => {
      const parser = new FrameParser({ frame: () => {}, body: () => {}, bodyEnd: () => {}, broken: () => {} })
      for (const piece of pieces(pick, bytes)) parser.feed(piece, 0, piece.length)
      return 0
    },
  ],
]

const kept = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Collects until little is left, at most 100 times: V8 gives buffers back some time after it has found them unused. */
async function growth(before: number): Promise<number> {
  for (let round = 0; round < 100 && kept() - before >= MAX_GROWTH_BYTES; round++) {
    collect()
    await settle(20)
  }
  return kept() - before
}

test.each(readers)(
  '%s',
  async (name, valid, maxBytes, feed) => {
    const pick = chance(name.length * 7_919)
    collect()
    const before = kept()
    let most = 0
    for (let input = 0; input < INPUTS; input++) {
      const bytes = pick(4) === 0 ? noise(pick, 400) : damaged(pick, pick(20) === 0 ? Buffer.concat([valid, valid, valid]) : valid)
      try {
        most = Math.max(most, feed(pick, bytes))
      } catch (error) {
        throw new Error(`input ${input}, ${bytes.toString('hex')}: ${error instanceof Error ? error.stack : error}`)
      }
      if (input % 10_000 === 0) await settle(1)
    }
    expect(most).toBeLessThanOrEqual(maxBytes)
    expect(await growth(before)).toBeLessThan(MAX_GROWTH_BYTES)
  },
  TIMEOUT_MS,
)

/** A link that takes everything and says nothing. */
function nowhere(): Link {
  return {
    write: (_bytes, done) => {
      done?.()
      return true
    },
    writableLength: 0,
    cork: () => {},
    uncork: () => {},
    pause: () => {},
    resume: () => {},
    end: () => {},
    destroy: () => {},
    destroySoon: () => {},
    destroyed: false,
    on: () => {},
  }
}

test(
  'a whole multiplexer',
  async () => {
    const pick = chance(31)
    collect()
    const before = kept()
    let open = 0
    for (let input = 0; input < INPUTS; input++) {
      const bytes = pick(8) === 0 ? noise(pick, 400) : damaged(pick, yamux)
      const mux = createMux({
        client: false,
        clock: new FakeClock(),
        gather: false,
        keepaliveMs: 0,
        silenceMs: 0,
        onStream: () => {},
        onClose: () => {},
      })
      const reader = mux.reader()
      mux.start({ link: nowhere(), direct: true }, null)
      for (const piece of pieces(pick, bytes)) {
        for (let at = 0; at < piece.length; ) {
          const into = reader.buffer()
          const count = Math.min(into.length, piece.length - at)
          into.set(piece.subarray(at, at + count))
          at += count
          reader.callback(count)
        }
      }
      mux.close('the input is over')
      open += mux.streamCount
      if (input % 10_000 === 0) await settle(3)
    }
    await settle()
    expect(open).toEqual(0)
    expect(await growth(before)).toBeLessThan(MAX_GROWTH_BYTES)
  },
  TIMEOUT_MS,
)
