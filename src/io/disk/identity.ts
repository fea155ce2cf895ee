// This node's Ed25519 key, by node:crypto.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { chmodSync, constants, copyFileSync, lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Identity } from '../../ports.ts'
import { codeOf } from '../network/network-failure.ts'
import { errorText, makeDir } from './durable-file.ts'
import { asideOf, replaceSync } from './private-file.ts'

// RFC 8410: the DER that stands before the 32 bytes of a private (PKCS #8) and a public (SPKI) Ed25519 key.
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64

/** The encodings of the points of small order, sign bit left out. OpenSSL takes them, and anyone can sign for them. */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

/** With the key itself, for TLS. */
export interface KeyedIdentity extends Identity {
  readonly privateKey: KeyObject
}

/** The same seed of 32 bytes makes the same identity. */
export const identityFromSeed = (seed: Uint8Array): KeyedIdentity =>
  identityFromKey(createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' }))

/** Of an Ed25519 key that is there already, as in a thread. */
export function identityFromKey(privateKey: KeyObject): KeyedIdentity {
  const publicKey = rawKey(createPublicKey(privateKey)).toString('base64url')
  const signed = (bytes: Uint8Array): string => sign(null, bytes, privateKey).toString('base64url')
  return { id: idOf(publicKey), publicKey, privateKey, sign: signed, verify: isSignedBy, idOf }
}

const rawKey = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length)

/** An Ed25519 public key as `Identity.publicKey` has it; null for one of small order, for which anyone can sign. */
export function publicKeyOf(key: KeyObject): string | null {
  const raw = rawKey(key)
  return isOfSmallOrder(raw) ? null : raw.toString('base64url')
}

function isOfSmallOrder(raw: Buffer): boolean {
  const unsigned = Buffer.from(raw)
  unsigned[KEY_BYTES - 1] = (unsigned[KEY_BYTES - 1] ?? 0) & 0x7f
  return SMALL_ORDER.has(unsigned.toString('hex'))
}

export const newIdentity = (): KeyedIdentity => identityFromSeed(randomBytes(KEY_BYTES))

const idOf = (publicKey: string): string => createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex').slice(0, 32)

/** The bytes, if the text is their one proper spelling in base64url. */
function decoded(text: string, length: number): Buffer | null {
  if (text.length !== Math.ceil((length * 4) / 3)) return null
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length === length && bytes.toString('base64url') === text ? bytes : null
}

/** Importing a key costs more than the check itself: the last ones are kept. */
const imported = new Map<string, KeyObject>()
const MAX_IMPORTED = 2_048

/** Peers show the same signed word with every exchange: the last ones that were genuine, by their signature. */
const genuine = new Map<string, { readonly publicKey: string; readonly bytes: Buffer }>()
const MOST_GENUINE = 512
const LONGEST_GENUINE_BYTES = 1_024

function isSignedBy(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  const known = genuine.get(signature)
  if (known?.publicKey === publicKey && known.bytes.equals(bytes)) return true
  if (!isGenuine(publicKey, bytes, signature)) return false
  if (bytes.length > LONGEST_GENUINE_BYTES) return true
  const [first] = genuine.keys()
  if (first !== undefined && genuine.size >= MOST_GENUINE) genuine.delete(first)
  genuine.set(signature, { publicKey, bytes: Buffer.from(bytes) })
  return true
}

function isGenuine(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  const signed = decoded(signature, SIGNATURE_BYTES)
  const key = imported.get(publicKey) ?? importKey(publicKey)
  return key !== null && signed !== null && verify(null, bytes, key, signed)
}

function importKey(publicKey: string): KeyObject | null {
  const raw = decoded(publicKey, KEY_BYTES)
  if (!raw || isOfSmallOrder(raw)) return null
  try {
    const key = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' })
    if (imported.size >= MAX_IMPORTED) imported.clear()
    imported.set(publicKey, key)
    return key
  } catch {
    return null
  }
}

export type LoadedIdentity =
  | { readonly type: 'loaded'; readonly identity: KeyedIdentity }
  | { readonly type: 'refused'; readonly text: string }

const identityFile = (dir: string): string => join(dir, 'identity.json')

/**
 * The key of a data directory, made at the first start: `identity.json`, mode 0600, `{"ed25519Seed":"<64 hex digits>"}`.
 * A file that can't be read is left as it is: a new key would be a new node to everybody.
 */
export function loadIdentity(dir: string): LoadedIdentity {
  const found = readIdentity(dir)
  if (found !== null) return found
  const file = identityFile(dir)
  try {
    makeDir(dir)
    return { type: 'loaded', identity: identityFromSeed(writeSeed(file)) }
  } catch (error) {
    return refused(`the node's key can't be kept in ${file} (${errorText(error)})`)
  }
}

/** The key of a data directory, or null where none was made yet. */
export function readIdentity(dir: string): LoadedIdentity | null {
  const file = identityFile(dir)
  try {
    const seed = seedIn(readFileSync(file, 'utf8'))
    if (!seed) return refused(`${file} holds no key that can be read; restore it, or move it away to start with a new identity`)
    return { type: 'loaded', identity: identityFromSeed(seed) }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return refused(`the node's key can't be read from ${file} (${errorText(error)})`)
    const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()
    return isLink
      ? refused(`${file} is a link to a file that is not there; mount its disk or restore it, since it is the node's key`)
      : null
  }
}

export type RenewedIdentity =
  /** `before`: the id until now, null where its file could not be read. `aside`: where that file is now. */
  | { readonly type: 'renewed'; readonly id: string; readonly before: string | null; readonly aside: string }
  | Extract<LoadedIdentity, { readonly type: 'refused' }>

/** Gives the data directory of a stopped node a new key. The old one is kept beside it. */
export function renewIdentity(dir: string): RenewedIdentity {
  const file = identityFile(dir)
  const found = readIdentity(dir)
  const aside = asideOf(file)
  try {
    copyFileSync(file, aside, constants.COPYFILE_EXCL)
    chmodSync(aside, 0o600)
    const identity = identityFromSeed(writeSeed(file))
    return { type: 'renewed', id: identity.id, before: found?.type === 'loaded' ? found.identity.id : null, aside }
  } catch (error) {
    return refused(`the node's key can't be renewed in ${file} (${errorText(error)})`)
  }
}

const refused = (text: string): { readonly type: 'refused'; readonly text: string } => ({ type: 'refused', text })

function seedIn(text: string): Buffer | null {
  try {
    const content: unknown = JSON.parse(text)
    const seed = typeof content === 'object' && content && 'ed25519Seed' in content ? content.ed25519Seed : null
    return typeof seed === 'string' && /^[0-9a-f]{64}$/i.test(seed) ? Buffer.from(seed, 'hex') : null
  } catch {
    return null
  }
}

/** Puts a new key in the file's place; fails without having changed it. */
function writeSeed(file: string): Buffer {
  const seed = randomBytes(KEY_BYTES)
  replaceSync(file, `${JSON.stringify({ ed25519Seed: seed.toString('hex') })}\n`)
  return seed
}
