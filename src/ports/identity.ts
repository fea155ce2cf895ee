/** This node's Ed25519 key. */
export interface Identity {
  /** Lower-case hex, 32 characters: the first 16 bytes of SHA-256 over the raw public key. */
  readonly id: string
  /** Raw public key, base64url. */
  readonly publicKey: string
  /** Signature over the bytes, base64url. */
  sign(bytes: Uint8Array): string
  verify(publicKey: string, bytes: Uint8Array, signature: string): boolean
  /** The id that belongs to a public key. */
  idOf(publicKey: string): string
}
