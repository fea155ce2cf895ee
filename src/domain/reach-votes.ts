// Which address this node believes it is reached at. A peer says by an answer where it has reached this node; it may lie. So each has
// one vote, its latest, and one alone moves nobody.
import { hostKind, parseAddress } from './address.ts'

export interface Vote {
  /** Where that peer has reached this node. */
  readonly address: string
  /** The part of the internet that the peer is in; see `networkOf`. */
  readonly network: string
  readonly atMs: number
}

/** By peer. */
export type Votes = ReadonlyMap<string, Vote>

/** A vote counts for so long: twice the time in which each peer is likely to be asked again. */
export const VOTE_AGE = 600_000
/** Voters remembered; the oldest makes room. */
const MOST_VOTES = 64
/** So many peers have to agree, in different networks, where there are so many. */
const ENOUGH = 2

export function withVote(votes: Votes, by: string, vote: Vote): Votes {
  const next = new Map([...votes].filter(([peer, { atMs }]) => peer !== by && vote.atMs - atMs < VOTE_AGE))
  next.set(by, vote)
  for (const oldest of [...next.keys()].slice(0, Math.max(0, next.size - MOST_VOTES))) next.delete(oldest)
  return next
}

/**
 * Whether the votes are enough for an address. `current`: the one that is believed now, null for none. `around`: the networks of the
 * peers that could be asked, one entry a peer.
 */
export function isBelieved(votes: Votes, address: string, current: string | null, around: readonly string[]): boolean {
  if (address === current) return true
  const supporters = [...votes.values()].filter((vote) => vote.address === address)
  const networks = new Set(supporters.map(({ network }) => network))
  // With nobody else to ask, one is believed where nothing is known; what is known never falls to one.
  const peersNeeded = current === null ? Math.min(ENOUGH, Math.max(1, around.length)) : ENOUGH
  const networksNeeded = Math.min(ENOUGH, Math.max(1, new Set([...around, ...networks]).size), peersNeeded)
  return supporters.length >= peersNeeded && networks.size >= networksNeeded
}

/** /16 of an IPv4 address, /32 of an IPv6 one, the whole of this machine; a name for itself. Peers of one owner are often in one. */
export function networkOf(address: string): string {
  const host = parseAddress(address)?.host ?? address
  if (hostKind(host) === 'loopback') return 'loopback'
  if (host.includes(':')) return host.split(':').slice(0, 2).join(':')
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) ? host.split('.').slice(0, 2).join('.') : host
}
