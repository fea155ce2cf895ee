import { generateKeyPairSync } from 'node:crypto'
import { type Certified, certify } from '../network/certificate.ts'

let made: Certified | null = null

/** The certificate of the public port for whoever is no node: P-256, made once per process. */
export function selfSigned(): Certified {
  made ??= certify(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  return made
}
