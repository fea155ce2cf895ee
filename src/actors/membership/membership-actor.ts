// Membership: joining, learning, proving, measuring and forgetting, for as long as the node lives. What the node's machine
// must know of it goes out as facts.
import { filter, merge, mergeMap, type Observable } from 'rxjs'
import { type EventObject, fromCallback } from 'xstate'
import type { AddressPolicy } from '../../domain/address.ts'
import { isAllowed } from '../../domain/address.ts'
import { merge as mergeRecords, type Row, recordBurst, recordSpeed } from '../../domain/ip-table.ts'
import type { PeerRecord } from '../../domain/record.ts'
import {
  P2PRC_PERIOD,
  PROBE_PERIOD,
  PROBES_PER_SECOND,
  REACH_PERIOD,
  REACH_PERIOD_UNKNOWN,
  REFUSED_RETRY,
  SPEED_CALM,
  SPEED_STALE,
  SUSPECT_RETRY,
} from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import type { MembershipFact } from '../../machines/node-machine.ts'
import { isFailure, type Ports } from '../../ports.ts'
import { jitteredInterval } from '../../streams/jittered-interval.ts'
import { createProbeSchedule } from '../../streams/probe-stream.ts'
import type { Gossip } from './gossip.ts'
import type { OwnRecord } from './own-record.ts'
import type { P2prcExchange } from './p2prc-exchange.ts'
import type { PeerCalls } from './peer-calls.ts'
import type { Reach } from './reach.ts'
import { createRevisits } from './revisits.ts'
import { createSeeds, type Seeds } from './seeds.ts'
import type { Speed } from './speed.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Membership {
  readonly logic: ReturnType<typeof fromCallback<EventObject, undefined>>
  /** A node said hello to us, or proved our address by reaching it. */
  greeted(record: PeerRecord | null, reachedUsAt: string | null): void
  /** Looks at once whether a row still answers. */
  doubt(key: string): void
  addSeed(address: string): void
  /** A person's word: gone, and no seed any more. */
  forget(key: string, address: string): void
  seeds(): readonly string[]
  /** A row was added by other means (P2PRC's exchange): settles when it answered, or not. */
  proveAll(keys: readonly string[]): Promise<void>
}

interface MembershipNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly calls: PeerCalls
  readonly gossip: Gossip
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly reach: () => Reach
  readonly speed: Speed
  readonly p2prc: P2prcExchange
  readonly policy: AddressPolicy
  readonly seeds: readonly string[]
  readonly stored: readonly PeerRecord[]
  readonly speedtestPaceMs: number
  /** Where this node's own row is pinged: its own listener while it is reached directly. */
  readonly ownPingAddress: () => string | null
  readonly publish: (news: News) => void
}

export function createMembership(needs: MembershipNeeds): Membership {
  const { clock, random, calls, gossip, keeper, own, speed, p2prc, policy, publish } = needs
  let tell: (fact: MembershipFact) => void = () => {}
  let told = false
  let settled = false
  const table = () => keeper.current()
  const others = (): readonly Row[] => [...table().rows.values()].filter(({ key, state }) => key !== own.id && state === 'alive')
  const remember = (records: readonly PeerRecord[], source: 'hearsay' | 'firsthand' = 'firsthand'): void => {
    keeper.apply((current, wallMs) => mergeRecords(current, records, wallMs, source))
  }

  // ---------------------------------------------------------------------------------------------------------- pings
  const probe = async (key: string): Promise<void> => {
    const row = table().rows.get(key)
    if (!row) return
    const address = key === own.id ? (needs.ownPingAddress() ?? row.record.address) : row.record.address
    const { burst, id } = await calls.ping(address)
    if (key === own.id && burst.type === 'silent') return schedule.later(key, PROBE_PERIOD) // our own row stands by proof from outside
    const row2 = table().rows.get(key)
    if (row2 && row2.record.address !== row.record.address) return schedule.now(key) // it moved meanwhile
    keeper.apply((current, wallMs) => recordBurst(current, key, burst, wallMs, id))
    const after = table().rows.get(key)
    if (after) schedule.later(key, nextProbeMs(after, burst.type === 'silent' && burst.refused))
    // A row known by its address alone that carries an id: its owner tells us who it is.
    if (row.record.id === null && id !== null && id !== own.id) await meet(row.record.address)
    if (id === own.id && key !== own.id)
      keeper.apply((current, wallMs) => recordBurst(current, key, { type: 'silent', refused: true, why: 'it is this node' }, wallMs, null))
    settle()
  }
  const nextProbeMs = (row: Row, refused: boolean): number => {
    if (row.strikes > 0) return (refused ? REFUSED_RETRY : SUSPECT_RETRY) * (0.75 + 0.5 * random.fraction())
    const dear = row.record.id === null ? P2PRC_PERIOD : PROBE_PERIOD
    return Math.max(dear, (table().rows.size / PROBES_PER_SECOND) * 1_000) * (0.75 + 0.5 * random.fraction())
  }
  const schedule = createProbeSchedule(clock, probe)
  const settle = (): void => {
    if (settled || !told || [...table().rows.values()].some(({ state, strikes }) => state === 'unknown' && strikes === 0)) return
    settled = true
    tell({ type: 'probes.settled' })
  }

  // -------------------------------------------------------------------------------------------------------- joining
  /** Says hello; answers the row's key. A stranger to our hello may be a P2PRC node. */
  const meet = async (address: string): Promise<string | null> => {
    const [met] = await Promise.all([
      calls.hello(address, { from: own.envelope(), ...needs.reach().ask() }),
      gossip.exchange(address, null),
    ])
    if ('text' in met) return null
    if (met.type === 'stranger') {
      const key = await p2prc.join(address)
      if (key === null) return null
      tell({ type: 'network.found' })
      tellTold()
      return key
    }
    if (met.record.id === own.id) return own.id
    needs.reach().found(met)
    remember([met.record])
    tell({ type: 'network.found' })
    tellTold()
    return met.record.id
  }
  const tellTold = (): void => {
    if (told) return
    told = true
    tell({ type: 'network.told' })
    settle()
  }
  const seeds: Seeds = createSeeds({ clock, random, table, join: meet })
  const revisits = createRevisits({
    clock,
    random,
    visit: async (record) => {
      if (table().rows.has(record.id ?? record.address)) return
      await meet(record.address)
    },
  })

  // ------------------------------------------------------------------------------------------- how this node is reached
  const checkReach = async (): Promise<void> => {
    const askable = others().filter(({ record }) => record.id !== null)
    const peer = askable[Math.floor(random.fraction() * askable.length)]
    if (!peer) return
    const met = await calls.hello(peer.record.address, { from: own.envelope(), ...needs.reach().ask() })
    if ('observed' in met) needs.reach().found(met)
  }
  const reach$ = merge(
    jitteredInterval(clock, random, REACH_PERIOD),
    jitteredInterval(clock, random, REACH_PERIOD_UNKNOWN).pipe(filter(() => needs.reach().verdict().type === 'unknown')),
  ).pipe(mergeMap(checkReach))

  // ---------------------------------------------------------------------------------------------------- speed tests
  // A test fills the path that pings and gossip take: it waits until the table has been calm for a while.
  let calmSinceMs = clock.now()
  let speedBusyUntilMs = 0
  const speedDue = (): Row | undefined => {
    const wallMs = clock.wallMs()
    const due = [...table().rows.values()].filter(
      ({ state, record, downMbps, speedAtMs }) =>
        state === 'alive' &&
        record.id !== null &&
        (speedAtMs === null || wallMs - speedAtMs > (downMbps === null ? needs.speedtestPaceMs * 2 : SPEED_STALE)),
    )
    return due[Math.floor(random.fraction() * due.length)]
  }
  const testOne = async (): Promise<void> => {
    const row = clock.now() < Math.max(speedBusyUntilMs, calmSinceMs + SPEED_CALM) ? undefined : speedDue()
    if (!row) return
    const result = await speed.test(row.key === own.id ? (needs.ownPingAddress() ?? row.record.address) : row.record.address)
    if (result.type === 'busy') {
      speedBusyUntilMs = clock.now() + Math.min(result.retryAfterMs, needs.speedtestPaceMs) * random.fraction()
      return
    }
    keeper.apply((current, wallMs) => recordSpeed(current, row.key, isFailure(result) ? null : result, wallMs))
    if (isFailure(result)) publish({ type: 'speed.refused', peer: row.key, why: result.text })
    else publish({ type: 'speed.measured', peer: row.key, downMbps: result.downMbps, upMbps: result.upMbps })
  }
  const speed$ = jitteredInterval(clock, random, needs.speedtestPaceMs).pipe(mergeMap(testOne, 1))

  // --------------------------------------------------------------------------------------------- what a change asks for
  const followed$: Observable<unknown> = keeper.changes$.pipe(
    mergeMap(async (change) => {
      revisits.noticed(change)
      const { row } = change
      if (change.type !== 'measured') calmSinceMs = clock.now()
      if (change.type === 'heard') schedule.now(row.key)
      // A row under a new key, which turned out to have an id, is not planned yet.
      if (change.type === 'changed' && row.key !== own.id) schedule.ensure(row.key, PROBE_PERIOD)
      if (change.type === 'suspected') schedule.later(row.key, REFUSED_RETRY)
      if (change.type === 'removed' || change.type === 'dropped') {
        schedule.forget(row.key)
        settle()
      }
      if (change.type !== 'added' || row.key === own.id) return
      tell({ type: 'network.found' })
      if (!told) tellTold()
      // Somebody to ask at last.
      if (row.record.id !== null && needs.reach().verdict().type === 'unknown') await checkReach()
    }),
  )

  const logic = fromCallback<EventObject, undefined>(({ sendBack }) => {
    tell = sendBack
    const own$ = keeper.changes$.pipe(filter(({ type, row }) => row.key === own.id && (type === 'added' || type === 'changed')))
    const running = merge(schedule.runs$, gossip.runs$, reach$, speed$, followed$, p2prc.runs$).subscribe()
    running.add(own$.subscribe(({ row }) => schedule.now(row.key)))
    running.add(gossip.doubted$.subscribe((key) => schedule.now(key)))
    remember(
      needs.stored.filter(({ address }) => isAllowed(address, policy)),
      'hearsay',
    )
    for (const seed of needs.seeds) seeds.add(seed)
    if (needs.seeds.length === 0 && table().rows.size === 0) tell({ type: 'network.empty' })
    return () => {
      running.unsubscribe()
      seeds.stop()
      revisits.stop()
    }
  })

  return {
    logic,
    greeted: (record, reachedUsAt) => {
      if (reachedUsAt !== null) needs.reach().heardOf(reachedUsAt)
      if (record && isAllowed(record.address, policy)) remember([record])
      if (needs.reach().verdict().type === 'unknown') void checkReach()
    },
    doubt: (key) => schedule.now(key),
    addSeed: (address) => seeds.add(address),
    forget: (key, address) => {
      seeds.remove(address)
      revisits.forget(key)
    },
    seeds: () => seeds.list(),
    proveAll: async (keys) => {
      await Promise.all(keys.map(probe))
    },
  }
}
