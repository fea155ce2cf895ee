// Keys of a private network. The secret itself is never used: each purpose has a key of its own, so none tells of another.
import { hkdfSync } from 'node:crypto'

const KEY_BYTES = 32

/** `secret`: 32 bytes in base64url. 32 bytes by HKDF-SHA-256 (RFC 5869), without salt; the purpose is its `info`. */
export const networkKey = (secret: string, purpose: 'membership proof' | 'turn token' | 'fingerprint'): Buffer =>
  Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64url'), Buffer.alloc(0), `moonwalk/1 ${purpose}`, KEY_BYTES))

/** What stock frp clients of a member's TURN give as `auth.token`: 43 characters of base64url. */
export const turnTokenOf = (secret: string): string => networkKey(secret, 'turn token').toString('base64url')

/** Tells secrets apart in public: 8 hex digits, which tell nothing of the secret. */
export const fingerprintOf = (secret: string): string => networkKey(secret, 'fingerprint').toString('hex').slice(0, 8)
