// A proxy's own encryption and compression. Order on the wire: snappy inside, AES outside. The key comes from the token, each
// direction has its own IV.
import { Decrypter, Encrypter } from './crypto.ts'
import { SnappyReader, snappyWriter } from './snappy.ts'

export interface CodingOptions {
  readonly useEncryption: boolean
  readonly useCompression: boolean
  readonly key: Buffer
  readonly randomBytes: (count: number) => Uint8Array
}

/** One stream's two directions. */
export interface Coder {
  encode(plain: Buffer): Buffer
  /** The plain bytes these complete; null once they make no sense. */
  decode(coded: Uint8Array): readonly Buffer[] | null
}

export function createCoder({ useEncryption, useCompression, key, randomBytes }: CodingOptions): Coder {
  const encrypter = useEncryption ? new Encrypter(key, randomBytes) : null
  const decrypter = useEncryption ? new Decrypter(key) : null
  const compress = useCompression ? snappyWriter() : null
  const snappy = useCompression ? new SnappyReader() : null
  return {
    encode: (plain) => {
      const packed = compress === null ? plain : compress(plain)
      return encrypter === null ? packed : encrypter.encrypt(packed)
    },
    decode: (coded) => {
      const packed = decrypter === null ? Buffer.from(coded) : decrypter.decrypt(coded)
      return snappy === null ? [packed] : snappy.push(packed)
    },
  }
}
