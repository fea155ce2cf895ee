// Snappy's framing format: a stream identifier, then chunks of `type u8 | length u24 LE | content`. A data chunk's content
// is a masked CRC-32C (LE) of the plain bytes, then the bytes: as a snappy block (type 0) or stored (type 1). We write
// stored chunks only, which every reader must accept, and read both. Source: google/snappy, framing_format.txt.
import { crc32c } from './crc32c.ts'

const IDENTIFIER = Buffer.from('ff060000734e61507059', 'hex')
const BLOCK = 0
const STORED = 1
const FIRST_SKIPPABLE = 0x80
const IDENTIFIER_TYPE = 0xff
const HEAD_BYTES = 4
const CHECK_BYTES = 4
/** Plain bytes a chunk may hold. */
const MAX_PLAIN_BYTES = 65_536
/** What a block of that size may take at most: snappy's worst case. */
const MAX_CHUNK_BYTES = CHECK_BYTES + 32 + MAX_PLAIN_BYTES + Math.floor(MAX_PLAIN_BYTES / 6)

const masked = (check: number): number => (((check >>> 15) | (check << 17)) + 0xa282ead8) >>> 0

/** Makes a function that frames what it is given, every call complete in itself: nothing is held back. */
export function snappyWriter(): (plain: Uint8Array) => Buffer {
  let begun = false
  return (plain) => {
    const pieces: Uint8Array[] = begun || plain.length === 0 ? [] : [IDENTIFIER]
    if (plain.length > 0) begun = true
    for (let at = 0; at < plain.length; at += MAX_PLAIN_BYTES) {
      const piece = plain.subarray(at, at + MAX_PLAIN_BYTES)
      const head = Buffer.alloc(HEAD_BYTES + CHECK_BYTES)
      head[0] = STORED
      head.writeUIntLE(CHECK_BYTES + piece.length, 1, 3)
      head.writeUInt32LE(masked(crc32c(piece)), HEAD_BYTES)
      pieces.push(head, piece)
    }
    return Buffer.concat(pieces)
  }
}

/** Reads frames from bytes in pieces of any size. */
export class SnappyReader {
  #held: Buffer = Buffer.alloc(0)
  #begun = false
  #skipping = 0

  /** The plain bytes these complete; null once the bytes are not snappy. */
  push(bytes: Buffer): readonly Buffer[] | null {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    const plain: Buffer[] = []
    for (;;) {
      if (this.#skipping > 0) {
        const count = Math.min(this.#skipping, this.#held.length)
        this.#skipping -= count
        this.#held = this.#held.subarray(count)
      }
      if (this.#held.length < HEAD_BYTES) return plain
      const type = this.#held.readUInt8(0)
      const length = this.#held.readUIntLE(1, 3)
      if (!this.#begun && type !== IDENTIFIER_TYPE) return null
      if (type >= FIRST_SKIPPABLE && type !== IDENTIFIER_TYPE) {
        this.#skipping = HEAD_BYTES + length
        continue
      }
      if (length > MAX_CHUNK_BYTES) return null
      if (this.#held.length < HEAD_BYTES + length) return plain
      const content = this.#held.subarray(HEAD_BYTES, HEAD_BYTES + length)
      this.#held = this.#held.subarray(HEAD_BYTES + length)
      if (type === IDENTIFIER_TYPE) {
        if (!content.equals(IDENTIFIER.subarray(HEAD_BYTES))) return null
        this.#begun = true
        continue
      }
      const piece = plainOf(type, content)
      if (piece === null) return null
      plain.push(piece)
    }
  }
}

function plainOf(type: number, content: Buffer): Buffer | null {
  if (content.length < CHECK_BYTES || (type !== BLOCK && type !== STORED)) return null
  const packed = content.subarray(CHECK_BYTES)
  const plain = type === STORED ? packed : unpackBlock(packed)
  if (plain === null || plain.length > MAX_PLAIN_BYTES) return null
  return masked(crc32c(plain)) === content.readUInt32LE(0) ? plain : null
}

/** A snappy block: the plain length as a varint, then literals and copies of what is already there. Null: malformed. */
export function unpackBlock(block: Buffer): Buffer | null {
  const byte = (at: number): number => block[at] ?? -1
  let at = 0
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const part = byte(at++)
    if (part < 0 || shift > 28) return null
    length += (part & 0x7f) * 2 ** shift
    if (part < 0x80) break
  }
  if (length > MAX_PLAIN_BYTES) return null
  const plain = Buffer.alloc(length)
  let have = 0
  while (at < block.length) {
    const tag = byte(at++)
    const kind = tag & 3
    let count = (tag >> 2) + 1
    if (kind === 0) {
      if (count > 60) {
        const width = count - 60
        if (at + width > block.length) return null
        count = block.readUIntLE(at, width) + 1
        at += width
      }
      if (at + count > block.length || have + count > length) return null
      block.copy(plain, have, at, at + count)
      at += count
      have += count
      continue
    }
    const width = kind === 1 ? 1 : kind === 2 ? 2 : 4
    if (at + width > block.length) return null
    let distance = block.readUIntLE(at, width)
    at += width
    if (kind === 1) {
      distance += (tag >> 5) << 8
      count = ((tag >> 2) & 7) + 4
    }
    if (distance === 0 || distance > have || have + count > length) return null
    for (let step = 0; step < count; step++) plain[have] = plain[have++ - distance] ?? 0 // may overlap itself
  }
  return have === length ? plain : null
}
