import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type Certified, certify } from '../network/certificate.ts'

let made: Certified | null = null

/** The certificate of the public port for whoever is no node: P-256, made once per process. */
export function selfSigned(): Certified {
  made ??= certify(newKey())
  return made
}

/**
 * By way of its bytes: in Node 20 a key that was generated shares its lock with the job that generated it, whose end in the garbage
 * collector waits for ever if that comes while the key is exported.
 */
function newKey(): KeyObject {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
  return createPrivateKey({ key: privateKey, type: 'pkcs8', format: 'der' })
}
