// The one owner of pings: every ping of this node goes through here, inside one budget, and its outcome goes into the table.
import { defer, finalize, interval, merge, type Observable, Subject, tap } from 'rxjs'
import { parseAddress } from '../../domain/address.ts'
import { type Closeness, closenessOf } from '../../domain/closeness.ts'
import { type IpTable, isAskedAbout, isListed, isProven, lapseUnproven, type Row, turnTo } from '../../domain/ip-table.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { inQuietMs, nextProbeMs, type ProbeCircumstances, withheldMs } from '../../domain/probe-pace.ts'
import {
  CLOSE_PERIOD,
  PROBE_GAP,
  PROBE_PERIOD,
  REFUSED_RETRY,
  TURN_FIRST_FOR,
  TURN_FIRST_RETRY,
  WATCHED_WHOLE,
  WITHHELD_RETRY,
} from '../../domain/timings.ts'
import type { Ports } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { createProbeSchedule } from '../../streams/probe-stream.ts'
import type { Health } from '../health.ts'
import { closedConnections } from './closed-connections.ts'
import type { Company } from './company.ts'
import { createFocus } from './focus.ts'
import { createHandPings } from './hand-pings.ts'
import { laneOf } from './lane.ts'
import { createLinkDoubt } from './link-doubt.ts'
import type { OwnRecord } from './own-record.ts'
import type { PathLoad } from './path-load.ts'
import type { PeerCalls } from './peer-calls.ts'
import type { Answerer, Pinged } from './peer-ping.ts'
import { createPingOutcomes } from './ping-outcomes.ts'
import type { Places } from './places.ts'
import { createQuiet } from './quiet.ts'
import { createSharedPings } from './shared-pings.ts'
import type { TableKeeper } from './table-keeper.ts'

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

export interface Prober {
  /**
   * Pings each now, or takes the answer of the ping that is under way to the same address; settles when each has answered or not,
   * and at once while nothing runs.
   */
  prove(keys: readonly string[]): Promise<void>
  /** Looks for somebody else, or takes the answer of the ping that is under way, or that ended just now. Null: there is none. */
  look(key: string): Promise<'reached' | 'missed' | null>
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

interface Ended {
  readonly address: string
  readonly atMs: number
  readonly wallMs: number
}

export function createProber({ clock, random, calls, networkKind, keeper, own, places, health, load, company, http }: ProberNeeds): Prober {
  const draws = random.fork('prober')
  const ask = createSharedPings(calls)
  const probed = new Subject<Probed>()
  const missed = new Subject<Missed>()
  /** Each key's ping under way: where it goes. */
  const flights = new Map<string, { readonly address: string; readonly closeness: Closeness }>()
  /** Keys whose next ping is made for others alone. */
  const forOthers = new Set<string>()
  /** Each row's last ping. */
  const ends = new Map<string, Ended>()
  /** When whose connection was closed was looked at for that, or will be. */
  const forClosedMs = new Map<string, number>()
  /** Who waits for each key's ping; null: there will be none. */
  const waiting = new Map<string, ((pinged: Pinged | null) => void)[]>()
  let isRunning = false

  const table = (): IpTable => keeper.current()
  const rowOf = (key: string): Row | undefined => table().rows.get(key)
  const addressFor = ({ key, record }: Row): string => (key === own.id ? (own.localAddress() ?? record.address) : record.address)
  const link = createLinkDoubt({
    ...{ clock, draws, table, self: own.id, health },
    ask: (key) => schedule.now(key),
    askAgain: (key) => {
      const sinceMs = clock.now() - (ends.get(key)?.atMs ?? Number.NEGATIVE_INFINITY)
      if (sinceMs < REFUSED_RETRY) schedule.later(key, REFUSED_RETRY - sinceMs)
      else schedule.now(key)
    },
  })
  const quiet = createQuiet({ clock, keeper })
  const closeBy = (key: string) => ({
    ...{ isDeciding: focus.isDeciding(key), isClose: focus.isClose(key) },
    ...{ isQuiet: quiet.isQuiet(), wallMs: clock.wallMs() },
  })
  const record = createPingOutcomes({ clock, keeper, own, places, company, link })
  const focus = createFocus({ clock, table, own })
  const settle = (key: string, pinged: Pinged | null): void => {
    const settled = waiting.get(key) ?? []
    waiting.delete(key)
    for (const done of settled) done(pinged)
  }
  const around = (row: Row): ProbeCircumstances => {
    const silentForMs = row.stored?.silentSinceMs == null ? 0 : clock.wallMs() - row.stored.silentSinceMs
    const self = { isolated: link.isDoubted(), isQuiet: quiet.isQuiet() }
    return { rows: table().rows.size, isClose: focus.isClose(row.key), isFirst: false, refused: false, silentForMs, ...self }
  }
  const plan = (row: Row, { burst, withheld, retryMs = WITHHELD_RETRY }: Pinged, isFirst: boolean): void => {
    if (withheld) return schedule.later(row.key, withheldMs(retryMs, draws.fraction()))
    const refused = burst.type === 'silent' && burst.refused
    schedule.later(row.key, nextProbeMs(row, { ...around(row), isFirst, refused }, draws.fraction()))
  }
  /** Whether what was timed since then was timed beside a speed test over the same path. */
  const wasLoaded = ({ record }: Row, address: string, sinceMs: number): boolean =>
    load.wasLoaded([address, record.id ?? parseAddress(address)?.host ?? address], sinceMs)
  /**
   * Tries at an IP address that has proven nothing are few: whoever is reached through a TURN there leaves them to that one, which proves
   * the address for both. Not for ever, since it may be that only the TURN itself can't be reached from here.
   */
  const isTurnsTurn = ({ state, record, heard }: Row): boolean => {
    const turn = record.via === null ? undefined : rowOf(record.via)
    if (state !== 'unknown' || turn === undefined || isProven(turn) || heard === null) return false
    return hostOf(turn.record.address) === hostOf(record.address) && clock.wallMs() - heard.atMs < TURN_FIRST_FOR
  }
  /** The first of these addresses at which a row answers itself; null: none. */
  const askAt = (addresses: readonly string[], { record }: Row, closeness: Closeness) => {
    const asked = addresses.map(async (address) => ({ address, pinged: await ask(address, laneOf(networkKind, record), closeness) }))
    return firstOf(asked, ({ pinged }) => pinged.burst.type === 'answered' && pinged.by !== null && pinged.by.id === record.id)
  }
  /** Where one is silent at the address that it stands with. Who is only heard of has but that. */
  const furtherOf = ({ key, state, record }: Row, { burst, withheld }: Pinged): readonly string[] =>
    burst.type === 'answered' || withheld || key === own.id || !isListed({ state })
      ? []
      : (record.alsoAt ?? []).filter((address) => address !== record.silentAt)
  const probe = async (key: string): Promise<void> => {
    const row = rowOf(key)
    if (!row) return settle(key, null)
    const address = addressFor(row)
    const isWanted = byHand.take(key)
    const isForOthers = forOthers.delete(key)
    if (!isWanted && isTurnsTurn(row)) {
      keeper.apply((current, wallMs) => lapseUnproven(current, key, wallMs))
      if (rowOf(key)) schedule.later(key, TURN_FIRST_RETRY * (0.75 + draws.fraction() / 2))
      return settle(key, null)
    }
    const closeness = isWanted ? 'thorough' : closenessOf(row, closeBy(key))
    flights.set(key, { address, closeness })
    const beganMs = clock.now()
    const { silentAt } = row.record
    const asked = ask(address, laneOf(networkKind, row.record), closeness)
    // Its owner's first address comes first again as soon as it answers.
    const back = silentAt === undefined ? null : await askAt([silentAt], row, closeness)
    const first = await asked
    const further = back ?? (await askAt(furtherOf(row, first), row, closeness))
    const answered = further?.pinged ?? first
    const pinged: Pinged = wasLoaded(row, further?.address ?? address, beganMs) ? { ...answered, isLoaded: true } : answered
    flights.delete(key)
    const was = rowOf(key)
    // It moved meanwhile: what the old address said is about nobody.
    if (was && addressFor(was) !== address) return schedule.now(key)
    if (further) keeper.apply((current, wallMs) => turnTo(current, key, further.address, wallMs))
    const now = rowOf(key)
    if (!now) return settle(key, pinged)
    const last = ends.get(key)
    ends.set(key, { address: addressFor(now), atMs: clock.now(), wallMs: clock.wallMs() })
    record(now, pinged, last?.wallMs ?? null)
    const after = rowOf(key)
    if (after) plan(after, pinged, last === undefined)
    settle(key, pinged)
    if (after && !isForOthers) tellMissed(after, pinged)
    probed.next({ row, by: pinged.by })
  }
  const tellMissed = (row: Row, { burst, withheld }: Pinged): void => {
    if (burst.type === 'answered' || withheld || row.strikes === 0 || link.isDoubted()) return
    if (isAskedAbout(row) && company.of(row.key).canAsk) missed.next({ row, why: burst.why })
  }
  const schedule = createProbeSchedule(clock, probe, (key) => isProven(rowOf(key) ?? NOBODY))

  /** Who has come close since its last ping may be planned for an hour from now. */
  const lookAtClose = (): void => {
    if (table().rows.size <= WATCHED_WHOLE) return
    for (const key of focus.close()) {
      const sinceMs = clock.now() - (ends.get(key)?.atMs ?? clock.now())
      if (sinceMs > (quiet.isQuiet() ? inQuietMs(CLOSE_PERIOD) : CLOSE_PERIOD) * 1.25 && rowOf(key)?.strikes === 0) want(key)
    }
  }
  /** Who was to be looked at late, since nothing happened, is planned as at any other time; at any moment until then, not all at once. */
  const hasten = (): void => {
    const { rows } = table()
    for (const key of rows.size <= WATCHED_WHOLE ? rows.keys() : focus.close()) {
      const row = rowOf(key)
      if (
        row !== undefined &&
        isProven(row) &&
        row.strikes === 0 &&
        schedule.isPlanned(key) &&
        !flights.has(key) &&
        !schedule.isWaiting(key)
      )
        schedule.sooner(key, nextProbeMs(row, around(row), 0.5) * draws.fraction())
    }
  }
  /**
   * Its program may have ended. For whoever closes one after another, or something on the path that does, that is no reason to be looked at more
   * often than where the network is not quiet; after the last it is looked at too.
   */
  const lookAtClosed = (address: string): void => {
    const row = rowOf(table().holders.get(address) ?? '')
    if (row?.state !== 'alive' || !isProven(row)) return
    const lastMs = forClosedMs.get(row.key) ?? Number.NEGATIVE_INFINITY
    if (lastMs > clock.now()) return
    const turnMs = Math.max(PROBE_PERIOD, nextProbeMs(row, { ...around(row), isQuiet: false }, 0.5))
    const waitMs = Math.max(0, lastMs + turnMs - clock.now())
    forClosedMs.set(row.key, clock.now() + waitMs)
    if (waitMs === 0) want(row.key)
    else if (isAnswered(row.key, row) !== 'soon') schedule.sooner(row.key, waitMs)
  }
  /** True when the ping under way, or one that ended just now, is as good as another. */
  const isAnswered = (key: string, row: Row): 'soon' | 'already' | null => {
    const address = addressFor(row)
    if (flights.get(key)?.address === address || schedule.isWaiting(key)) return 'soon'
    const end = ends.get(key)
    return end?.address === address && clock.now() - end.atMs < PROBE_GAP ? 'already' : null
  }
  const want = (key: string): void => {
    const row = rowOf(key)
    const answered = row ? isAnswered(key, row) : null
    if (answered === 'already') schedule.later(key, PROBE_GAP)
    else if (answered === null) schedule.now(key)
  }
  const next = (key: string): Promise<Pinged | null> => new Promise((resolve) => waiting.set(key, [...(waiting.get(key) ?? []), resolve]))

  const byHand = createHandPings({
    ...{ ask, next, schedule: () => schedule, isRunning: () => isRunning },
    flightOf: (key) => flights.get(key)?.closeness ?? null,
    isComing: (row) => isAnswered(row.key, row) === 'soon',
    isThere: (key) => rowOf(key) !== undefined,
  })

  return {
    prove: async (keys) => {
      await Promise.all(
        keys.map((key) => {
          const row = rowOf(key)
          if (!row || !isRunning || isAnswered(key, row) === 'already') return undefined
          const ended = next(key)
          want(key)
          return ended
        }),
      )
    },
    look: async (key) => {
      const row = rowOf(key)
      if (!row || !isRunning) return null
      const answered = isAnswered(key, row)
      if (answered === 'already') return row.strikes === 0 ? 'reached' : 'missed'
      if (answered === null) forOthers.add(key)
      const ended = next(key)
      want(key)
      const pinged = await ended
      return pinged === null || pinged.withheld ? null : pinged.burst.type === 'answered' && pinged.by?.id === key ? 'reached' : 'missed'
    },
    doubt: want,
    ensure: (key) => {
      if (!schedule.isPlanned(key)) want(key)
    },
    lookLater: (key, ms) => {
      if (ms <= 0) want(key)
      else if (!schedule.isWaiting(key)) schedule.later(key, ms)
    },
    isPlanned: schedule.isPlanned,
    forget: (key) => {
      schedule.forget(key)
      ends.delete(key)
      forClosedMs.delete(key)
      byHand.take(key)
      forOthers.delete(key)
      link.forget(key)
      if (!flights.has(key)) settle(key, null)
    },
    byHand: (address, key) => {
      const row = key === null ? undefined : rowOf(key)
      return byHand.ping(address, laneOf(networkKind, { id: row?.record.id ?? null }), row && addressFor(row) === address ? row : undefined)
    },
    probed$: probed.asObservable(),
    missed$: missed.asObservable(),
    isolated$: link.isolated$,
    runs$: defer(() => {
      isRunning = true
      return merge(
        schedule.runs$,
        interval(CLOSE_PERIOD, clockScheduler(clock)).pipe(tap(lookAtClose)),
        quiet.disturbed$.pipe(tap(hasten)),
        closedConnections(http).pipe(tap(lookAtClosed)),
      )
    }).pipe(
      finalize(() => {
        isRunning = false
        for (const key of [...waiting.keys()]) settle(key, null)
        byHand.end()
      }),
    ),
  }
}

const hostOf = (address: string): string | undefined => parseAddress(address)?.host
const NOBODY: Pick<Row, 'state'> = { state: 'unknown' }

/** The first that answers so; null: none does. */
const firstOf = <T>(asked: readonly Promise<T>[], holds: (answer: T) => boolean): Promise<T | null> =>
  new Promise((resolve, reject) => {
    const each = asked.map((one) => one.then((answer) => void (holds(answer) && resolve(answer))))
    Promise.all(each).then(() => resolve(null), reject)
  })
