// Self-signed certificates, made in memory. Nobody looks at what they say: stock frp verifies none by default, and nodes look at the
// key alone. X.509 v3 (RFC 5280) is written by hand; for this no library is needed.
import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'

const YEAR_MS = 365 * 24 * 3_600_000

/** Both as PEM. */
export interface Certified {
  readonly key: string
  readonly cert: string
}

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const { length } = body
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), body])
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)
const algorithm = (oid: string): Buffer => sequence(der(0x06, Buffer.from(oid, 'hex')))
const ECDSA_SHA256 = algorithm('2a8648ce3d040302')
/** RFC 8410. */
const ED25519 = algorithm('2b6570')
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const utcTime = (ms: number): Buffer => der(0x17, Buffer.from(`${new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`))

/** For a key of Ed25519 or P-256; valid for ten years from yesterday. */
export function certify(privateKey: KeyObject): Certified {
  const isEd = privateKey.asymmetricKeyType === 'ed25519'
  const signed = isEd ? ED25519 : ECDSA_SHA256
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from('moonwalk')))))
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(15)])
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    signed,
    name,
    sequence(utcTime(Date.now() - YEAR_MS / 365), utcTime(Date.now() + 10 * YEAR_MS)),
    name,
    createPublicKey(privateKey).export({ format: 'der', type: 'spki' }),
  )
  const certificate = sequence(body, signed, der(0x03, Buffer.from([0]), sign(isEd ? null : 'sha256', body, privateKey)))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  }
}
