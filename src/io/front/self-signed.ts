// The certificate of the public port: P-256, self-signed, made in memory. Stock frp verifies none by default, and peers prove who they
// are by signed records. X.509 v3 (RFC 5280) is written by hand; for one certificate no library is needed.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

const YEAR_MS = 365 * 24 * 3_600_000

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const { length } = body
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), body])
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)
const ECDSA_SHA256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const utcTime = (ms: number): Buffer => der(0x17, Buffer.from(`${new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`))

let made: { readonly key: string; readonly cert: string } | null = null

/** Key and certificate as PEM; made once per process, valid for ten years from yesterday. */
export function selfSigned(): { readonly key: string; readonly cert: string } {
  if (made) return made
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from('moonwalk')))))
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(15)])
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ECDSA_SHA256,
    name,
    sequence(utcTime(Date.now() - YEAR_MS / 365), utcTime(Date.now() + 10 * YEAR_MS)),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
  )
  const certificate = sequence(body, ECDSA_SHA256, der(0x03, Buffer.from([0]), sign('sha256', body, privateKey)))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  made = {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  }
  return made
}
