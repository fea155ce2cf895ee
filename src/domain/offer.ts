// For whom a node carries traffic, and how much of it for strangers.
import type { NetworkKind } from './network-kind.ts'

/** `members`: nodes of its own network, and stock frp clients that give its token. `everybody`: strangers too, rationed. */
export type Offer = 'members' | 'everybody' | 'nobody'

export const OFFERS: readonly Offer[] = ['members', 'everybody', 'nobody']

/** What a stranger may have of a TURN. 0: as much as it likes. An address is an IPv4 address, or an IPv6 network of 64 bits. */
export interface Rations {
  /** Logins at once from one address. */
  readonly sessions: number
  /** Proxies at once from one address, of all kinds and sessions together. */
  readonly ports: number
  /** Strangers' logins at once, in all. */
  readonly clients: number
  /** From one address, all its proxies and both ways together. */
  readonly bytesPerSecond: number
  /** The same within 24 hours from the first byte on. */
  readonly bytesPerDay: number
  /** Bytes that a user of a udp proxy gets at most for each byte that came from its address: that may be forged. */
  readonly udpFactor: number
  /** Logins at once of nodes with a proven id from one address, where anybody can make an id: in an open network. */
  readonly nodes: number
}

export const DEFAULT_RATIONS: Rations = {
  sessions: 2,
  ports: 4,
  clients: 128,
  bytesPerSecond: 1_000_000,
  bytesPerDay: 2_000_000_000,
  udpFactor: 3,
  nodes: 8,
}

export const NO_RATIONS: Rations = { sessions: 0, ports: 0, clients: 0, bytesPerSecond: 0, bytesPerDay: 0, udpFactor: 0, nodes: 0 }

interface Chosen {
  /** Absent: not chosen. */
  readonly offer?: Offer
  readonly network: NetworkKind
  /** Whether the owner has set a token for its own stock clients. */
  readonly hasToken: boolean
}

/** Where nothing is chosen: in an open network everybody, unless there is a token to tell who belongs; else members. */
export const offerOf = ({ offer, network, hasToken }: Chosen): Offer =>
  offer ?? (network.type === 'open' && !hasToken ? 'everybody' : 'members')
