// Who has reached a node is worth something to those who have not: a prover signs that it did, the node carries a few such vouches in its own
// word, and whoever knows the provers lists it by their word until it has looked itself. Rules of that; who tells may lie.
import { hostKind, parseAddress } from './address.ts'
import { addressGroup } from './address-group.ts'
import type { NetworkKind } from './network-kind.ts'
import type { PeerId } from './record.ts'
import { VOUCH_COUNTS, VOUCH_SKEW, VOUCHES_NEEDED } from './timings.ts'

/** A node's word that it reached the owner of a record at its address, by its own look. */
export interface Vouch {
  readonly by: PeerId
  /** Wall time of who vouches, in seconds. */
  readonly atS: number
  /** Signature over `vouchBytes`; base64url. */
  readonly sig: string
}

/** So many a record carries: one more than are needed, since not everybody knows all who vouch. */
export const MOST_VOUCHES = 3

/** By this node's clock. One of the future is a wrong clock's, or a lie. */
export const isVouchFresh = ({ atS }: Pick<Vouch, 'atS'>, wallMs: number): boolean =>
  wallMs - atS * 1_000 < VOUCH_COUNTS && atS * 1_000 - wallMs < VOUCH_SKEW

/** One who vouches, as this node knows it. */
export interface Voucher {
  readonly id: PeerId
  readonly address: string
  /** This node has reached it itself; else others have. */
  readonly isProven: boolean
}

/**
 * Whether their word is enough to list a node: several who are listed here, one of which this node has reached itself. In an open network an id
 * costs nothing, so they have to be at different IP addresses (IPv6: /64) there. Who is listed by others' word counts too: to list somebody who
 * is not there takes two who lie, and who are there themselves. `wasListed`: this node has reached the one that they vouch for itself, or
 * listed it by others' word, at another address; it has moved then, and says so in the hand of the key that was there. On this machine's own loopback there is but one IP address, and nobody from elsewhere.
 */
export function isEnough(vouchers: readonly Voucher[], kind: NetworkKind['type'], wasListed: boolean): boolean {
  const groupOf = ({ id, address }: Voucher): string => {
    const host = parseAddress(address)?.host ?? address
    return kind === 'private' || hostKind(host) === 'loopback' ? id : addressGroup(host)
  }
  const isSeveral = (of: (voucher: Voucher) => string): boolean => new Set(vouchers.map(of)).size >= VOUCHES_NEEDED
  return (wasListed || vouchers.some(({ isProven }) => isProven)) && isSeveral(({ id }) => id) && isSeveral(groupOf)
}

/** With a further one. Who vouched first stays, with its latest: a record changes seldom so. */
export function withVouch(vouches: readonly Vouch[], vouch: Vouch, wallMs: number): readonly Vouch[] {
  const fresh = vouches.filter((one) => isVouchFresh(one, wallMs))
  if (fresh.some(({ by }) => by === vouch.by)) return fresh.map((one) => (one.by === vouch.by ? vouch : one))
  return fresh.length < MOST_VOUCHES ? [...fresh, vouch] : fresh
}

/** Whether it is time to say them: there are enough now and were not before, or those that were said grow old. */
export function isWorthSaying(said: readonly Vouch[], known: readonly Vouch[], wallMs: number): boolean {
  const young = (vouches: readonly Vouch[]): number => vouches.filter(({ atS }) => wallMs - atS * 1_000 < VOUCH_COUNTS / 2).length
  return young(said) < VOUCHES_NEEDED && young(known) >= VOUCHES_NEEDED
}
