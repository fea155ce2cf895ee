// A signed record: what an owner says of itself, to be passed on as it came.
//
//   {"body":"<JSON text>","key":"<raw Ed25519 public key, base64url>","sig":"<signature over 'moonwalk record\n' + body, base64url>"}
//   body: {"id","name","address":"host:port"|null,"seq":n,"via":ID|null,"turn":bool,"left":bool,"also":["host:port"]?,"place":[11 numbers]?,"domains":[TEXT]?,"vouches":[TEXT]?}
//   also: further addresses of a node behind several TURNs, best first, at most three; absent where there are none
//   place: the coordinate as `writeCoordinate` has it; absent while the owner does not know it
//   vouches: of those who have reached it at its address (vouch.ts), at most three; absent: of nobody. What is none says nothing.
//   domains: what its services answer for, as `toldDomain` has it, at most `MOST_DOMAINS`; absent: nothing
//
// The id must belong to the key. An envelope is at most `MAX_ENVELOPE_BYTES` long in UTF-8.
import { addressOf, parseAddress } from '../domain/address.ts'
import { type Coordinate, readCoordinate, writeCoordinate } from '../domain/coordinates.ts'
import { isShallow, MAX_PEER_DEPTH } from '../domain/json-depth.ts'
import { recalled } from '../domain/recalled.ts'
import { MOST_FURTHER, type PeerRecord } from '../domain/record.ts'
import { withoutWild } from '../domain/tame.ts'
import { isToldDomain, MOST_DOMAINS } from '../domain/told-domains.ts'
import { MOST_VOUCHES, type Vouch } from '../domain/vouches.ts'
import { readVouch, vouchText } from './vouch.ts'

export const MAX_ENVELOPE_BYTES = 1_024
const MAX_NAME_CHARS = 64
/** 64 bytes in base64url. */
const SIGNATURE_CHARS = 86
const SIGNED = 'moonwalk record\n'

export interface Signer {
  readonly id: string
  readonly publicKey: string
  sign(bytes: Uint8Array): string
}
export interface Verifier {
  verify(publicKey: string, bytes: Uint8Array, signature: string): boolean
  idOf(publicKey: string): string
}

/** An owner's word of itself. `address` is null while it does not know how it is reached. */
export interface OwnWord {
  readonly id: string
  readonly name: string
  readonly address: string | null
  /** Further ones, best first; absent: there are none. */
  readonly alsoAt?: readonly string[]
  readonly seq: number
  readonly via: string | null
  readonly offersTurn: boolean
  readonly left: boolean
  readonly place?: Coordinate
  readonly domains?: readonly string[]
  readonly vouches?: readonly Vouch[]
}

/**
 * What makes the envelope too large is left out: vouches first, then domains, the last of them first, then what of the name is too long, then further
 * addresses, the last first.
 */
export function seal(signer: Signer, word: Omit<OwnWord, 'id'>): string {
  const { name, address, alsoAt: also, seq, via, offersTurn, left } = word
  const place = word.place && writeCoordinate(word.place)
  const told = [...(word.domains ?? [])]
  const vouched = (word.vouches ?? []).map(vouchText)
  const sealed = (shown: readonly string[], sign: (body: string) => string): string => {
    const domains = told.length > 0 ? told : undefined
    const vouches = vouched.length > 0 ? vouched : undefined
    const said = { id: signer.id, name: shown.join(''), address, seq, via, turn: offersTurn, left, also, place, domains, vouches }
    const body = JSON.stringify(said)
    return JSON.stringify({ body, key: signer.publicKey, sig: sign(body) })
  }
  const shown = Array.from(cleanName(name))
  const isTooLarge = (): boolean => byteLength(sealed(shown, () => 'x'.repeat(SIGNATURE_CHARS))) > MAX_ENVELOPE_BYTES
  while (vouched.length > 0 && isTooLarge()) vouched.pop()
  while (told.length > 0 && isTooLarge()) told.pop()
  while (shown.length > 1 && isTooLarge()) shown.pop()
  if (also && also.length > 0 && isTooLarge()) {
    const { alsoAt: _, ...rest } = word
    return seal(signer, also.length === 1 ? rest : { ...rest, alsoAt: also.slice(0, -1) })
  }
  return sealed(shown, (body) => signer.sign(bytesOf(body)))
}

/** Null for anything that is not a genuine record: forged, malformed, oversized. */
export function open(text: unknown, verifier: Verifier): OwnWord | null {
  const { parts, word } = read(text)
  return word && isGenuine(parts, word.id, verifier) ? word : null
}

/** By whom each was looked at last, and what came of it: a signature costs a fifth of a millisecond, and the same ones come again and again. */
const looked = new WeakMap<Parts, { readonly verify: Verifier['verify']; readonly isGenuine: boolean }>()

function isGenuine(parts: Parts, id: string, verifier: Verifier): boolean {
  const known = looked.get(parts)
  if (known?.verify === verifier.verify) return known.isGenuine
  const isGenuine = verifier.idOf(parts.key) === id && verifier.verify(parts.key, bytesOf(parts.body), parts.sig)
  looked.set(parts, { verify: verifier.verify, isGenuine })
  return isGenuine
}

/** What an envelope says, whoever wrote it: enough to see that it is no news, without the cost of its signature. */
export const claimOf = (text: string): Pick<OwnWord, 'id' | 'seq'> | null => read(text).word

/** The public key that an envelope is signed with, of a genuine one. */
export const keyIn = (envelope: string): string | null => read(envelope).parts?.key ?? null

interface Parts {
  readonly body: string
  readonly key: string
  readonly sig: string
}

/** `word`: what it says, whoever wrote it. `text`: the envelope, one copy for all who keep it. */
type Read = { readonly text: string; readonly parts: Parts; readonly word: OwnWord | null } | typeof NO_ENVELOPE

const NO_ENVELOPE = { text: null, parts: null, word: null } as const
/** Each is asked several things as it comes, and comes from several peers. */
const MOST_READ = 4_096

const readAgain = recalled(
  (text: string): Read => {
    const parts = readEnvelope(text)
    return parts === null ? NO_ENVELOPE : { text, parts, word: readWord(parseObject(parts.body)) }
  },
  MOST_READ,
  MAX_ENVELOPE_BYTES,
)
const read = (text: unknown): Read => (fits(text) ? readAgain(text) : NO_ENVELOPE)

/** One text for one word: with more keys, a key twice or other spaces it is not what its owner wrote. */
function readEnvelope(text: string): Parts | null {
  const { body, key, sig } = parseObject(text) ?? {}
  if (typeof body !== 'string' || typeof key !== 'string' || typeof sig !== 'string') return null
  return JSON.stringify({ body, key, sig }) === text ? { body, key, sig } : null
}

const fits = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= MAX_ENVELOPE_BYTES && byteLength(text) <= MAX_ENVELOPE_BYTES
const byteLength = (text: string): number => Buffer.byteLength(text)

export interface Opener {
  /** `open`, which remembers those of lately. */
  (text: unknown): OwnWord | null
  /** It would answer from memory. */
  remembers(text: string): boolean
}

export function createOpener(verifier: Verifier): Opener {
  return Object.assign((text: unknown) => open(text, verifier), {
    remembers: (text: string): boolean => {
      const { parts } = read(text)
      return parts === null || looked.get(parts)?.verify === verifier.verify
    },
  })
}

/** The record an envelope stands for. `heardAt`: where its owner was met, for an owner that does not know its own address yet. */
export function recordOf(word: OwnWord, envelope: string, heardAt: string | null): PeerRecord | null {
  const known = records.get(word)
  if (known?.envelope === envelope) return known
  const address = word.address ?? heardAt
  if (address === null) return null
  const { address: _, ...said } = word
  const record: PeerRecord = { ...said, address, envelope: read(envelope).text ?? envelope, p2prc: null }
  if (word.address !== null) records.set(word, record)
  return record
}

/** Of words that say where their owner is: the same word makes the same record whoever tells of it. */
const records = new WeakMap<OwnWord, PeerRecord>()

function readWord(value: Readonly<Record<string, unknown>> | null): OwnWord | null {
  if (!value) return null
  const { id, name, address, seq, via, turn, left } = value
  if (typeof id !== 'string' || !isId(id) || typeof name !== 'string') return null
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) return null
  if (via !== null && !(typeof via === 'string' && isTurn(via))) return null
  const parsed = typeof address === 'string' ? parseAddress(address) : null
  if (address !== null && !parsed) return null
  const place = readCoordinate(value.place)
  const domains = readDomains(value.domains)
  const vouches = parsed ? readVouches(value.vouches) : []
  const alsoAt = parsed ? readFurther(value.also, addressOf(parsed.host, parsed.port)) : []
  if (!alsoAt) return null
  return {
    id,
    name: cleanName(name),
    address: parsed ? addressOf(parsed.host, parsed.port) : null,
    seq,
    via,
    offersTurn: turn === true,
    left: left === true,
    ...(alsoAt.length > 0 ? { alsoAt } : {}),
    ...(place ? { place } : {}),
    ...(domains.length > 0 ? { domains } : {}),
    ...(vouches.length > 0 ? { vouches } : {}),
  }
}

const readVouches = (value: unknown): readonly Vouch[] =>
  Array.isArray(value) ? value.slice(0, MOST_VOUCHES).flatMap((one: unknown) => readVouch(one) ?? []) : []

/** What is no domain says nothing. */
const readDomains = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.slice(0, MOST_DOMAINS).filter((one): one is string => typeof one === 'string' && isToldDomain(one)) : []

/** Each once, in canonical form, and none of them the first address. Null: something else stands there. */
function readFurther(value: unknown, first: string | null): readonly string[] | null {
  if (value === undefined) return []
  if (!Array.isArray(value) || value.length > MOST_FURTHER) return null
  const further = value.map((one: unknown) => {
    const parsed = typeof one === 'string' ? parseAddress(one) : null
    return parsed && addressOf(parsed.host, parsed.port)
  })
  const addresses = further.filter((address) => address !== null)
  return addresses.length === value.length && new Set([first, ...addresses]).size === value.length + 1 ? addresses : null
}

/** A TURN's id, or, of one that has none, the address of a P2PRC node or `frp://` and that of a stock frps. */
const isTurn = (text: string): boolean => isId(text) || parseAddress(text.replace(/^frp:\/\//, '')) !== null

export const isId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text)

/** A name a person may be shown: no control characters or halves of characters, at most 64 characters, never empty. */
export function cleanName(name: string): string {
  const clean = withoutWild(name).trim()
  return Array.from(clean).slice(0, MAX_NAME_CHARS).join('').trimEnd() || 'unnamed'
}

const bytesOf = (body: string): Uint8Array => new TextEncoder().encode(SIGNED + body)

export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  if (!isShallow(text, MAX_PEER_DEPTH)) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
