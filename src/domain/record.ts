// What is known of one server, as it is passed on.
import type { Coordinate } from './coordinates.ts'
import type { Vouch } from './vouches.ts'

/** Lower-case hex, 32 characters: the start of the SHA-256 of its public key. */
export type PeerId = string

export interface PeerRecord {
  /** Null for a P2PRC node, which has no identity. */
  readonly id: PeerId | null
  readonly name: string
  /** Canonical `host:port`. */
  readonly address: string
  /** Further ones, best first, of a node behind several TURNs; absent: there are none. */
  readonly alsoAt?: readonly string[]
  /** Its owner's first address, where the row stands with another since that one answered and the first was silent. */
  readonly silentAt?: string
  /** Domains that it answers for, as `toldDomain` writes them; absent: none. */
  readonly domains?: readonly string[]
  /** The owner counts its own changes; the highest wins. 0 for P2PRC. */
  readonly seq: number
  /** The TURN it is reached through; null when it is reached directly. */
  readonly via: PeerId | null
  readonly offersTurn: boolean
  /** The owner says goodbye. */
  readonly left: boolean
  /** Where it is among the others, as it says; absent while it does not know. */
  readonly place?: Coordinate
  /** Of those who have reached it at its first address; absent: of nobody. */
  readonly vouches?: readonly Vouch[]
  /** The owner's signed words, to be passed on as they came. Null: unsigned, heard from the node itself or from P2PRC. */
  readonly envelope: string | null
  /** What P2PRC says of it; null for a moonwalk node. */
  readonly p2prc: P2prcFields | null
}

/** P2PRC's record beyond name, address and figures, kept to be told on faithfully. */
export interface P2prcFields {
  readonly machineUsername: string
  readonly ipv6: string
  readonly udpServerPort: string
  readonly bareMetalSshPort: string
  readonly nat: boolean
  readonly escapeImplementation: string
  readonly proxyServer: boolean
  readonly unsafeMode: boolean
  readonly publicKey: string
  readonly customInformation: string
}

/** What is known of a server that nobody signs for: an address to look at, and what P2PRC says of it. Its name is its address where it has none. */
export const unsignedRecord = (address: string, name = address, p2prc: P2prcFields | null = null): PeerRecord => ({
  id: null,
  name: name === '' ? address : name,
  address,
  seq: 0,
  via: null,
  offersTurn: true,
  left: false,
  envelope: null,
  p2prc,
})

/** So many addresses a record may name beside its first. */
export const MOST_FURTHER = 3

/** Every address of it, best first. */
export const addressesOf = ({ address, alsoAt }: Pick<PeerRecord, 'address' | 'alsoAt'>): readonly string[] => [address, ...(alsoAt ?? [])]

/** What a row is found by: the id where there is one, else the address. */
export const keyOf = (record: Pick<PeerRecord, 'id' | 'address'>): string => record.id ?? record.address

export const dialectOf = (record: Pick<PeerRecord, 'id'>): 'moonwalk' | 'p2prc' => (record.id === null ? 'p2prc' : 'moonwalk')
