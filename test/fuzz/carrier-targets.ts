// The readers below the messages: yamux frames, a whole multiplexer, snappy.
import type { Link } from '../../src/frp/links/link.ts'
import { createMux } from '../../src/frp/mux/mux.ts'
import { FrameParser, frameHeader } from '../../src/frp/mux/yamux-frame.ts'
import { SnappyReader, snappyWriter, unpackBlock } from '../../src/frp/wire/snappy.ts'
import { frpClock } from '../frp/frp-clock.ts'
import type { Target } from './campaign.ts'
import { type Chance, damaged, noise, oneOf, strange } from './chance.ts'

const packed = (() => {
  const write = snappyWriter()
  return Buffer.concat([write(Buffer.from('hello')), write(Buffer.alloc(300, 'x')), Buffer.from('fe030000000000', 'hex')])
})()
/** "hello, hello, hello!" as a block that copies from itself. */
const block = Buffer.from('141868656c6c6f2c202e07000021', 'hex')
const yamux = Buffer.concat([
  frameHeader(1, 1, 1, 0),
  frameHeader(0, 0, 1, 2),
  Buffer.from('hi'),
  frameHeader(1, 0, 1, 1000),
  frameHeader(2, 1, 0, 7),
  frameHeader(1, 1, 3, 0),
  frameHeader(0, 4, 3, 0),
  frameHeader(1, 8, 1, 0),
])

/** Frames that are whole and mean anything: opened twice, ended twice, more than its credit, for nobody. */
function frames(pick: Chance): Buffer {
  const parts: Buffer[] = []
  for (let count = pick(16); count >= 0; count--) {
    const type = pick(32) === 0 ? 4 : pick(4)
    const flags = oneOf(pick, [0, 0, 1, 1, 2, 4, 4, 8, pick(16)])
    const id = oneOf(pick, [0, 1, 1, 1, 2, 3, 5, 0xffffffff])
    const length = oneOf(pick, [0, 1, pick(200), pick(200), 0x40000, 0x40001, 0xffffffff])
    parts.push(frameHeader(type, flags, id, length))
    if (type === 0 && length < 1_000) parts.push(Buffer.alloc(length, 7))
  }
  return Buffer.concat(parts)
}

/** A link that takes everything and says nothing. */
const nowhere: Link = {
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

/** A session that hears the pieces; the streams that are left once it is closed, of which there may be none. */
function session(pieces: Iterable<Buffer>): number {
  const clock = frpClock()
  const mux = createMux({ client: false, clock, gather: false, keepaliveMs: 0, silenceMs: 0, onStream: () => {}, onClose: () => {} })
  const reader = mux.reader()
  mux.start({ link: nowhere, direct: true }, null)
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const into = reader.buffer()
      const count = Math.min(into.length, piece.length - at)
      into.set(piece.subarray(at, at + count))
      at += count
      reader.callback(count)
    }
  }
  mux.close('the input is over')
  return mux.streamCount
}

export const carrierTargets: readonly Target[] = [
  {
    name: 'snappy',
    inputs: 1_000_000,
    input: (pick) => strange(pick, packed),
    maxBytes: 65_536,
    feed: (pieces) => {
      const reader = new SnappyReader()
      let most = 0
      for (const piece of pieces) {
        const plain = reader.push(piece)
        if (plain === null) return most
        for (const part of plain) most = Math.max(most, part.length)
      }
      return most
    },
  },
  {
    name: 'a snappy block',
    inputs: 200_000,
    input: (pick) => strange(pick, block),
    maxBytes: 65_536,
    feed: (pieces) => unpackBlock(Buffer.concat([...pieces]))?.length ?? 0,
  },
  {
    name: 'yamux frames',
    inputs: 1_000_000,
    input: (pick) => (pick(2) === 0 ? frames(pick) : strange(pick, yamux)),
    maxBytes: 0,
    feed: (pieces) => {
      const parser = new FrameParser({ frame: () => {}, body: () => {}, bodyEnd: () => {}, broken: () => {} })
      for (const piece of pieces) parser.feed(piece, 0, piece.length)
      return 0
    },
  },
  {
    name: 'a whole multiplexer',
    inputs: 1_000_000,
    input: (pick) => (pick(8) === 0 ? noise(pick, 400) : pick(2) === 0 ? frames(pick) : damaged(pick, yamux)),
    maxBytes: 0,
    feed: session,
  },
]
