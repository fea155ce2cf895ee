// An invitation into a private network: one word that a person copies.
//
//   mw1.<base64url without padding>      of these bytes, one after another:
//
//   1   how many addresses follow, 0 to 4
//   32  the network's secret
//       for each address
//   16  the id of the node that answers there
//   1   its form: 0 IPv4, 1 IPv6, 2 a name
//       4 bytes of IPv4, 16 of IPv6, or 1 with the length of the name and the name in ASCII
//   2   the port, most significant byte first
//       and at the end
//   4   the first bytes of SHA-256 over all that stands before
//
// Every invitation has one spelling: what would be written differently is refused.
import { createHash } from 'node:crypto'
import { canonicalHost, formatAddress, isLiteral, parseAddress } from './domain/address.ts'

export interface Invitation {
  /** 32 bytes in base64url. */
  readonly secret: string
  readonly addresses: readonly InvitationAddress[]
}

export interface InvitationAddress {
  /** 32 hex digits. */
  readonly id: string
  /** Canonical `host:port`. */
  readonly address: string
}

export type InvitationAnswer =
  | { readonly type: 'invitation'; readonly invitation: Invitation }
  /** Nothing of it looks like one. */
  | { readonly type: 'other' }
  /** One sentence, which does not repeat what was given. */
  | { readonly type: 'refused'; readonly text: string }

export const MAX_INVITATION_ADDRESSES = 4
const PREFIX = 'mw1.'
const SECRET_BYTES = 32
const ID_BYTES = 16
const CHECKSUM_BYTES = 4
/** Four addresses with names of 253 characters. */
const MAX_CHARS = 1_600

/** Addresses beyond the fourth are left out. */
export function writeInvitation({ secret, addresses }: Invitation): string {
  const some = addresses.slice(0, MAX_INVITATION_ADDRESSES)
  const bytes = Buffer.concat([Buffer.from([some.length]), Buffer.from(secret, 'base64url'), ...some.map(entryBytes)])
  return PREFIX + Buffer.concat([bytes, checksum(bytes)]).toString('base64url')
}

/** White space around it is left out. */
export function readInvitation(given: string): InvitationAnswer {
  const text = given.trim()
  if (!text.startsWith(PREFIX)) return foreign(text)
  const word = text.slice(PREFIX.length)
  if (/\s/.test(word)) return refused('the invitation has a space or a line break inside: write it as one word')
  if (!/^[\w-]*$/.test(word) || word.length > MAX_CHARS) return MISTYPED
  const bytes = Buffer.from(word, 'base64url')
  const parsed = parse(bytes)
  if (parsed === 'cut') return CUT
  if (parsed === 'wrong' || bytes.toString('base64url') !== word) return MISTYPED
  const end = bytes.length - CHECKSUM_BYTES
  const isWhole = checksum(bytes.subarray(0, end)).equals(bytes.subarray(end)) && writeInvitation(parsed) === text
  return isWhole ? { type: 'invitation', invitation: parsed } : MISTYPED
}

const refused = (text: string): InvitationAnswer => ({ type: 'refused', text })
const MISTYPED = refused('the invitation is mistyped: a character of it differs from what `moonwalk invite` printed; copy it again')
const CUT = refused('the invitation is cut short: its end is missing; copy all of what `moonwalk invite` printed')

function foreign(text: string): InvitationAnswer {
  const version = /^mw(\d+)\./i.exec(text)?.[1]
  if (version !== undefined && version !== '1')
    return refused(`the invitation is of another version (mw${version}) than this moonwalk reads (mw1); use the version that made it`)
  // No address ends in a name that long.
  if (/^.{0,4}[\w-]{45,}$/.test(text)) return MISTYPED
  return text === PREFIX.slice(0, -1) ? CUT : { type: 'other' }
}

const checksum = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest().subarray(0, CHECKSUM_BYTES)

function entryBytes({ id, address }: InvitationAddress): Buffer {
  const at = parseAddress(address)
  if (!at) throw new Error(`${address} is no address`)
  const port = Buffer.from([at.port >> 8, at.port & 255])
  return Buffer.concat([Buffer.from(id, 'hex'), hostBytes(at.host), port])
}

function hostBytes(host: string): Buffer {
  if (!isLiteral(host)) return Buffer.concat([Buffer.from([2, host.length]), Buffer.from(host, 'latin1')])
  if (!host.includes(':')) return Buffer.from([0, ...host.split('.').map(Number)])
  const [head = '', tail = ''] = host.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [first, last] = [groups(head), groups(tail)]
  const all = [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last]
  return Buffer.from([1, ...all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])])
}

/** What the bytes say. `cut`: more would have to follow. A wrong character may look like that too, where it changes a length. */
function parse(bytes: Buffer): Invitation | 'cut' | 'wrong' {
  let at = 0
  const take = (count: number): Buffer | null => {
    const part = bytes.subarray(at, at + count)
    at += count
    return part.length === count ? part : null
  }
  const count = take(1)?.[0]
  const secret = take(SECRET_BYTES)
  if (count !== undefined && count > MAX_INVITATION_ADDRESSES) return 'wrong'
  if (count === undefined || !secret) return 'cut'
  const addresses: InvitationAddress[] = []
  while (addresses.length < count) {
    const id = take(ID_BYTES)
    const host = takeHost(take)
    const port = take(2)
    if (host === 'wrong') return 'wrong'
    if (!id || host === 'cut' || !port) return 'cut'
    const address = formatAddress({ host, port: port.readUInt16BE() })
    if (parseAddress(address) === null) return 'wrong'
    addresses.push({ id: id.toString('hex'), address })
  }
  if (take(CHECKSUM_BYTES) === null) return 'cut'
  return at === bytes.length ? { secret: secret.toString('base64url'), addresses } : 'wrong'
}

function takeHost(take: (count: number) => Buffer | null): string {
  const form = take(1)?.[0]
  if (form === undefined) return 'cut'
  if (form > 2) return 'wrong'
  const count = form === 0 ? 4 : form === 1 ? 16 : take(1)?.[0]
  const host = count === undefined ? null : take(count)
  if (!host) return 'cut'
  if (form === 0) return host.join('.')
  const text = form === 1 ? (host.toString('hex').match(/.{4}/g) ?? []).join(':') : host.toString('latin1')
  return canonicalHost(text) ?? 'wrong'
}
