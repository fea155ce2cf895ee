/** Which kind of network a node is in. */
export type NetworkKind =
  /** Anybody may join and see it, as in P2PRC's networks. */
  | { readonly type: 'open' }
  /** Its members share a secret. Each is 32 bytes in base64url; a node proves the first, and takes any: so a secret can be replaced. */
  | { readonly type: 'private'; readonly secrets: readonly string[] }

export const OPEN: NetworkKind = { type: 'open' }
