// The one owner of pings: every ping of this node goes through here, inside one budget, and its outcome goes into the table.
//
// When a row's turn is stands in next-looks.ts, at which addresses it is asked in row-asking.ts, and what becomes of the row in
// ping-outcomes.ts.
import { defer, finalize, merge, type Observable, Subject } from 'rxjs'
import { closenessOf } from '../../domain/closeness.ts'
import { type IpTable, isAskedAbout, isProven, lapseUnproven, type Row, turnTo } from '../../domain/ip-table.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { REFUSED_RETRY, TURN_FIRST_RETRY } from '../../domain/timings.ts'
import { isTurnsTurn } from '../../domain/turn-first.ts'
import type { Ports } from '../../ports.ts'
import { createProbeSchedule } from '../../streams/probe-stream.ts'
import type { Health } from '../health.ts'
import { createAwaitedPings } from './awaited-pings.ts'
import { createClosedConnections } from './closed-connections.ts'
import type { Company } from './company.ts'
import { createFocus } from './focus.ts'
import { createHandPings } from './hand-pings.ts'
import { laneOf } from './lane.ts'
import { createLastPings } from './last-pings.ts'
import { createLinkDoubt } from './link-doubt.ts'
import { createNextLooks } from './next-looks.ts'
import type { OwnRecord } from './own-record.ts'
import type { PathLoad } from './path-load.ts'
import type { PeerCalls } from './peer-calls.ts'
import type { Answerer, Pinged } from './peer-ping.ts'
import { createPingOutcomes } from './ping-outcomes.ts'
import type { Places } from './places.ts'
import { createQuiet } from './quiet.ts'
import { createRowAsking } from './row-asking.ts'
import { createSharedPings } from './shared-pings.ts'
import type { TableKeeper } from './table-keeper.ts'
import { createWishedPings, type WishedPings } from './wished-pings.ts'

/** A ping has ended. */
export interface Probed {
  /** As it stood when the ping began. */
  readonly row: Row
  /** Who answered; null: silence, or a P2PRC node. */
  readonly by: Answerer | null
}

/** A row of a node with an identity was silent, and others can be asked about it. */
export interface Missed {
  readonly row: Row
  readonly why: string
}

export interface Prober extends Pick<WishedPings, 'prove' | 'look'> {
  /** Somebody doubts that it answers: looks now. */
  doubt(key: string): void
  /** A row that nobody has planned yet, such as one that has got another key, is looked at. */
  ensure(key: string): void
  /** A row is looked at after so long, in place of an earlier plan; at once where that is over. */
  lookLater(key: string, ms: number): void
  /** It is under way, or will be. */
  isPlanned(key: string): boolean
  forget(key: string): void
  /** A ping by hand of any address. `key`: the row that is there, whose ping under way, or next, it is. */
  byHand(address: string, key: string | null): Promise<Pinged>
  readonly probed$: Observable<Probed>
  /** Not of pings that were made for others. */
  readonly missed$: Observable<Missed>
  /** True from when this node's own link is in doubt, false when somebody answers again. */
  readonly isolated$: Observable<boolean>
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
}

interface ProberNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly load: Pick<PathLoad, 'wasLoaded'>
  readonly calls: Pick<PeerCalls, 'ping'>
  readonly networkKind: NetworkKind
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly places: Pick<Places, 'sampled'>
  readonly health: Health
  readonly company: Pick<Company, 'of' | 'answered'>
  readonly http: Pick<Ports['http'], 'onClosed'>
}

export function createProber({ clock, random, calls, networkKind, keeper, own, places, health, load, company, http }: ProberNeeds): Prober {
  const draws = random.fork('prober')
  const probed = new Subject<Probed>()
  const missed = new Subject<Missed>()
  const waiting = createAwaitedPings()
  let isRunning = false

  const table = (): IpTable => keeper.current()
  const rowOf = (key: string): Row | undefined => table().rows.get(key)
  const schedule = createProbeSchedule(
    clock,
    (key) => probe(key),
    (key) => isProven(rowOf(key) ?? NOBODY),
  )
  const last = createLastPings(clock, schedule.isWaiting)
  const ping = createSharedPings(calls)
  const { addressOf, ask } = createRowAsking({ clock, ping, networkKind, own, load })
  const wished = createWishedPings({ schedule, last, waiting, rowOf, addressOf, isRunning: () => isRunning })
  const link = createLinkDoubt({
    ...{ clock, draws, table, self: own.id, health },
    ask: schedule.now,
    askAgain: (key) => {
      const sinceMs = last.sinceMs(key) ?? REFUSED_RETRY
      if (sinceMs < REFUSED_RETRY) schedule.later(key, REFUSED_RETRY - sinceMs)
      else schedule.now(key)
    },
  })
  const quiet = createQuiet({ clock, keeper })
  const focus = createFocus({ clock, table, own })
  const record = createPingOutcomes({ clock, keeper, own, places, company, link })
  const nextLooks = createNextLooks({ clock, draws, table, schedule, last, focus, quiet, link, look: wished.want })
  const closedConnections = createClosedConnections({
    ...{ clock, http, table, schedule, nextLooks },
    isComing: wished.isComing,
    look: wished.want,
  })
  const byHand = createHandPings({
    ...{ ask: ping, next: waiting.next, schedule, isRunning: () => isRunning, flightOf: last.underWay },
    isComing: wished.isComing,
    isThere: (key) => rowOf(key) !== undefined,
  })

  const probe = async (key: string): Promise<void> => {
    const row = rowOf(key)
    if (!row) return waiting.settle(key, null)
    const isWanted = byHand.take(key)
    const isForOthers = wished.takeForOthers(key)
    if (!isWanted && isTurnsTurn(row, row.record.via === null ? undefined : rowOf(row.record.via), clock.wallMs())) {
      keeper.apply((current, wallMs) => lapseUnproven(current, key, wallMs))
      if (rowOf(key)) schedule.later(key, TURN_FIRST_RETRY * (0.75 + draws.fraction() / 2))
      return waiting.settle(key, null)
    }
    const address = addressOf(row)
    const closeness = isWanted ? 'thorough' : closenessOf(row, closeBy(key))
    last.began(key, address, closeness)
    const { pinged, turnedTo } = await ask(row, closeness)
    last.isOver(key)
    // It moved meanwhile: what the old address said is about nobody.
    const was = rowOf(key)
    if (was && addressOf(was) !== address) return schedule.now(key)
    if (turnedTo !== null) keeper.apply((current, wallMs) => turnTo(current, key, turnedTo, wallMs))
    const now = rowOf(key)
    if (!now) return waiting.settle(key, pinged)
    const lastWallMs = last.counted(key, addressOf(now))
    record(now, pinged, lastWallMs)
    const after = rowOf(key)
    if (after) nextLooks.plan(after, pinged, lastWallMs === null)
    waiting.settle(key, pinged)
    if (after && !isForOthers) tellMissed(after, pinged)
    probed.next({ row, by: pinged.by })
  }
  const closeBy = (key: string) => ({
    ...{ isDeciding: focus.isDeciding(key), isClose: focus.isClose(key) },
    ...{ isQuiet: quiet.isQuiet(), wallMs: clock.wallMs() },
  })
  const tellMissed = (row: Row, { burst, withheld }: Pinged): void => {
    if (burst.type === 'answered' || withheld || row.strikes === 0 || link.isDoubted()) return
    if (isAskedAbout(row) && company.of(row.key).canAsk) missed.next({ row, why: burst.why })
  }

  return {
    prove: wished.prove,
    look: wished.look,
    doubt: wished.want,
    ensure: (key) => {
      if (!schedule.isPlanned(key)) wished.want(key)
    },
    lookLater: (key, ms) => {
      if (ms <= 0) wished.want(key)
      else if (!schedule.isWaiting(key)) schedule.later(key, ms)
    },
    isPlanned: schedule.isPlanned,
    forget: (key) => {
      schedule.forget(key)
      last.forget(key)
      closedConnections.forget(key)
      byHand.take(key)
      wished.takeForOthers(key)
      link.forget(key)
      if (last.underWay(key) === null) waiting.settle(key, null)
    },
    byHand: (address, key) => {
      const row = key === null ? undefined : rowOf(key)
      return byHand.ping(address, laneOf(networkKind, { id: row?.record.id ?? null }), row && addressOf(row) === address ? row : undefined)
    },
    probed$: probed.asObservable(),
    missed$: missed.asObservable(),
    isolated$: link.isolated$,
    runs$: defer(() => {
      isRunning = true
      return merge(schedule.runs$, nextLooks.runs$, closedConnections.runs$)
    }).pipe(
      finalize(() => {
        isRunning = false
        waiting.end()
        byHand.end()
      }),
    ),
  }
}

const NOBODY: Pick<Row, 'state'> = { state: 'unknown' }
