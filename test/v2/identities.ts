import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto'
import type { Identity } from '../../src/ports.ts'

const idOf = (publicKey: string): string => createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex').slice(0, 32)

/** At the end of the DER. */
const KEY_BYTES = 32

/** A new Ed25519 identity. */
export function newIdentity(): Identity {
  const pair = generateKeyPairSync('ed25519')
  // Not as JWK: while Node 20 writes that it holds the key's lock, and the end of the job that generated the key wants it too. Where
  // garbage is collected just then, the process waits for itself for ever.
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-KEY_BYTES).toString('base64url')
  return {
    id: idOf(publicKey),
    publicKey,
    sign: (bytes) => sign(null, bytes, pair.privateKey).toString('base64url'),
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
