// The one owner of pings: every ping of this node goes through here, inside one budget, and its outcome goes into the table.
import { defer, finalize, type Observable, Subject } from 'rxjs'
import { parseAddress } from '../../domain/address.ts'
import { type Closeness, closenessOf, turnCandidates } from '../../domain/closeness.ts'
import {
  type IpTable,
  isListed,
  lapseUnproven,
  type Row,
  recordBurst,
  recordOwnBurst,
  type Surroundings,
  turnTo,
} from '../../domain/ip-table.ts'
import { afterAnswer, afterForgetting, afterSilence, NOT_ISOLATED } from '../../domain/isolation.ts'
import type { Burst } from '../../domain/latency.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { nextProbeMs, withheldMs } from '../../domain/probe-pace.ts'
import { PROBE_GAP, PROBES_AT_ONCE, STORED_GAP, TURN_FIRST_FOR, TURN_FIRST_RETRY, WITHHELD_RETRY } from '../../domain/timings.ts'
import type { Ports } from '../../ports.ts'
import { createProbeSchedule } from '../../streams/probe-stream.ts'
import type { Health } from '../health.ts'
import type { OwnRecord } from './own-record.ts'
import type { PathLoad } from './path-load.ts'
import { type Answerer, laneOf, type PeerCalls, type Pinged } from './peer-calls.ts'
import type { Places } from './places.ts'
import { createSharedPings } from './shared-pings.ts'
import type { TableKeeper } from './table-keeper.ts'

/** A ping has ended. */
export interface Probed {
  /** As it stood when the ping began. */
  readonly row: Row
  /** Who answered; null: silence, or a P2PRC node. */
  readonly by: Answerer | null
}

export interface Prober {
  /**
   * Pings each now, or takes the answer of the ping that is under way to the same address; settles when each has answered or not,
   * and at once while nothing runs.
   */
  prove(keys: readonly string[]): Promise<void>
  /** Somebody doubts that it answers: looks now. */
  doubt(key: string): void
  /** A row that nobody has planned yet, such as one that has got another key, is looked at. */
  ensure(key: string): void
  forget(key: string): void
  /** A ping by hand of any address. `key`: the row that is there, whose ping under way, or next, it is. */
  byHand(address: string, key: string | null): Promise<Pinged>
  readonly probed$: Observable<Probed>
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
}

/** Who the TURN candidates are is worked out anew after this. */
const CANDIDATES_FOR = 10_000
/** They are found among so many of the nearest. */
const MOST_CANDIDATES = 16

const NO_NODE_THERE: Burst = { type: 'silent', refused: false, why: 'what answers there is no node with an identity' }

/** As it is folded into a row. */
const burstOf = ({ burst, connectMs, isLoaded }: Pinged): Burst =>
  burst.type === 'silent' ? burst : { ...burst, connectMs, ...(isLoaded ? { isLoaded } : {}) }

interface Ended {
  readonly address: string
  readonly atMs: number
  readonly wallMs: number
}

export function createProber({ clock, random, calls, networkKind, keeper, own, places, health, load }: ProberNeeds): Prober {
  const draws = random.fork('prober')
  const ask = createSharedPings(calls)
  const probed = new Subject<Probed>()
  const isolated = new Subject<boolean>()
  let isolation = NOT_ISOLATED
  /** Each key's ping under way: where it goes. */
  const flights = new Map<string, { readonly address: string; readonly closeness: Closeness }>()
  /** Keys whose next ping is to be thorough, since a person waits for it. */
  const wanted = new Set<string>()
  let candidates: { readonly keys: ReadonlySet<string>; readonly atMs: number } | null = null
  /** Each row's last ping. */
  const ends = new Map<string, Ended>()
  /** Who waits for each key's ping; null: there will be none. */
  const waiting = new Map<string, ((pinged: Pinged | null) => void)[]>()
  /** Pings by hand that wait for a place. */
  const inLine = new Set<() => Promise<void>>()
  let isRunning = false

  const table = (): IpTable => keeper.current()
  const rowOf = (key: string): Row | undefined => table().rows.get(key)
  const addressFor = ({ key, record }: Row): string => (key === own.id ? (own.localAddress() ?? record.address) : record.address)
  /** Without this node's own row. */
  const aliveCount = (): number => table().aliveCount - (rowOf(own.id)?.state === 'alive' ? 1 : 0)
  const listedCount = (): number => table().listed.size - ((rowOf(own.id)?.state ?? 'unknown') === 'unknown' ? 0 : 1)
  const surroundings = (): Surroundings => (isolation.sinceMs === null ? 'fine' : 'isolated')

  const learn = (next: typeof isolation): void => {
    const [was, is] = [isolation.sinceMs !== null, next.sinceMs !== null]
    isolation = next
    if (was === is) return
    health.set(
      'isolated',
      is ? { level: 'error', text: 'nobody answers: this node may be cut off itself', fix: 'Check the network of this machine.' } : null,
    )
    isolated.next(is)
    if (is) askOthers()
    else for (const key of [...table().suspects]) schedule.now(key)
  }
  /** Those who were not silent yet say at once whether it is this node's link: where most peers die one that lives is soon heard. */
  const askOthers = (): void => {
    const others: string[] = []
    for (const { key, state } of table().listed.values())
      if (state === 'alive' && key !== own.id && !isolation.silent.has(key)) others.push(key)
    const first = Math.floor(draws.fraction() * others.length)
    for (const key of [...others.slice(first), ...others.slice(0, first)].slice(0, PROBES_AT_ONCE)) schedule.now(key)
  }
  const judge = ({ key }: Row, { burst }: Pinged): void => {
    if (key === own.id) return
    if (burst.type === 'answered' || burst.refused) return learn(afterAnswer(isolation))
    const row = rowOf(key)
    if (row === undefined || row.state === 'unknown') return
    learn(afterSilence(isolation, key, listedCount(), clock.now()))
  }
  const settle = (key: string, pinged: Pinged | null): void => {
    const settled = waiting.get(key) ?? []
    waiting.delete(key)
    for (const done of settled) done(pinged)
  }
  const hasSlept = (last: Ended | undefined): boolean => last !== undefined && clock.wallMs() - last.wallMs > STORED_GAP
  /** `last`: the ping of that row before this one. */
  const record = (row: Row, pinged: Pinged, last: Ended | undefined): void => {
    const { by, withheld } = pinged
    const burst = burstOf(pinged)
    // It waits for its turn, and not for ever.
    if (withheld) return void keeper.apply((current, wallMs) => lapseUnproven(current, row.key, wallMs))
    // An address that leads back to this node is no peer; its row is for the one who is told of the ping.
    if (row.record.id === null && by?.id === own.id && by.run === own.run) return
    judge(row, pinged)
    // Who has an identity is proven by its own answer alone.
    const isOther = burst.type === 'answered' && row.record.id !== null && by === null
    // Its own row stands by proof from outside: what it can't ask itself says nothing.
    if (row.key === own.id) {
      if (burst.type === 'answered' && by?.run === own.run)
        keeper.apply((current, wallMs) => recordOwnBurst(current, row.key, burst, wallMs))
      return
    }
    // While nobody answers at all, as before the network is up, the silence of a row of the file says nothing of it; nor does a
    // time in which this machine slept.
    const around = row.stored !== null && (aliveCount() === 0 || hasSlept(last)) ? 'isolated' : surroundings()
    const outcome = isOther ? NO_NODE_THERE : burst
    if (outcome.type === 'answered' && outcome.rttMs !== null && !outcome.isLoaded && by?.place) places.sampled(by.place, outcome.rttMs)
    keeper.apply((current, wallMs) => recordBurst(current, row.key, outcome, wallMs, by?.id ?? null, around))
  }
  const plan = (row: Row, { burst, withheld, retryMs = WITHHELD_RETRY }: Pinged): void => {
    if (withheld) return schedule.later(row.key, withheldMs(retryMs, draws.fraction()))
    const refused = burst.type === 'silent' && burst.refused
    const silentForMs = row.stored?.silentSinceMs == null ? 0 : clock.wallMs() - row.stored.silentSinceMs
    schedule.later(
      row.key,
      nextProbeMs(row, { rows: table().rows.size, refused, isolated: surroundings() === 'isolated', silentForMs }, draws.fraction()),
    )
  }
  const isCandidate = (key: string): boolean => {
    if (candidates === null || clock.now() - candidates.atMs > CANDIDATES_FOR)
      candidates = { keys: turnCandidates(table().turns.slice(0, MOST_CANDIDATES), own.id), atMs: clock.now() }
    return candidates.keys.has(key)
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
    if (state !== 'unknown' || turn?.state !== 'unknown' || heard === null) return false
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
    const isWanted = wanted.delete(key)
    if (!isWanted && isTurnsTurn(row)) {
      keeper.apply((current, wallMs) => lapseUnproven(current, key, wallMs))
      if (rowOf(key)) schedule.later(key, TURN_FIRST_RETRY * (0.75 + draws.fraction() / 2))
      return settle(key, null)
    }
    const closeness = isWanted ? 'thorough' : closenessOf(row, isCandidate(key))
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
    record(now, pinged, last)
    const after = rowOf(key)
    if (after) plan(after, pinged)
    settle(key, pinged)
    probed.next({ row, by: pinged.by })
  }
  const schedule = createProbeSchedule(clock, probe, (key) => (rowOf(key)?.state ?? 'unknown') !== 'unknown')

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
    doubt: want,
    ensure: (key) => {
      if (!schedule.isPlanned(key)) want(key)
    },
    forget: (key) => {
      schedule.forget(key)
      ends.delete(key)
      wanted.delete(key)
      learn(afterForgetting(isolation, key))
      if (!flights.has(key)) settle(key, null)
    },
    byHand: async (address, key) => {
      const lane = laneOf(networkKind, { id: key === null ? null : (rowOf(key)?.record.id ?? null) })
      if (!isRunning) return ask(address, lane, 'thorough')
      const row = key === null ? undefined : rowOf(key)
      if (row && addressFor(row) === address) {
        const flight = flights.get(row.key)
        if (flight === undefined) wanted.add(row.key)
        const ended = next(row.key)
        if (isAnswered(row.key, row) !== 'soon') schedule.now(row.key)
        const pinged = await ended
        const isEnough = flight === undefined || flight.closeness === 'thorough' || pinged?.burst.type === 'silent'
        if (pinged !== null && isEnough) return pinged
        if (pinged !== null && rowOf(row.key) !== undefined) {
          wanted.add(row.key)
          const again = next(row.key)
          schedule.now(row.key)
          const thorough = await again
          if (thorough !== null) return thorough
        }
      }
      if (!isRunning) return ask(address, lane, 'thorough')
      return new Promise((resolve) => {
        const begin = async (): Promise<void> => {
          if (inLine.delete(begin)) resolve(await ask(address, lane, 'thorough'))
        }
        inLine.add(begin)
        schedule.once(begin)
      })
    },
    probed$: probed.asObservable(),
    isolated$: isolated.asObservable(),
    runs$: defer(() => {
      isRunning = true
      return schedule.runs$
    }).pipe(
      finalize(() => {
        isRunning = false
        for (const key of [...waiting.keys()]) settle(key, null)
        for (const begin of [...inLine]) void begin()
      }),
    ),
  }
}

const hostOf = (address: string): string | undefined => parseAddress(address)?.host

/** The first that answers so; null: none does. */
const firstOf = <T>(asked: readonly Promise<T>[], holds: (answer: T) => boolean): Promise<T | null> =>
  new Promise((resolve, reject) => {
    const each = asked.map((one) => one.then((answer) => void (holds(answer) && resolve(answer))))
    Promise.all(each).then(() => resolve(null), reject)
  })
