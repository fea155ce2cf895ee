import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FLAG, FRAME, FrameParser, frameHeader, GO_AWAY, HEADER_BYTES, putHeader } from '../../../src/frp/mux/yamux-frame.ts'

const data = (id: number, body: Buffer, flags = 0): Buffer => {
  const bytes = Buffer.alloc(HEADER_BYTES + body.length)
  putHeader(bytes, FRAME.data, flags, id, body.length)
  body.copy(bytes, HEADER_BYTES)
  return bytes
}

test.each([
  ['a stream opened with the window all have', frameHeader(FRAME.window, FLAG.syn, 1, 0), '000100010000000100000000'],
  ['a stream opened with 6 MiB', frameHeader(FRAME.window, FLAG.syn, 1, (6 << 20) - (256 << 10)), '0001000100000001005c0000'],
  ['an acknowledgement', frameHeader(FRAME.window, FLAG.ack, 1, 0), '000100020000000100000000'],
  ['an end', frameHeader(FRAME.window, FLAG.fin, 1, 0), '000100040000000100000000'],
  ['a reset', frameHeader(FRAME.window, FLAG.rst, 1, 0), '000100080000000100000000'],
  ['data', data(1, Buffer.from('hi')), '0000000000000001000000026869'],
  ['a ping', frameHeader(FRAME.ping, FLAG.syn, 0, 7), '000200010000000000000007'],
  ['its answer', frameHeader(FRAME.ping, FLAG.ack, 0, 7), '000200020000000000000007'],
  ['a goodbye', frameHeader(FRAME.goAway, 0, 0, GO_AWAY.normal), '000300000000000000000000'],
])('%s is written as stock peers write it', (_, bytes, hex) => expect(bytes.toString('hex')).toEqual(hex))

/** What a parser tells of bytes cut into pieces of these sizes, bodies joined. */
function told(wire: Buffer, cuts: readonly number[]): string[] {
  const lines: string[] = []
  let piece: Buffer = Buffer.alloc(0)
  let body: Buffer[] = []
  const parser = new FrameParser({
    frame: (type, flags, id, length) => lines.push(`${type} ${flags} ${id} ${length}`),
    body: (from, to) => body.push(Buffer.from(piece.subarray(from, to))),
    bodyEnd: () => {
      lines.push(Buffer.concat(body).toString('hex'))
      body = []
    },
    broken: (why) => lines.push(why),
  })
  let at = 0
  for (let turn = 0; at < wire.length; turn++) {
    const size = cuts.length === 0 ? wire.length : (cuts[turn % cuts.length] ?? 1)
    // behind bytes of another read, as in a slab
    piece = Buffer.concat([Buffer.from('junk'), wire.subarray(at, at + size)])
    parser.feed(piece, 4, piece.length)
    at += size
  }
  return lines
}

const anyFrame = fc.oneof(
  fc
    .record({ flags: fc.constantFrom(0, 1, 2, 4, 8, 5), id: fc.nat(), body: fc.uint8Array({ maxLength: 300 }) })
    .map(({ flags, id, body }) => ({
      bytes: data(id, Buffer.from(body), flags),
      lines: [`0 ${flags} ${id} ${body.length}`, Buffer.from(body).toString('hex')],
    })),
  fc.record({ type: fc.constantFrom(1, 2, 3), flags: fc.nat(15), id: fc.nat(), length: fc.nat() }).map(({ type, flags, id, length }) => ({
    bytes: frameHeader(type, flags, id, length),
    lines: [`${type} ${flags} ${id} ${length}`],
  })),
)

test('frames are read alike wherever the pieces are cut', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 8 }), (frames, cuts) => {
      expect(told(Buffer.concat(frames.map(({ bytes }) => bytes)), cuts)).toEqual(frames.flatMap(({ lines }) => lines))
    }),
  )
})

test('anything that is no yamux stops the parser, whatever follows', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (noise, cut) => {
      const lines = told(Buffer.from(noise), [cut])
      const faults = lines.filter((line) => line.startsWith('yamux'))
      expect(faults.length).toBeLessThanOrEqual(1)
      if (faults.length === 1) expect(lines.at(-1)).toEqual(faults[0])
    }),
  )
})

test.each([
  ['010100010000000100000000', 'yamux version 1'],
  ['000400010000000100000000', 'yamux frame type 4'],
])('%s is refused: %s', (hex, why) => expect(told(Buffer.concat([Buffer.from(hex, 'hex'), frameHeader(2, 1, 0, 1)]), [])).toEqual([why]))
