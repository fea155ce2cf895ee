// Whom a node starts from, as people write it.
import { canonicalHost, formatAddress } from '../domain/address.ts'
import { type Invitation, readInvitation } from '../invitation.ts'
import { readAddress } from './addresses.ts'
import type { Read } from './read.ts'

export type Seed =
  /** Canonical `host:port`. */
  { readonly type: 'address'; readonly address: string } | { readonly type: 'invitation'; readonly invitation: Invitation }

const USUAL_PORT = 8088
/** What a person meant to be short is shown, but no long word, which may hold a secret. */
const MAX_SHOWN = 40

/** An invitation, `HOST:PORT`, or `HOST`: then the port is 8088. */
export function readSeed(text: string): Read<Seed> {
  const address = readAddress(text)
  if ('ok' in address) return { ok: { type: 'address', address: address.ok } }
  const invitation = readInvitation(text)
  if (invitation.type === 'refused') return { wrong: invitation.text }
  if (invitation.type === 'invitation') return { ok: invitation }
  const host = canonicalHost(text.replace(/^\[(.*)\]$/, '$1'))
  if (host !== null) return { ok: { type: 'address', address: formatAddress({ host, port: USUAL_PORT }) } }
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
  return { wrong: `"${shown}" is neither an invitation (mw1.…) nor HOST:PORT, such as 203.0.113.7:8088` }
}
