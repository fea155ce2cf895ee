// Automatic speed tests: one row after another, rarely, at calm moments, within a day's budget, and never while this node carries
// traffic, which a test would slow down and be slowed down by.
import { concatMap, defer, EMPTY, exhaustMap, filter, type Observable, timer } from 'rxjs'
import { type Row, recordSpeed } from '../../domain/ip-table.ts'
import { maySpend, NOTHING_SPENT, spent, spentBytes } from '../../domain/speed-budget.ts'
import { nextSpeedTest } from '../../domain/speed-plan.ts'
import { SPEED_CALM } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import { isFailure, type Ports } from '../../ports.ts'
import { calmMoments } from '../../streams/calm-moments.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { rareMoments } from '../../streams/rare-moments.ts'
import type { OwnRecord } from './own-record.ts'
import type { Speed } from './speed.ts'
import type { TableKeeper } from './table-keeper.ts'

interface SpeedTestNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly speed: Speed
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  /** From one test to the next, on average. */
  readonly paceMs: number
  /** A day, both ways together. 0: no tests. */
  readonly budgetBytes: number
  readonly ownHosts: () => readonly string[]
  /** This node is not reached without a TURN, so it may have to choose one. */
  readonly needsTurn: () => boolean
  /** This node carries traffic now. */
  readonly isBusy: () => boolean
  readonly publish: (news: News) => void
}

export interface SpeedTests {
  /** Tests while subscribed. */
  readonly runs$: Observable<unknown>
  /** Within the last day, both ways together. */
  usedBytes(): number
}

/** Whoever is busy names a time; so much later at the most, lest many come back at one instant. */
const RETRY_SPREAD_MS = 500

export function createSpeedTests(needs: SpeedTestNeeds): SpeedTests {
  const { clock, speed, keeper, own, paceMs, budgetBytes, ownHosts, needsTurn, isBusy, publish } = needs
  const draws = needs.random.fork('speed tests')
  let spending = NOTHING_SPENT

  const due = (): Row | null => {
    if (isBusy() || !maySpend(spending, budgetBytes, clock.wallMs())) return null
    const facts = { wallMs: clock.wallMs(), self: own.id, ownHosts: ownHosts(), needsTurn: needsTurn() }
    return nextSpeedTest(keeper.current().rows.values(), facts, draws.fraction())
  }
  /** Answers after how long it may be tried again; null: it is done. */
  const test = async (row: Row): Promise<number | null> => {
    const { key, record } = row
    const result = await speed.test(record.address, 'channel', row)
    if (result.type === 'busy') return result.retryAfterMs + RETRY_SPREAD_MS * draws.fraction()
    keeper.apply((table, wallMs) => recordSpeed(table, key, isFailure(result) ? null : result, wallMs))
    if (isFailure(result)) publish({ type: 'speed.refused', peer: key, why: result.text })
    else {
      spending = spent(spending, result.downBytes + result.upBytes, clock.wallMs())
      publish({ type: 'speed.measured', peer: key, downMbps: result.downMbps, upMbps: result.upMbps })
    }
    return null
  }
  /** Once more at the time that it named; then at another moment. */
  const testOne = (row: Row): Observable<unknown> =>
    defer(() => test(row)).pipe(
      concatMap((retryMs) =>
        retryMs === null ? EMPTY : timer(retryMs, clockScheduler(clock)).pipe(concatMap(() => (isBusy() ? EMPTY : test(row)))),
      ),
    )
  const disturbed$ = keeper.changes$.pipe(filter(({ type }) => type !== 'measured'))
  const moments$ = calmMoments(clock, rareMoments(clock, draws, paceMs), SPEED_CALM, disturbed$)
  return {
    runs$:
      budgetBytes === 0
        ? EMPTY
        : moments$.pipe(
            exhaustMap(() => {
              const row = due()
              return row === null ? EMPTY : testOne(row)
            }),
          ),
    usedBytes: () => spentBytes(spending, clock.wallMs()),
  }
}
