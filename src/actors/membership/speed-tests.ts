// Automatic speed tests: one row after another, rarely, at calm moments, within a day's budget, and never while this node carries
// traffic, which a test would slow down and be slowed down by.
import { concatMap, defer, EMPTY, exhaustMap, filter, type Observable, timer } from 'rxjs'
import { recordSpeed, recordSustained } from '../../domain/ip-table.ts'
import { nextSpeedTest, type PlannedTest } from '../../domain/speed-plan.ts'
import { SPEED_CALM } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import { isFailure, type Ports } from '../../ports.ts'
import { calmMoments } from '../../streams/calm-moments.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { rareMoments } from '../../streams/rare-moments.ts'
import type { OwnRecord } from './own-record.ts'
import { RecentMap } from './recent-map.ts'
import type { Speed } from './speed.ts'
import type { SpeedAccount } from './speed-account.ts'
import type { TableKeeper } from './table-keeper.ts'

interface SpeedTestNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly speed: Speed
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  /** From one test to the next, on average. */
  readonly paceMs: number
  readonly account: Pick<SpeedAccount, 'isOpen'>
  readonly ownHosts: () => readonly string[]
  /** This node is not reached without a TURN, so it may have to choose one. */
  readonly needsTurn: () => boolean
  /** It chooses that by throughput. */
  readonly byThroughput: boolean
  readonly publish: (news: News) => void
}

/** Whoever is busy names a time; so much later at the most, lest many come back at one instant. */
const RETRY_SPREAD_MS = 500
/** Nobody is waited for any longer: it is not asked before then, and others are. */
const MAX_WAIT_MS = 10_000
/** Whoever was busy at its own appointment too lets others be tested first: one that always is would keep the turn. */
const BUSY_AGAIN_MS = 300_000
const MAX_RESTING = 256
/** Among the nearest that could be a TURN, and so many others, by chance where there are more, is who is tested next. */
const MOST_NEAREST = 64
const MOST_PLANNED = 512

/** Tests while subscribed. */
export function speedTests(needs: SpeedTestNeeds): Observable<unknown> {
  const { clock, speed, keeper, own, account, paceMs, ownHosts, needsTurn, byThroughput, publish } = needs
  const draws = needs.random.fork('speed tests')
  /** Until when each is not asked. */
  const resting = new RecentMap<string, number>(MAX_RESTING)

  const due = (): PlannedTest | null => {
    if (!account.isOpen()) return null
    const facts = { wallMs: clock.wallMs(), self: own.id, ownHosts: ownHosts(), needsTurn: needsTurn(), byThroughput }
    const { rows: all, peers, turns } = keeper.current()
    const keys = new Set([...peers.some(MOST_PLANNED, () => draws.fraction()), ...turns.slice(0, MOST_NEAREST).map(({ key }) => key)])
    const rows = [...keys].flatMap((key) => all.get(key) ?? []).filter(({ key }) => (resting.get(key) ?? 0) <= clock.now())
    return nextSpeedTest(rows, facts, draws.fraction())
  }
  /** Answers after how long it is to be tried again; null: it is done. `isAgain`: this is at the time that it named. */
  const test = async ({ type, row }: PlannedTest, isAgain: boolean): Promise<number | null> => {
    const { key, record } = row
    const result =
      type === 'sustained' ? await speed.sustain(record.address, 'channel') : await speed.test(record.address, 'channel', row, 'schedule')
    if (result.type === 'busy') {
      const retryMs = result.retryAfterMs + RETRY_SPREAD_MS * draws.fraction()
      if (!isAgain && retryMs <= MAX_WAIT_MS) return retryMs
      resting.set(key, clock.now() + (isAgain ? Math.max(retryMs, BUSY_AGAIN_MS) : retryMs))
      return null
    }
    if (type === 'sustained')
      keeper.apply((table, wallMs) => recordSustained(table, key, result.type === 'sustained' ? result.mbps : null, wallMs))
    else keeper.apply((table, wallMs) => recordSpeed(table, key, result.type === 'speed' ? result : null, wallMs))
    if (isFailure(result)) publish({ type: 'speed.refused', peer: key, why: result.text })
    else if (result.type === 'speed') publish({ type: 'speed.measured', peer: key, downMbps: result.downMbps, upMbps: result.upMbps })
    return null
  }
  /** Once more at the time that it named; then at another moment. */
  const testOne = (planned: PlannedTest): Observable<unknown> =>
    defer(() => test(planned, false)).pipe(
      concatMap((retryMs) =>
        retryMs === null
          ? EMPTY
          : timer(retryMs, clockScheduler(clock)).pipe(concatMap(() => (account.isOpen() ? test(planned, true) : EMPTY))),
      ),
    )
  const disturbed$ = keeper.changes$.pipe(filter(({ type }) => type !== 'measured'))
  const moments$ = calmMoments(clock, rareMoments(clock, draws, paceMs), SPEED_CALM, disturbed$)
  return moments$.pipe(
    exhaustMap(() => {
      const planned = due()
      return planned === null ? EMPTY : testOne(planned)
    }),
  )
}
