// Meeting others: seeds until they answer, rows known by address alone until they say who they are, lost ones now and then. What
// the node's machine must know of it goes out as facts, each as often as it becomes true; the machine knows which it waits for.
import { filter, map, merge, mergeMap, type Observable, of, Subject, switchMap, take, throttleTime } from 'rxjs'
import { type AddressPolicy, addressOf, formatAddress, isAllowed, NOBODY, parseAddress, type Teller, wordOf } from '../../domain/address.ts'
import { withAllowed } from '../../domain/further-addresses.ts'
import { absorb, isProven, letIn, merge as mergeRecords, recordMet, recordMine } from '../../domain/ip-table.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { isOwnSeed } from '../../domain/own-seed.ts'
import type { PeerRecord } from '../../domain/record.ts'
import { type SeedFault, seedFault, strangerFault } from '../../domain/seed-fault.ts'
import { HELLO_FRESH } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import type { MembershipFact } from '../../machines/node-machine.ts'
import type { Ports } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import type { Gossip } from './gossip.ts'
import type { OwnRecord } from './own-record.ts'
import type { P2prcExchange } from './p2prc-exchange.ts'
import type { PeerCalls } from './peer-calls.ts'
import type { Prober } from './prober.ts'
import type { Reach } from './reach.ts'
import { createRevisits } from './revisits.ts'
import { createSeeds, type Seeds } from './seeds.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Joining {
  /** A node said hello to us. `seenAt`: the IP address it was seen at. `isReached`: it answered this node at the record's address. */
  greeted(record: PeerRecord | null, seenAt: string | null, isReached: boolean): void
  /** May this node try an address because the node with that id, seen at that IP address, says that it is its own? */
  mayTry(address: string, id: string, seenAt: string | null): boolean
  addSeed(address: string): void
  /** A person's word: no seed any more, and not visited again. Answers the addresses of the seeds that were dropped. */
  forget(key: string, address: string): readonly string[]
  seeds(): readonly string[]
  /** How the latest visit of each went: its row is here, it failed, or the first is under way (null). */
  seedStates(): ReturnType<Seeds['states']>
  /** `network.empty`, `network.found`, `network.told`, `probes.settled`. */
  readonly facts$: Observable<MembershipFact>
  /** Meets whoever has to be met, while subscribed. */
  readonly runs$: Observable<unknown>
  start(): void
  stop(): void
}

interface JoiningNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly calls: Pick<PeerCalls, 'hello'>
  readonly gossip: Pick<Gossip, 'exchange'>
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly reach: Pick<Reach, 'ask' | 'found'>
  readonly p2prc: Pick<P2prcExchange, 'join'>
  readonly prober: Pick<Prober, 'probed$'>
  readonly policy: AddressPolicy
  readonly ownHosts: () => readonly string[]
  readonly ipOf: (address: string) => string | null
  readonly networkKind: NetworkKind
  readonly firstSeeds: () => readonly string[]
  /** Puts the rows of the file into the table, to be proven. */
  readonly restore: () => void
  readonly publish: (news: News) => void
  readonly onBug: (error: unknown) => void
}

/** What was told to the machine at once is told again for all that come within this, in ms. */
const FACTS_GATHER = 100

export function createJoining(needs: JoiningNeeds): Joining {
  const { clock, random, calls, gossip, keeper, own, reach, p2prc, prober, policy, networkKind, onBug } = needs
  const facts = new Subject<MembershipFact>()
  const told = new Subject<void>()
  const table = () => keeper.current()
  /** `isMet`: its owner answered at the address that it tells. */
  const remember = (record: PeerRecord, source: string | null, isMet: boolean): void => {
    keeper.apply((current, wallMs) => {
      const allowed = withAllowed(record, current, policy, (address) => mayTry(address, NOBODY))
      const heard = mergeRecords(current, [allowed], wallMs, 'firsthand', source)
      return isMet && record.id !== null ? [...heard, ...recordMet(current, record.id, record.address, wallMs)] : heard
    })
  }
  const mayTry = (address: string, teller: Teller): boolean => isAllowed(address, policy, wordOf(address, teller, needs.ownHosts()))
  /** Where it was reached before. */
  const provenAddress = (id: string): string | null => {
    const row = table().rows.get(id)
    return row && isProven(row) ? row.record.address : null
  }
  const found = (): void => {
    facts.next({ type: 'network.found' })
    facts.next({ type: 'network.told' })
    told.next()
  }

  /** The address led back to this node. */
  const isMine = (address: string): void => {
    keeper.apply((current, wallMs) => recordMine(current, address, wallMs))
    seeds.remove(address)
    if (seeds.list().length === 0 && table().rows.size === Number(table().rows.has(own.id))) facts.next({ type: 'network.empty' })
  }
  /**
   * Says hello; answers the row's key, or why there is none: null where it is this node itself. `invited`: a person named the address. `stranger`: what to do where our hello is not
   * understood. Who has an id and still does not understand it is no P2PRC node.
   */
  const meet = async (address: string, invited: boolean, stranger: 'mayBeP2prc' | 'leave'): Promise<string | SeedFault | null> => {
    const askedAtMs = clock.now()
    const answer = await calls.hello(address, { from: own.envelope(), ...reach.ask() })
    if ('text' in answer) return seedFault(answer.reason, answer.text)
    if (answer.type === 'stranger') {
      const fault = strangerFault(networkKind.type, answer.why ?? null)
      if (stranger === 'leave' || networkKind.type === 'private') return fault
      const key = await p2prc.join(address)
      if (key === null) return fault
      found()
      return key
    }
    const { id, envelope } = answer.record
    if (id === own.id) {
      // Another process with this node's key answers with words that this one never said: the gossip tells of it.
      if (own.hasSaid(envelope ?? '')) isMine(address)
      return null
    }
    if (id === null) return null
    if (invited) keeper.apply((current) => letIn(current, id))
    const seenAt = needs.ipOf(address)
    const reachedAt = addressOf(seenAt ?? '', parseAddress(address)?.port ?? 0)
    // Whom it was reached at it is there; of another address of its own its word counts as anybody's.
    const isThere = answer.record.address === address
    if (isThere || mayTry(answer.record.address, { seenAt, reachedAt }))
      remember(answer.record, null, isThere || answer.record.address === reachedAt)
    // Its word is read by whom this node has met, and this node's own goes with the first comparison.
    if (clock.now() - askedAtMs <= HELLO_FRESH) reach.found(answer)
    await gossip.exchange(address, id)
    found()
    return id
  }
  /** Seeds added to the running node: who answers there is let in, whatever was said of it before. */
  const addedByHand = new Set<string>()
  const seeds = createSeeds({
    clock,
    random: random.fork('seeds'),
    table,
    join: (address) => meet(address, addedByHand.has(address), 'mayBeP2prc'),
    onFault: (address, { why }) => needs.publish({ type: 'seed.failed', address, why }),
    onBug,
  })
  const revisits = createRevisits({
    clock,
    random: random.fork('revisits'),
    visit: async (record) => {
      if (!table().rows.has(record.id ?? record.address)) await meet(record.address, false, record.id === null ? 'mayBeP2prc' : 'leave')
    },
    onBug,
  })

  /** A row known by its address alone whose answer names an id: its owner says who it is. */
  const strangers$ = prober.probed$.pipe(
    filter(({ row, by }) => by !== null && row.record.id === null),
    mergeMap(async ({ row, by }) => {
      if (by?.id === own.id && by.run === own.run) return isMine(row.record.address)
      const key = await meet(row.record.address, row.written !== null, 'leave')
      if (typeof key === 'string' && key !== row.key) keeper.apply((current, wallMs) => absorb(current, row.key, key, wallMs))
    }),
  )
  /** Not every own address leads back here: few routers send what comes from within to the address that they have outside. */
  const isOwn = (seed: string): boolean => {
    const at = own.listening()
    return isOwnSeed(seed, { listen: at && formatAddress(at), advertise: own.advertised(), hosts: needs.ownHosts() })
  }
  const isSettled = (): boolean => table().untriedCount === 0
  const added$ = keeper.changes$.pipe(filter(({ type, row }) => type === 'added' && row.key !== own.id))
  const ended$ = merge(prober.probed$, keeper.changes$.pipe(filter(({ type }) => type === 'removed' || type === 'dropped')))
  const settled$: Observable<MembershipFact> = merge(told, added$).pipe(
    take(1),
    switchMap(() => merge(of(null), ended$)),
    filter(isSettled),
    take(1),
    map(() => ({ type: 'probes.settled' as const })),
  )
  // The machine is told at once that somebody is there, and again for all that come in the same moments.
  const addedFacts$ = added$.pipe(
    throttleTime(FACTS_GATHER, clockScheduler(clock), { leading: true, trailing: true }),
    mergeMap((): readonly MembershipFact[] => [{ type: 'network.found' }, { type: 'network.told' }]),
  )

  return {
    greeted: (record, seenAt, isReached) => {
      if (!record || !mayTry(record.address, { seenAt, reachedAt: provenAddress(record.id ?? '') })) return
      // What this node has seen itself counts in nobody's share: others at that IP address may have filled it.
      remember(record, isReached ? null : (seenAt ?? record.id), isReached)
    },
    mayTry: (address, id, seenAt) => mayTry(address, { seenAt, reachedAt: provenAddress(id) }),
    addSeed: (address) => {
      addedByHand.add(address)
      keeper.apply((current) => letIn(current, address))
      seeds.add(address)
    },
    forget: (key, address) => {
      revisits.forget(key)
      addedByHand.delete(address)
      return seeds.forget(key, address)
    },
    seeds: () => seeds.list(),
    seedStates: () => seeds.states(),
    facts$: merge(facts, addedFacts$, settled$),
    runs$: merge(strangers$, keeper.changes$.pipe(map((change) => revisits.noticed(change)))),
    start: () => {
      needs.restore()
      const first = needs.firstSeeds().filter((seed) => !isOwn(seed))
      for (const seed of first) seeds.add(seed)
      if (first.length === 0 && table().rows.size === 0) facts.next({ type: 'network.empty' })
    },
    stop: () => {
      seeds.stop()
      revisits.stop()
    },
  }
}
