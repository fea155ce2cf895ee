/** Which kind of network a node is in. */
export type NetworkKind =
  /** Anybody may join and see it, as in P2PRC's networks. */
  | { readonly type: 'open' }
  /** Its members share a secret. Each is 32 bytes in base64url; a node proves the first, and takes any: so a secret can be replaced. */
  | { readonly type: 'private'; readonly secrets: readonly string[] }

export const OPEN: NetworkKind = { type: 'open' }

/** What the kind means, for people. */
export const KIND_TEXT: Readonly<Record<NetworkKind['type'], string>> = {
  open: 'an open network: anybody may join it and see its servers',
  private: 'a private network: only who holds its invitation can join it or see its servers',
}
