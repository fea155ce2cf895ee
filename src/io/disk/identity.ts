// This node's Ed25519 key, by node:crypto.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Identity } from '../../ports.ts'
import { codeOf } from '../network/network-failure.ts'

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

/** The same seed of 32 bytes makes the same identity. */
export function identityFromSeed(seed: Uint8Array): Identity {
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length)
  const publicKey = raw.toString('base64url')
  return { id: idOf(publicKey), publicKey, sign: (bytes) => sign(null, bytes, key).toString('base64url'), verify: isSignedBy, idOf }
}

export const newIdentity = (): Identity => identityFromSeed(randomBytes(KEY_BYTES))

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

function isSignedBy(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  const signed = decoded(signature, SIGNATURE_BYTES)
  const key = imported.get(publicKey) ?? importKey(publicKey)
  return key !== null && signed !== null && verify(null, bytes, key, signed)
}

function importKey(publicKey: string): KeyObject | null {
  const raw = decoded(publicKey, KEY_BYTES)
  if (!raw) return null
  const unsigned = Buffer.from(raw)
  unsigned[KEY_BYTES - 1] = (unsigned[KEY_BYTES - 1] ?? 0) & 0x7f
  if (SMALL_ORDER.has(unsigned.toString('hex'))) return null
  try {
    const key = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' })
    if (imported.size >= MAX_IMPORTED) imported.clear()
    imported.set(publicKey, key)
    return key
  } catch {
    return null
  }
}

export type LoadedIdentity = { readonly type: 'loaded'; readonly identity: Identity } | { readonly type: 'refused'; readonly text: string }

/**
 * The key of a data directory, made at the first start: `identity.json`, mode 0600, `{"ed25519Seed":"<64 hex digits>"}`.
 * A file that can't be read is left as it is: a new key would be a new node to everybody.
 */
export function loadIdentity(dir: string): LoadedIdentity {
  const file = join(dir, 'identity.json')
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    if (!existsSync(file)) return { type: 'loaded', identity: identityFromSeed(writeNewSeed(file)) }
    chmodSync(file, 0o600)
    const seed = seedIn(readFileSync(file, 'utf8'))
    if (seed) return { type: 'loaded', identity: identityFromSeed(seed) }
  } catch (error) {
    return { type: 'refused', text: `the node's key can't be kept in ${file} (${codeOf(error)})` }
  }
  return { type: 'refused', text: `${file} holds no key that can be read; restore it, or move it away to start with a new identity` }
}

function seedIn(text: string): Buffer | null {
  try {
    const content: unknown = JSON.parse(text)
    const seed = typeof content === 'object' && content && 'ed25519Seed' in content ? content.ed25519Seed : null
    return typeof seed === 'string' && /^[0-9a-f]{64}$/i.test(seed) ? Buffer.from(seed, 'hex') : null
  } catch {
    return null
  }
}

function writeNewSeed(file: string): Buffer {
  const seed = randomBytes(KEY_BYTES)
  const written = openSync(`${file}.new`, 'w', 0o600)
  try {
    writeSync(written, `${JSON.stringify({ ed25519Seed: seed.toString('hex') })}\n`)
    fsyncSync(written)
  } finally {
    closeSync(written)
  }
  renameSync(`${file}.new`, file)
  return seed
}
