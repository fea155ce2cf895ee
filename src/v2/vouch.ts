// A vouch as it is written, 114 characters until 2038: the voucher's id in base64url, 22 characters, the time in base 36, and the signature, 86
// characters. Whom it is about, and where, says what it stands in: an answer to a hello, or the record of its owner.
import type { Vouch } from '../domain/vouches.ts'

const VOUCH = /^([\w-]{22})([0-9a-z]{1,8})([\w-]{86})$/

/** What is signed. `id`: whose record it is. */
export const vouchBytes = (vouched: { readonly id: string; readonly address: string; readonly atS: number }): Uint8Array =>
  new TextEncoder().encode(`moonwalk vouch\n${vouched.id}\n${vouched.address}\n${vouched.atS}`)

export const vouchText = ({ by, atS, sig }: Vouch): string => `${Buffer.from(by, 'hex').toString('base64url')}${atS.toString(36)}${sig}`

/** Null: it is none. */
export function readVouch(text: unknown): Vouch | null {
  const [, by, at, sig] = typeof text === 'string' ? (VOUCH.exec(text) ?? []) : []
  if (by === undefined || at === undefined || sig === undefined) return null
  const vouch = { by: Buffer.from(by, 'base64url').toString('hex'), atS: Number.parseInt(at, 36), sig }
  // One text for one vouch.
  return vouchText(vouch) === text ? vouch : null
}
