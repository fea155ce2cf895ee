// A vouch as it is written, 114 characters until 2038: the voucher's id in base64url, 22 characters, the time in base 36, and the signature, 86
// characters. Whom it is about, and where, says what it stands in: an answer to a hello, or the record of its owner.
import type { Vouch } from '../domain/vouches.ts'

type Verify = (publicKey: string, bytes: Uint8Array, signature: string) => boolean

interface Vouched {
  readonly id: string
  readonly address: string
}

const VOUCH = /^([\w-]{22})([0-9a-z]{1,8})([\w-]{86})$/

/** What is signed. `id`: whose record it is. */
export const vouchBytes = (vouched: Vouched & { readonly atS: number }): Uint8Array =>
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

/** What each was asked of last: the same vouch is looked at whenever its owner, or one who vouches, says something later. */
const answered = new WeakMap<
  Vouch,
  { readonly key: string; readonly id: string; readonly address: string; readonly verify: Verify; readonly isGenuine: boolean }
>()

/** It was signed with that key. `id` and `address`: whom it is about. */
export function isGenuineVouch(verifier: { readonly verify: Verify }, key: string, { id, address }: Vouched, vouch: Vouch): boolean {
  const known = answered.get(vouch)
  const { verify } = verifier
  if (known?.verify === verify && known.key === key && known.id === id && known.address === address) return known.isGenuine
  const isGenuine = verify(key, vouchBytes({ id, address, atS: vouch.atS }), vouch.sig)
  answered.set(vouch, { key, id, address, verify, isGenuine })
  return isGenuine
}
