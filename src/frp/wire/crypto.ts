// frp's token key and its AES-128-CFB stream. Neither protects integrity; TLS does, where it is used.
import { type Cipher, createCipheriv, createDecipheriv, createHash, type Decipher, pbkdf2Sync, timingSafeEqual } from 'node:crypto'

const CIPHER = 'aes-128-cfb'
const IV_BYTES = 16
const KEPT_KEYS = 64
const keys = new Map<string, Buffer>()

/** `privilege_key` of Login, NewWorkConn and Ping. `timestamp` in seconds since 1970; stock frp does not check its age. */
export function privilegeKey(token: string, timestamp: number): string {
  const text = `${token}${timestamp}`
  if (text !== lastKey.text) lastKey = { text, key: createHash('md5').update(text).digest('hex') }
  return lastKey.key
}

/** Work connections of the same second all have the same key. */
let lastKey = { text: '', key: '' }

/** Compares in a time that does not depend on how much is equal. */
export function sameKey(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The key of the control channel and of encrypted proxies: PBKDF2-HMAC-SHA1, salt "frp", 64 rounds, 16 bytes. */
export function streamKey(token: string): Buffer {
  const known = keys.get(token)
  if (known !== undefined) return known
  const key = pbkdf2Sync(token, 'frp', 64, 16, 'sha1')
  if (keys.size >= KEPT_KEYS) keys.clear()
  keys.set(token, key)
  return key
}

/** One direction, sending: 16 bytes of IV in clear come before the first encrypted byte, and not earlier. */
export class Encrypter {
  readonly #key: Buffer
  readonly #randomBytes: (count: number) => Uint8Array
  #cipher: Cipher | null = null

  constructor(key: Buffer, randomBytes: (count: number) => Uint8Array) {
    this.#key = key
    this.#randomBytes = randomBytes
  }

  encrypt(bytes: Uint8Array): Buffer {
    if (this.#cipher !== null) return this.#cipher.update(bytes)
    const iv = this.#randomBytes(IV_BYTES)
    this.#cipher = createCipheriv(CIPHER, this.#key, iv)
    return Buffer.concat([iv, this.#cipher.update(bytes)])
  }
}

/** One direction, receiving. */
export class Decrypter {
  readonly #key: Buffer
  #iv: Buffer = Buffer.alloc(0)
  #decipher: Decipher | null = null

  constructor(key: Buffer) {
    this.#key = key
  }

  decrypt(bytes: Uint8Array): Buffer {
    if (this.#decipher !== null) return this.#decipher.update(bytes)
    const missing = IV_BYTES - this.#iv.length
    this.#iv = Buffer.concat([this.#iv, bytes.subarray(0, missing)])
    if (this.#iv.length < IV_BYTES) return Buffer.alloc(0)
    this.#decipher = createDecipheriv(CIPHER, this.#key, this.#iv)
    return this.#decipher.update(bytes.subarray(missing))
  }
}
