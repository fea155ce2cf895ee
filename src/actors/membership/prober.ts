// The one owner of pings: every ping of this node goes through here, inside one budget, and its outcome goes into the table.
import { type Observable, Subject } from 'rxjs'
import { type IpTable, type Row, recordBurst, recordOwnBurst, type Surroundings } from '../../domain/ip-table.ts'
import { afterAnswer, afterForgetting, afterSilence, NOT_ISOLATED } from '../../domain/isolation.ts'
import { nextProbeMs } from '../../domain/probe-pace.ts'
import { PROBE_GAP } from '../../domain/timings.ts'
import type { Ports } from '../../ports.ts'
import { createProbeSchedule } from '../../streams/probe-stream.ts'
import type { Health } from '../health.ts'
import type { OwnRecord } from './own-record.ts'
import type { Answerer, PeerCalls, Pinged } from './peer-calls.ts'
import type { TableKeeper } from './table-keeper.ts'

/** A ping has ended. */
export interface Probed {
  /** As it stood when the ping began. */
  readonly row: Row
  /** Who answered; null: silence, or a P2PRC node. */
  readonly by: Answerer | null
}

export interface Prober {
  /** Pings each now, or takes the answer of the ping that is under way to the same address; settles when each has answered or not. */
  prove(keys: readonly string[]): Promise<void>
  /** Somebody doubts that it answers: looks now. */
  doubt(key: string): void
  later(key: string, delayMs: number): void
  forget(key: string): void
  /** A ping by hand of any address. `key`: the row that its outcome goes to. */
  byHand(address: string, key: string | null): Promise<Pinged>
  readonly probed$: Observable<Probed>
  /** True from when this node's own link is in doubt, false when somebody answers again. */
  readonly isolated$: Observable<boolean>
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
}

interface ProberNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly calls: Pick<PeerCalls, 'ping'>
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly health: Health
}

interface Ended {
  readonly address: string
  readonly atMs: number
}

export function createProber({ clock, random, calls, keeper, own, health }: ProberNeeds): Prober {
  const draws = random.fork('prober')
  const probed = new Subject<Probed>()
  const isolated = new Subject<boolean>()
  let isolation = NOT_ISOLATED
  /** The address that each key's ping under way goes to. */
  const flights = new Map<string, string>()
  /** Each key's last ping, for as long as it may count for another wish. */
  const ends = new Map<string, Ended>()
  const waiting = new Map<string, (() => void)[]>()

  const table = (): IpTable => keeper.current()
  const rowOf = (key: string): Row | undefined => table().rows.get(key)
  const addressFor = ({ key, record }: Row): string => (key === own.id ? (own.localAddress() ?? record.address) : record.address)
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
    if (!is) for (const { key, state } of table().rows.values()) if (state === 'suspect') schedule.now(key)
  }
  const judge = ({ key }: Row, { burst }: Pinged): void => {
    if (key === own.id) return
    if (burst.type === 'answered' || burst.refused) return learn(afterAnswer(isolation))
    const row = rowOf(key)
    if (row === undefined || row.state === 'unknown') return
    const listed = [...table().rows.values()].filter(({ key: other, state }) => other !== own.id && state !== 'unknown').length
    learn(afterSilence(isolation, key, listed, clock.now()))
  }
  const settle = (key: string): void => {
    const settled = waiting.get(key) ?? []
    waiting.delete(key)
    for (const done of settled) done()
  }
  const record = (row: Row, pinged: Pinged): void => {
    judge(row, pinged)
    const { burst, by } = pinged
    // Its own row stands by proof from outside: what it can't ask itself says nothing.
    if (row.key === own.id) {
      if (burst.type === 'answered' && by?.run === own.run) keeper.apply((current) => recordOwnBurst(current, row.key, burst))
      return
    }
    keeper.apply((current, wallMs) => recordBurst(current, row.key, burst, wallMs, by?.id ?? null, surroundings()))
  }
  const plan = (row: Row, { burst }: Pinged): void => {
    const refused = burst.type === 'silent' && burst.refused
    const silentForMs = row.stored?.silentSinceMs == null ? 0 : clock.wallMs() - row.stored.silentSinceMs
    schedule.later(
      row.key,
      nextProbeMs(row, { rows: table().rows.size, refused, isolated: surroundings() === 'isolated', silentForMs }, draws.fraction()),
    )
  }
  const probe = async (key: string): Promise<void> => {
    const row = rowOf(key)
    if (!row) return settle(key)
    const address = addressFor(row)
    flights.set(key, address)
    const pinged = await calls.ping(address)
    flights.delete(key)
    const now = rowOf(key)
    // It moved meanwhile: what the old address said is about nobody.
    if (now && addressFor(now) !== address) return schedule.now(key)
    ends.set(key, { address, atMs: clock.now() })
    if (now) record(now, pinged)
    const after = rowOf(key)
    if (after) plan(after, pinged)
    settle(key)
    probed.next({ row, by: pinged.by })
  }
  const schedule = createProbeSchedule(clock, probe)

  /** True when the ping under way, or one that ended just now, is as good as another. */
  const isAnswered = (key: string, row: Row): 'soon' | 'already' | null => {
    const address = addressFor(row)
    if (flights.get(key) === address || (!flights.has(key) && schedule.isPending(key))) return 'soon'
    const end = ends.get(key)
    return end?.address === address && clock.now() - end.atMs < PROBE_GAP ? 'already' : null
  }
  const want = (key: string): void => {
    const row = rowOf(key)
    const answered = row ? isAnswered(key, row) : null
    if (answered === 'already') schedule.later(key, PROBE_GAP)
    else if (answered === null) schedule.now(key)
  }

  return {
    prove: async (keys) => {
      await Promise.all(
        keys.map((key) => {
          const row = rowOf(key)
          if (!row || isAnswered(key, row) === 'already') return undefined
          return new Promise<void>((resolve) => {
            waiting.set(key, [...(waiting.get(key) ?? []), resolve])
            want(key)
          })
        }),
      )
    },
    doubt: want,
    later: schedule.later,
    forget: (key) => {
      schedule.forget(key)
      ends.delete(key)
      learn(afterForgetting(isolation, key))
      if (!flights.has(key)) settle(key)
    },
    byHand: (address, key) =>
      new Promise((resolve) => {
        schedule.once(async () => {
          const pinged = await calls.ping(address)
          const row = key === null ? undefined : rowOf(key)
          if (row && addressFor(row) === address) record(row, pinged)
          resolve(pinged)
        })
      }),
    probed$: probed.asObservable(),
    isolated$: isolated.asObservable(),
    runs$: schedule.runs$,
  }
}
