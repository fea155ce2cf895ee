import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../../../src/frp/wire/codec.ts'
import { crc32c } from '../../../src/frp/wire/crc32c.ts'
import { Decrypter, Encrypter, privilegeKey, sameKey, streamKey } from '../../../src/frp/wire/crypto.ts'
import { SnappyReader, snappyWriter, unpackBlock } from '../../../src/frp/wire/snappy.ts'

const IV = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')

test.each([
  ['secret', 'e37729af62f40f134311cffbc230178e', '8a69215e54aca50e54f738de611a87f9'],
  ['', '24920decf83f6960b80f737a28eeafc1', 'cdc9dc4c472c37331281df4c232a8407'],
])('the keys of the token "%s" are stock frp\'s', (token, login, stream) => {
  expect([privilegeKey(token, 1_700_000_000), streamKey(token).toString('hex')]).toEqual([login, stream])
})

test('keys are compared whole', () => {
  expect([sameKey('abc', 'abc'), sameKey('abc', 'abd'), sameKey('ab', 'abc'), sameKey('', '')]).toEqual([true, false, false, true])
})

describe('an encrypted direction', () => {
  test('sends its IV with the first bytes only', () => {
    const encrypter = new Encrypter(streamKey('secret'), () => IV)
    const sent = [encrypter.encrypt(encodeMessage({ type: 'ping' })), encrypter.encrypt(encodeMessage({ type: 'reqWorkConn' }))]
    expect(sent.map((bytes) => bytes.toString('hex'))).toEqual([
      '000102030405060708090a0b0c0d0e0fdc0f8df813e99ddbfa42ac',
      '04f0f2fcbcfa24d56a0937',
    ])
  })

  test('is read back however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.array(fc.integer({ min: 1, max: 20 })), (plain, sizes) => {
        const coded = new Encrypter(streamKey('t'), () => IV).encrypt(plain)
        const decrypter = new Decrypter(streamKey('t'))
        expect(Buffer.concat(pieces(coded, sizes).map((piece) => decrypter.decrypt(piece)))).toEqual(Buffer.from(plain))
      }),
    )
  })
})

describe('snappy', () => {
  const hello = 'ff060000734e6150705901090000bb1f1c1968656c6c6f'
  /** "hello, hello, hello!" as a real snappy block: a literal of 7, a copy of 12 from 7 back, a literal of 1. */
  const block = Buffer.from('14 18 68656c6c6f2c20 2e 0700 00 21'.replaceAll(' ', ''), 'hex')
  const said = 'hello, hello, hello!'

  test('has the checksum of its framing', () => {
    expect(crc32c(Buffer.from('123456789')).toString(16)).toEqual('e3069283')
  })

  test('frames each write at once, the identifier first', () => {
    const write = snappyWriter()
    expect(write(Buffer.from('hello')).toString('hex')).toEqual(hello)
    expect(write(Buffer.from('hello')).toString('hex')).toEqual(hello.slice(20))
  })

  test('unpacks a block that copies from itself', () => {
    expect(unpackBlock(block)?.toString()).toEqual(said)
    expect(unpackBlock(Buffer.from('0500610101', 'hex'))?.toString()).toEqual('aaaaa')
  })

  test.each([
    ['that breaks off', '0518'],
    ['that copies from before its start', '0500610109'],
    ['with a copy from nowhere', '0500610100'],
    ['that says too much', '0100610101'],
    ['that says too little', '0900610101'],
    ['of an endless length', 'ffffffffffff'],
    ['larger than a chunk may hold', '81800400'],
    ['of nothing', ''],
  ])('turns a block %s away', (_, hex) => {
    expect(unpackBlock(Buffer.from(hex, 'hex'))).toEqual(null)
  })

  const chunk = (type: number, content: Buffer, plain: string): Buffer => {
    const head = Buffer.alloc(8)
    head[0] = type
    head.writeUIntLE(content.length + 4, 1, 3)
    const check = crc32c(Buffer.from(plain))
    head.writeUInt32LE((((check >>> 15) | (check << 17)) + 0xa282ead8) >>> 0, 4)
    return Buffer.concat([head, content])
  }
  const read = (...parts: readonly Buffer[]): string | null => {
    const reader = new SnappyReader()
    let plain = ''
    for (const part of parts) {
      const got = reader.push(part)
      if (got === null) return null
      plain += Buffer.concat(got).toString()
    }
    return plain
  }
  const identifier = Buffer.from(hello.slice(0, 20), 'hex')
  const packed = chunk(0, block, said)

  test('reads blocks and stored chunks, skips what may be skipped, and takes the identifier again', () => {
    const padding = Buffer.from('fe030000000000', 'hex')
    expect(read(identifier, packed, padding, identifier, chunk(1, Buffer.from('!'), '!'))).toEqual(`${said}!`)
  })

  test.each([
    ['without the identifier', [packed]],
    ['with a wrong identifier', [Buffer.from('ff060000734e61507058', 'hex')]],
    ['with a wrong checksum', [identifier, chunk(0, block, 'other')]],
    ['with a chunk nobody may skip', [identifier, Buffer.from('02000000', 'hex')]],
    ['with a chunk too long', [identifier, Buffer.from('00ffffff', 'hex')]],
    ['without a checksum', [identifier, Buffer.from('0100000', 'hex'), Buffer.from('00', 'hex')]],
  ])('ends a stream %s', (_, parts) => {
    expect(read(...parts)).toEqual(null)
  })

  test('gives back what was written however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.array(fc.integer({ min: 1, max: 50 })), (writes, sizes) => {
        const write = snappyWriter()
        const reader = new SnappyReader()
        const coded = Buffer.concat(writes.map((plain) => write(plain)))
        expect(Buffer.concat(pieces(coded, sizes).flatMap((piece) => reader.push(piece) ?? []))).toEqual(Buffer.concat(writes))
      }),
    )
    const large = Buffer.alloc(200_000, 'moonwalk')
    expect(Buffer.concat(new SnappyReader().push(snappyWriter()(large)) ?? [])).toEqual(large)
  })

  test('survives any garbage', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => (unpackBlock(Buffer.from(bytes))?.length ?? 0) <= 65_536))
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (parts) => read(identifier, ...parts.map(Buffer.from)) !== undefined),
    )
  })
})

function pieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const cut: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    cut.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...cut, bytes.subarray(at)]
}
