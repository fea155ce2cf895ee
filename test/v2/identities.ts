import { createHash, createPrivateKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import type { Identity } from '../../src/ports.ts'

const idOf = (publicKey: string): string => createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex').slice(0, 32)

/** At the end of the DER. */
const KEY_BYTES = 32

/** A new Ed25519 identity. */
export function newIdentity(): Identity {
  // Node 20 stands still for good where the garbage collector comes while a key is exported as JWK that was generated just before: both
  // want that key's lock. Generated in bytes, no key is exported.
  const pair = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
  const privateKey = createPrivateKey({ key: pair.privateKey, type: 'pkcs8', format: 'der' })
  const publicKey = pair.publicKey.subarray(-KEY_BYTES).toString('base64url')
  return {
    id: idOf(publicKey),
    publicKey,
    sign: (bytes) => sign(null, bytes, privateKey).toString('base64url'),
    verify: (key, bytes, signature) => {
      try {
        return verify(null, bytes, { key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' }, Buffer.from(signature, 'base64url'))
      } catch {
        return false
      }
    },
    idOf,
  }
}
