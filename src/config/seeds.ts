// Whom a node starts from, as people write it.
import { canonicalHost, formatAddress } from '../domain/address.ts'
import { type Invitation, readInvitation } from '../invitation.ts'
import { readAddress } from './addresses.ts'
import { type Read, wrong } from './read.ts'

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
  const usual = atUsualPort(text)
  if (usual !== null) return { ok: { type: 'address', address: usual } }
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
  return { wrong: `"${shown}" is neither an invitation (mw1.…) nor HOST:PORT, such as 203.0.113.7:8088` }
}

/** `HOST:PORT`, or `HOST`: then the port is 8088. An invitation holds a secret and is not shown. */
export function readKnownAddress(text: string): Read<string> {
  const seed = readSeed(text)
  if ('ok' in seed && seed.ok.type === 'address') return { ok: seed.ok.address }
  return readInvitation(text).type === 'other' ? readAddress(text) : wrong(NO_ADDRESS)
}

const NO_ADDRESS =
  'an invitation is no address; a stopped node takes it with `moonwalk network join`, a fresh one with `moonwalk up --join`'

function atUsualPort(text: string): string | null {
  const host = canonicalHost(text.replace(/^\[(.*)\]$/, '$1'))
  return host === null ? null : formatAddress({ host, port: USUAL_PORT })
}
