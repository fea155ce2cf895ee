// What is learnt is passed on: changes are pushed to a few peers at once, and one exchange with a random peer every now
// and then heals what pushes missed. An exchange goes both ways and carries only what changed since the last one with
// that peer; equal sums over both tables say that nothing is missing.
import { debounceTime, filter, merge, mergeMap, type Observable, Subject } from 'rxjs'
import { type AddressPolicy, addressOf, isAllowed, parseAddress, type Teller, wordOf } from '../../domain/address.ts'
import { withAllowed } from '../../domain/further-addresses.ts'
import type { Change, Row } from '../../domain/ip-table.ts'
import { merge as mergeRecords } from '../../domain/ip-table.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { type PeerRecord, unsignedRecord } from '../../domain/record.ts'
import { GOSSIP_FANOUT, GOSSIP_FULL_EVERY, GOSSIP_GATHER, GOSSIP_PERIOD, MOST_UNPROVEN_A_SOURCE } from '../../domain/timings.ts'
import type { Ports } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { jitteredInterval } from '../../streams/jittered-interval.ts'
import { createOpener, type OwnWord, recordOf } from '../../v2/envelope.ts'
import { type GossipMessage, MAX_GOSSIP_BYTES, MAX_GOSSIP_RECORDS } from '../../v2/messages.ts'
import type { OwnRecord } from './own-record.ts'
import type { PeerCalls } from './peer-calls.ts'
import { createRecordIntake } from './record-intake.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Gossip {
  /** One exchange with whoever is at the address; true when it answered. */
  exchange(address: string, id: string | null): Promise<boolean>
  /** The answer to somebody else's message; null: its sender's word does not hold. `seenAt`: its IP address, null where that says nothing. */
  answer(message: GossipMessage, heardAt: string | null, seenAt: string | null): Promise<GossipMessage | null>
  /** Tells a few peers something at once: a doubt, a farewell. */
  /** `and`: to this one too, who may be silent. */
  spread(extra: Extra, toHowMany: number, and?: Row): Promise<void>
  /** Tells those who are alive of these ids a signed word at once. */
  tell(envelope: string, ids: readonly string[]): Promise<void>
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
  /** What peers say of rows that are silent. `from`: the id of who said it. */
  readonly suspicions$: Observable<Suspicions>
  /** Genuine words with this node's own id that others tell. */
  readonly ownWords$: Observable<{ readonly word: OwnWord; readonly envelope: string }>
}

export interface Suspicions extends Pick<GossipMessage, 'doubts' | 'deaths'> {
  readonly from: string
}

type Extra = Partial<Pick<GossipMessage, 'doubts' | 'deaths' | 'records'>>

/** How far this node's table and a peer's have been told to each other. */
interface SyncState {
  readonly id: string
  /** The peer's run: another one knows nothing any more. Null: it has not said a word yet. */
  run: string | null
  /** Rows up to this version have been sent. */
  sentUpTo: number
  /** And had been before the last message. */
  sentBefore: number
  /** Rows in a message to it: fewer once it had no room for all. */
  pageRows: number
  /** It brought more than there was room for, and is to be told so. */
  isLeftOver: boolean
  /** The last page left some for the next. */
  hasMore: boolean
  /** When the last full round began. */
  fullAtMs: number
}

/** Remembered at the most; who was not met for the longest makes room, and is told everything again. */
const MOST_SYNC_STATES = 4_096

const newSyncState = (id: string, nowMs: number): SyncState => ({
  ...{ id, run: null, sentUpTo: 0, sentBefore: 0, hasMore: false, fullAtMs: nowMs },
  ...{ pageRows: MAX_GOSSIP_RECORDS, isLeftOver: false },
})

/** Who had no room for all it was told is told the same again, in smaller pages, until it knows all there is. */
function followRoom(to: SyncState, isFull: boolean): void {
  if (isFull) Object.assign(to, { sentUpTo: to.sentBefore, hasMore: true, pageRows: MOST_UNPROVEN_A_SOURCE })
  else if (!to.hasMore) to.pageRows = MAX_GOSSIP_RECORDS
}

interface Composed {
  readonly message: GossipMessage
  /** The version that the peer is told up to by it. */
  readonly upTo: number
  readonly hasMore: boolean
}

interface GossipNeeds extends Pick<Ports, 'clock' | 'random' | 'identity'> {
  readonly calls: Pick<PeerCalls, 'gossip'>
  readonly ipOf: (address: string) => string | null
  readonly ownHosts: () => readonly string[]
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly policy: AddressPolicy
  readonly networkKind: NetworkKind
}

export function createGossip(needs: GossipNeeds): Gossip {
  const { clock, random: chance, identity, calls, ipOf, ownHosts, keeper, own, policy, networkKind } = needs
  const random = chance.fork('gossip')
  const { run } = own
  const open = createOpener(identity)
  const intake = createRecordIntake({ clock, opener: open, table: () => keeper.current(), own })
  const syncStates = new Map<string, SyncState>()
  const suspicions = new Subject<Suspicions>()
  const ownWords = new Subject<{ readonly word: OwnWord; readonly envelope: string }>()
  const known = (id: string): SyncState => {
    const one = syncStates.get(id) ?? newSyncState(id, clock.now())
    syncStates.delete(id)
    syncStates.set(id, one)
    const [oldest] = syncStates.keys()
    if (syncStates.size > MOST_SYNC_STATES && oldest !== undefined) syncStates.delete(oldest)
    return one
  }

  const compose = (to: Pick<SyncState, 'id' | 'sentUpTo' | 'pageRows' | 'isLeftOver'>): Composed => {
    const table = keeper.current()
    const { page, hasMore } = pageOf(table.changedSince(to.sentUpTo), to.id, to.pageRows)
    return {
      upTo: hasMore ? (page.at(-1)?.version ?? table.version) : table.version,
      hasMore,
      message: {
        from: own.envelope(),
        run,
        digest: table.digest,
        records: page.flatMap(({ record }) => (record.envelope === null ? [] : [record.envelope])),
        unsigned: page.flatMap(({ record }) => (record.id === null ? [{ address: record.address, name: record.name }] : [])),
        doubts: [],
        ...(to.isLeftOver ? { full: true } : {}),
      },
    }
  }

  /** What its owner has said before and counted higher, as with a clock that was set back: told so, it counts on from there. */
  const laterWordOf = (id: string, said: string): string | null => {
    const { rows, gone } = keeper.current()
    const record = rows.get(id)?.record
    const [seq, envelope] = record ? [record.seq, record.envelope] : [gone.get(id)?.seq ?? 0, gone.get(id)?.word ?? null]
    return seq > (open(said)?.seq ?? seq) ? envelope : null
  }

  /** Where this node has reached the sender itself: where it asked it, or where its row stands proven. */
  const tellerOf = (id: string, seenAt: string | null, askedAt: string | null): Teller => {
    const row = keeper.current().rows.get(id)
    const port = parseAddress(askedAt ?? '')?.port ?? 0
    const reachedAt = askedAt === null ? null : (addressOf(seenAt ?? '', port) ?? askedAt)
    return { seenAt, reachedAt: reachedAt ?? (row && row.state !== 'unknown' ? row.record.address : null) }
  }

  /** A node behind a TURN that this node has reached itself, or that it is: at a private address too, which is that TURN's own. */
  const isAtItsTurn = ({ via, address }: PeerRecord): boolean => {
    const turn = via === null ? undefined : keeper.current().rows.get(via)
    return (
      turn !== undefined &&
      turn.state !== 'unknown' &&
      hostOf(turn.record.address) === hostOf(address) &&
      isAllowed(address, policy, 'neighbour')
    )
  }

  /** Takes in what a message brings. `askedAt`: it answers a question that went there. Returns the sender's sync state, or null when its word does not hold. */
  const takeIn = async (
    message: GossipMessage,
    heardAt: string | null,
    seenAt: string | null,
    askedAt: string | null,
  ): Promise<SyncState | null> => {
    const sender = open(message.from)
    if (sender?.id === own.id) ownWords.next({ word: sender, envelope: message.from })
    if (!sender || sender.id === own.id) return null
    const to = known(sender.id)
    if (to.run !== null && to.run !== message.run) Object.assign(to, { sentUpTo: 0, hasMore: false })
    to.run = message.run
    followRoom(to, message.full === true)
    const teller = tellerOf(sender.id, seenAt, askedAt)
    const source = seenAt ?? sender.id
    const mayBe = (address: string): boolean => isAllowed(address, policy, wordOf(address, teller, ownHosts()))
    const takeable = (record: PeerRecord | null): readonly PeerRecord[] =>
      record && (record.left || mayBe(record.address) || isAtItsTurn(record)) ? [withAllowed(record, keeper.current(), policy, mayBe)] : []
    const { words, leftOut } = await intake.open(message.records, source)
    const records = words.flatMap(({ word, envelope }) => {
      if (word.id === own.id) ownWords.next({ word, envelope })
      return word.id === own.id ? [] : takeable(recordOf(word, envelope, null))
    })
    const unsigned = networkKind.type === 'private' ? [] : message.unsigned // none of its members
    const strangers = unsigned.filter(({ address }) => mayBe(address) && address !== own.address())
    keeper.apply((table, wallMs) =>
      mergeRecords(table, [...records, ...strangers.map(({ address, name }) => unsignedRecord(address, name))], wallMs, 'hearsay', source),
    )
    keeper.apply((table, wallMs) => mergeRecords(table, takeable(recordOf(sender, message.from, heardAt)), wallMs, 'firsthand', source))
    const { rows, gone } = keeper.current()
    const isLeftOut = ({ id, left }: PeerRecord): boolean => id !== null && !left && !rows.has(id) && !gone.has(id)
    to.isLeftOver = leftOut || (records.some(isLeftOut) && keeper.current().unproven.isFull(source))
    const { doubts, deaths = [] } = message
    if (doubts.length + deaths.length > 0) suspicions.next({ from: sender.id, doubts, deaths })
    // Tables that still differ once everything was sent are told in full again, but not over and over while one of them is changing.
    const isThrough = to.sentUpTo > 0 && !to.hasMore && clock.now() - to.fullAtMs > GOSSIP_FULL_EVERY
    if (isThrough && message.digest !== keeper.current().digest) Object.assign(to, { sentUpTo: 0, fullAtMs: clock.now() })
    return to
  }

  /** What was sent meanwhile by another exchange with the same peer is not taken back. */
  const advance = (to: SyncState, { upTo, hasMore }: Omit<Composed, 'message'>): void => {
    if (upTo >= to.sentUpTo) Object.assign(to, { sentBefore: to.sentUpTo, sentUpTo: upTo, hasMore })
  }

  const exchange = async (address: string, id: string | null, extra: Extra = {}): Promise<boolean> => {
    const to = id === null ? null : known(id)
    const { message, ...sent } = compose(to ?? newSyncState('', clock.now()))
    const reply = await calls.gossip(address, {
      ...message,
      ...extra,
      records: [...(extra.records ?? []), ...message.records].slice(0, MAX_GOSSIP_RECORDS),
    })
    if (!('digest' in reply)) return false
    if (to) advance(to, sent)
    const from = await takeIn(reply, address, ipOf(address), address)
    if (from && !to) advance(from, sent)
    return from !== null
  }

  const someone = (count: number): readonly Row[] => {
    const { peers, rows } = keeper.current()
    return peers.draw(count, () => random.fraction(), own.id).flatMap((key) => rows.get(key) ?? [])
  }

  const hasNewsFor = (id: string): boolean => {
    const { records, unsigned } = compose(known(id)).message
    return records.length + unsigned.length > 0
  }
  const push$ = keeper.changes$.pipe(
    filter(isWorthPushing),
    debounceTime(GOSSIP_GATHER, clockScheduler(clock)),
    mergeMap(() =>
      Promise.all(
        someone(GOSSIP_FANOUT)
          .filter(({ key }) => hasNewsFor(key))
          .map(({ record }) => exchange(record.address, record.id)),
      ),
    ),
  )
  const heal$ = jitteredInterval(clock, random, GOSSIP_PERIOD).pipe(
    mergeMap(() => Promise.all(someone(1).map(({ record }) => exchange(record.address, record.id)))),
  )
  const spread = async (extra: Extra, toHowMany: number, and?: Row): Promise<void> => {
    await Promise.all([...someone(toHowMany), ...(and ? [and] : [])].map(({ record }) => exchange(record.address, record.id, extra)))
  }

  const tell = async (envelope: string, ids: readonly string[]): Promise<void> => {
    const rows = ids.flatMap((id) => keeper.current().rows.get(id) ?? []).filter(({ state }) => state !== 'unknown')
    await Promise.all(rows.map(({ record }) => exchange(record.address, record.id, { records: [envelope] })))
  }

  return {
    exchange,
    answer: async (message, heardAt, seenAt) => {
      const to = await takeIn(message, heardAt, seenAt, null)
      if (!to) return null
      const { message: reply, ...sent } = compose(to)
      advance(to, sent)
      const later = laterWordOf(to.id, message.from)
      return later === null ? reply : { ...reply, records: [later, ...reply.records].slice(0, MAX_GOSSIP_RECORDS) }
    },
    spread,
    tell,
    runs$: merge(push$, heal$),
    suspicions$: suspicions.asObservable(),
    ownWords$: ownWords.asObservable(),
  }
}

/**
 * What one message holds: a larger one is refused whole. An envelope's characters may be of several bytes, or escaped once more. Nobody is
 * told of itself.
 */
function pageOf(rows: Iterable<Row>, to: string, most: number): { readonly page: readonly Row[]; readonly hasMore: boolean } {
  const page: Row[] = []
  let bytes = 0
  for (const row of rows) {
    if (row.key === to) continue
    bytes += Buffer.byteLength(JSON.stringify(row.record.envelope ?? [row.record.address, row.record.name]))
    if (page.length > 0 && (page.length >= most || bytes > MAX_PAGE_BYTES)) return { page, hasMore: true }
    page.push(row)
  }
  return { page, hasMore: false }
}

/** Leaves room for what else a message holds. */
const MAX_PAGE_BYTES = MAX_GOSSIP_BYTES * 0.75

const isWorthPushing = (change: Change): boolean => change.type === 'added' || change.type === 'changed'

const hostOf = (address: string): string | undefined => parseAddress(address)?.host
