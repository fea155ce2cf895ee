// Wire v2's control encryption: AES-256-GCM, a key for each direction out of the token and both hellos.
//
//   a direction = nonce (12 bytes, in clear, once), then records `length u32 | ciphertext, tag (16 bytes)`
//
// A record holds 1 to 65,536 plain bytes. Its nonce is the first one, counted up by one for every record before it; what
// is authenticated beside it is the first nonce and the record's own length field.
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import { ByteQueue } from './byte-queue.ts'

export const ALGORITHM = 'aes-256-gcm'
export type Direction = 'client-to-server' | 'server-to-client'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const LENGTH_BYTES = 4
const TAG_BYTES = 16
const MAX_PLAIN_BYTES = 65_536

/** SHA-256 over a label, then for each hello its name and its payload exactly as sent, each behind a zero byte. */
export function transcriptOf(clientHello: Buffer, serverHello: Buffer): Buffer {
  const hash = createHash('sha256').update('frp wire v2 crypto transcript')
  for (const [name, payload] of [
    ['client hello', clientHello],
    ['server hello', serverHello],
  ] as const) {
    const length = Buffer.alloc(8)
    length.writeUInt32BE(payload.length, 4)
    hash.update(`\0${name}\0`).update(length).update(payload)
  }
  return hash.digest()
}

/** HKDF-SHA256: the token, salted with the transcript. */
export const directionKey = (token: string, transcript: Buffer, direction: Direction): Buffer =>
  Buffer.from(hkdfSync('sha256', token, transcript, `frp wire v2 control aead ${ALGORITHM} ${direction}`, KEY_BYTES))

/** Counts a nonce up, as one big-endian number. */
function countUp(nonce: Buffer): void {
  for (let at = nonce.length - 1; at >= 0; at--) {
    nonce[at] = ((nonce[at] ?? 0) + 1) & 0xff
    if (nonce[at] !== 0) return
  }
}

/** One direction, sending: the nonce goes out with the first record, and not earlier. */
export class Sealer {
  readonly #key: Buffer
  readonly #first: Buffer
  readonly #nonce: Buffer
  #begun = false

  constructor(key: Buffer, randomBytes: (count: number) => Uint8Array) {
    this.#key = key
    this.#first = Buffer.from(randomBytes(NONCE_BYTES))
    this.#nonce = Buffer.from(this.#first)
  }

  encrypt(plain: Uint8Array): Buffer {
    const pieces: Buffer[] = this.#begun ? [] : [this.#first]
    this.#begun = true
    for (let at = 0; at < plain.length; at += MAX_PLAIN_BYTES) pieces.push(...this.#record(plain.subarray(at, at + MAX_PLAIN_BYTES)))
    return Buffer.concat(pieces)
  }

  #record(plain: Uint8Array): Buffer[] {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32BE(plain.length + TAG_BYTES)
    const cipher = createCipheriv(ALGORITHM, this.#key, this.#nonce).setAAD(Buffer.concat([this.#first, length]))
    const sealed = [length, cipher.update(plain), cipher.final(), cipher.getAuthTag()]
    countUp(this.#nonce)
    return sealed
  }
}

/** One direction, receiving. */
export class Opener {
  readonly #key: Buffer
  readonly #held = new ByteQueue()
  #first: Buffer | null = null
  #nonce: Buffer = Buffer.alloc(0)
  #broken = false

  constructor(key: Buffer) {
    this.#key = key
  }

  /** Bytes of a record that is not whole yet. */
  get heldBytes(): number {
    return this.#held.length
  }

  /** The plain bytes these complete; null once a record is too long, empty, or not what its sender sealed. */
  decrypt(bytes: Buffer): Buffer | null {
    this.#held.push(bytes)
    const plain: Buffer[] = []
    if (this.#first === null) {
      if (this.#held.length < NONCE_BYTES) return Buffer.alloc(0)
      this.#first = Buffer.from(this.#held.take(NONCE_BYTES))
      this.#nonce = Buffer.from(this.#first)
    }
    while (!this.#broken && this.#held.length >= LENGTH_BYTES) {
      const length = this.#held.peek().readUInt32BE(0)
      if (length <= TAG_BYTES || length > MAX_PLAIN_BYTES + TAG_BYTES) {
        this.#broken = true
        break
      }
      if (this.#held.length < LENGTH_BYTES + length) break
      const opened = this.#open(this.#first, this.#held.take(LENGTH_BYTES), this.#held.take(length))
      if (opened === null) this.#broken = true
      else plain.push(opened)
    }
    return this.#broken ? null : Buffer.concat(plain)
  }

  #open(first: Buffer, length: Buffer, sealed: Buffer): Buffer | null {
    const tagAt = sealed.length - TAG_BYTES
    const decipher = createDecipheriv(ALGORITHM, this.#key, this.#nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.concat([first, length])).setAuthTag(sealed.subarray(tagAt))
    const plain = decipher.update(sealed.subarray(0, tagAt))
    try {
      decipher.final() // throws where the tag is wrong
    } catch {
      return null
    }
    countUp(this.#nonce)
    return plain
  }
}
