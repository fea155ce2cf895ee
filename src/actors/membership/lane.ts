// Whom to speak to over the members' channel, and whom in clear.
import type { NetworkKind } from '../../domain/network-kind.ts'
import type { Lane } from '../../ports.ts'

/** P2PRC's nodes, which have no id, know clear HTTP alone. In a private network there is nobody to be spoken to in clear. */
export const laneOf = (network: NetworkKind, { id }: { readonly id: string | null }): Lane =>
  network.type === 'private' || id !== null ? 'channel' : 'clear'
