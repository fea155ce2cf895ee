import type { PeerRecord } from '../../domain/record.ts'
import type { Clock, Identity } from '../../ports.ts'
import { seal } from '../../v2/envelope.ts'

/** What this node says of itself: one signed word, counted up with every change. */
export interface OwnRecord {
  readonly id: string
  readonly name: string
  /** Where others reach this node; null while nothing is proven. */
  address(): string | null
  via(): string | null
  /** The signed word as it stands. */
  envelope(): string
  /** The word as a record; null without an address. */
  record(): PeerRecord | null
  /** A new address, or none. Answers whether that was a change. */
  announce(address: string | null, via: string | null): boolean
  /** A last word: this node goes. */
  farewell(): string
}

export function createOwnRecord(ports: { clock: Clock; identity: Identity }, own: { name: string; offersTurn: boolean }): OwnRecord {
  const { clock, identity } = ports
  let address: string | null = null
  let via: string | null = null
  let seq = 0
  let envelope = ''
  const say = (left: boolean): string => {
    // The wall clock makes the count go on where an earlier run of this node ended.
    seq = Math.max(seq + 1, Math.floor(clock.wallMs()))
    envelope = seal(identity, { name: own.name, address, seq, via, offersTurn: own.offersTurn && via === null, left })
    return envelope
  }
  say(false)
  return {
    id: identity.id,
    name: own.name,
    address: () => address,
    via: () => via,
    envelope: () => envelope,
    record: () =>
      address === null
        ? null
        : {
            id: identity.id,
            name: own.name,
            address,
            seq,
            via,
            offersTurn: own.offersTurn && via === null,
            left: false,
            envelope,
            p2prc: null,
          },
    announce: (nextAddress, nextVia) => {
      if (nextAddress === address && nextVia === via) return false
      address = nextAddress
      via = nextVia
      say(false)
      return true
    },
    farewell: () => say(true),
  }
}
