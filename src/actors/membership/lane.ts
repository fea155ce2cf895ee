// Whom to speak to over the members' channel, and whom in clear.
import type { NetworkKind } from '../../domain/network-kind.ts'

/** How a peer is spoken to: P2PRC's nodes know clear HTTP alone. */
export type Lane = 'channel' | 'clear'

/** In a private network there is nobody to be spoken to in clear. */
export const laneOf = (network: NetworkKind, { id }: { readonly id: string | null }): Lane =>
  network.type === 'private' || id !== null ? 'channel' : 'clear'
