// Which nodes may reach a service over the members' channel.
import { canBeName } from './peer-word.ts'
import type { PeerId } from './record.ts'

export interface ReachRule {
  /** Nothing public is opened for it. */
  readonly isPrivate: boolean
  /** Names and ids of the nodes that may; none: every member. */
  readonly allow: readonly string[]
}

export interface Asker {
  /** Proven by the channel. */
  readonly id: PeerId
  /** In an open network anybody makes as many ids as it likes, and calls itself what it likes. */
  readonly isMember: boolean
  /** Ids of the nodes in the table that sign this name, in any case. */
  readonly idsOf: (name: string) => readonly PeerId[]
}

/**
 * A public service may be reached by every node with an id: everybody may come to its public address. A private one is for members,
 * or for those it names. An id is exact. A name is one that its owner signs, counts among members only, and counts for nobody
 * where two have it.
 */
export function mayReach({ isPrivate, allow }: ReachRule, { id, isMember, idsOf }: Asker): boolean {
  if (!isPrivate) return true
  if (allow.length === 0) return isMember
  return allow.some((named) => named.toLowerCase() === id || (isMember && canBeName(named) && isOnly(id, idsOf(named))))
}

const isOnly = (id: PeerId, ids: readonly PeerId[]): boolean => ids.length > 0 && ids.every((other) => other === id)
