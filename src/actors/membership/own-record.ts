import { addressOf, parseAddress } from '../../domain/address.ts'
import type { Coordinate } from '../../domain/coordinates.ts'
import type { PeerRecord } from '../../domain/record.ts'
import { VOUCHES_NEEDED } from '../../domain/timings.ts'
import { isWorthSaying, type Vouch, withVouch } from '../../domain/vouches.ts'
import type { Clock, Identity, Random } from '../../ports.ts'
import { seal } from '../../v2/envelope.ts'
import { RecentMap } from './recent-map.ts'

/** What this node says of itself, one signed word, counted up with every change; and where it answers on this machine. State only. */
export interface OwnRecord {
  readonly id: string
  readonly name: string
  /** This run of the node, 16 hex digits: tells it from an earlier run, and from another process with the same key. */
  readonly run: string
  /** Where others reach this node; null while nothing is proven. */
  address(): string | null
  via(): string | null
  /** The count of the word as it stands. */
  seq(): number
  /** The signed word as it stands. */
  envelope(): string
  /** The word as a record; null without an address. */
  record(): PeerRecord | null
  /** A new address, or none, and further ones, best first. Answers whether that was a change. */
  announce(address: string | null, via: string | null, alsoAt?: readonly string[]): boolean
  /** The coordinate that is in the word; null: none. */
  place(): Coordinate | null
  /** Words from the next one on tell this coordinate. */
  settle(place: Coordinate): void
  /** Words from the next one on name these domains. Answers whether that is a change. */
  nameDomains(domains: readonly string[]): boolean
  /** Words from the next one on carry it, where it is of the address that they tell. */
  vouched(address: string, vouch: Vouch): void
  /** Vouches are there that are worth a word of their own. */
  hasVouches(): boolean
  /** There are too few for its address. */
  lacksVouches(): boolean
  /** Says the same anew, counted above `seq`: words of an earlier run are still about. */
  outrun(seq: number): void
  /** Whether the signed word is one of the last that this run has said. */
  hasSaid(envelope: string): boolean
  /** From now on it carries nobody new, and its next word says so. */
  stopOffering(): void
  /** A last word: this node goes. */
  farewell(): string
  /** The public port was opened here; null: nothing is open to the outside. */
  setListening(at: { readonly host: string; readonly port: number } | null): void
  listenPort(): number | null
  listening(): { readonly host: string; readonly port: number } | null
  /** The address of the configuration to try first, with this node's port where it names none. */
  advertised(): string | null
  /** Where this node's own pings reach it: its own listener while it is reached directly, else null. */
  localAddress(): string | null
}

const MOST_VOUCHED = 4
/** Words remembered as this run's: more than are under way at any time. */
const MOST_SAID = 32

export function createOwnRecord(
  ports: { readonly clock: Clock; readonly identity: Identity; readonly random: Random },
  own: { readonly name: string; readonly offersTurn: boolean; readonly advertise: string | null },
): OwnRecord {
  const { clock, identity, random } = ports
  const run = Buffer.from(random.fork('run').bytes(8)).toString('hex')
  const said: string[] = []
  let listening: { readonly host: string; readonly port: number } | null = null
  let address: string | null = null
  let alsoAt: readonly string[] = []
  let via: string | null = null
  let place: Coordinate | null = null
  let domains: readonly string[] = []
  /** By address: this node's, and ones that it may soon tell. */
  const vouches = new RecentMap<string, readonly Vouch[]>(MOST_VOUCHED)
  let saidVouches: readonly Vouch[] = []
  let seq = 0
  let envelope = ''
  const further = (): Pick<PeerRecord, 'alsoAt'> => (alsoAt.length > 0 ? { alsoAt } : {})
  let { offersTurn } = own
  const vouchesNow = (): readonly Vouch[] => (address === null ? [] : (vouches.get(address) ?? []))
  const carried = (): Pick<PeerRecord, 'vouches'> => (saidVouches.length > 0 ? { vouches: saidVouches } : {})
  const say = (left: boolean): string => {
    saidVouches = left ? [] : vouchesNow()
    // The wall clock makes the count go on where an earlier run of this node ended.
    seq = Math.max(seq + 1, Math.floor(clock.wallMs()))
    envelope = seal(identity, {
      name: own.name,
      address,
      ...further(),
      seq,
      via,
      offersTurn: offersTurn && via === null,
      left,
      ...(place ? { place } : {}),
      ...(domains.length > 0 ? { domains } : {}),
      ...carried(),
    })
    said.push(envelope)
    if (said.length > MOST_SAID) said.shift()
    return envelope
  }
  say(false)
  return {
    id: identity.id,
    name: own.name,
    run,
    address: () => address,
    via: () => via,
    seq: () => seq,
    envelope: () => envelope,
    record: () =>
      address === null
        ? null
        : {
            id: identity.id,
            name: own.name,
            address,
            ...further(),
            seq,
            via,
            offersTurn: offersTurn && via === null,
            left: false,
            ...(place ? { place } : {}),
            ...(domains.length > 0 ? { domains } : {}),
            ...carried(),
            envelope,
            p2prc: null,
          },
    announce: (nextAddress, nextVia, nextAlsoAt = []) => {
      if (nextAddress === address && nextVia === via && nextAlsoAt.join() === alsoAt.join()) return false
      address = nextAddress
      via = nextVia
      alsoAt = nextAlsoAt
      say(false)
      return true
    },
    place: () => place,
    settle: (next) => {
      place = next
    },
    nameDomains: (next) => {
      if (next.join(' ') === domains.join(' ')) return false
      domains = next
      return true
    },
    vouched: (at, vouch) => {
      vouches.set(at, withVouch(vouches.get(at) ?? [], vouch, clock.wallMs()))
    },
    lacksVouches: () => address !== null && vouchesNow().length < VOUCHES_NEEDED,
    hasVouches: () => isWorthSaying(saidVouches, vouchesNow(), clock.wallMs()),
    outrun: (heardSeq) => {
      seq = Math.max(seq, heardSeq)
      say(false)
    },
    hasSaid: (word) => said.includes(word),
    stopOffering: () => {
      offersTurn = false
    },
    farewell: () => say(true),
    setListening: (at) => {
      listening = at
    },
    listenPort: () => listening?.port ?? null,
    listening: () => listening,
    advertised: () => {
      if (own.advertise === null || parseAddress(own.advertise)) return own.advertise
      return addressOf(own.advertise, listening?.port ?? 0)
    },
    localAddress: () =>
      via !== null || listening === null ? null : addressOf(isAnyHost(listening.host) ? '127.0.0.1' : listening.host, listening.port),
  }
}

const isAnyHost = (host: string): boolean => host === '0.0.0.0' || host === '::'
