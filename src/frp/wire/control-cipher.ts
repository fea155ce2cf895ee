// How a control channel is encrypted, each direction for itself: as wire v1 does it, or as v2 does.
import { Decrypter, Encrypter, streamKey } from './crypto.ts'
import { directionKey, Opener, Sealer } from './wire-v2-crypto.ts'

export interface ControlCipher {
  encrypt(plain: Uint8Array): Buffer
  /** The plain bytes these complete; null once they are not what the other end sent. */
  decrypt(bytes: Buffer): Buffer | null
  /** Bytes that wait for more before they can be decrypted. */
  readonly heldBytes: number
}

export interface ControlCipherOptions {
  readonly token: string
  readonly randomBytes: (count: number) => Uint8Array
  /** The hash of wire v2's hellos; null: wire v1. */
  readonly transcript: Buffer | null
  /** Whose end this is. */
  readonly client: boolean
}

export function controlCipher({ token, randomBytes, transcript, client }: ControlCipherOptions): ControlCipher {
  if (transcript === null) {
    const key = streamKey(token)
    const encrypter = new Encrypter(key, randomBytes)
    const decrypter = new Decrypter(key)
    return { encrypt: (plain) => encrypter.encrypt(plain), decrypt: (bytes) => decrypter.decrypt(bytes), heldBytes: 0 }
  }
  const keys = [directionKey(token, transcript, 'client-to-server'), directionKey(token, transcript, 'server-to-client')] as const
  const sealer = new Sealer(keys[client ? 0 : 1], randomBytes)
  const opener = new Opener(keys[client ? 1 : 0])
  return {
    encrypt: (plain) => sealer.encrypt(plain),
    decrypt: (bytes) => opener.decrypt(bytes),
    get heldBytes() {
      return opener.heldBytes
    },
  }
}
