// Speed tests of one row after another, at calm moments.
import { EMPTY, exhaustMap, filter, type Observable } from 'rxjs'
import { type Row, recordSpeed } from '../../domain/ip-table.ts'
import { SPEED_CALM, SPEED_STALE } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import { isFailure, type Ports } from '../../ports.ts'
import { calmMoments } from '../../streams/calm-moments.ts'
import type { OwnRecord } from './own-record.ts'
import type { Speed } from './speed.ts'
import type { TableKeeper } from './table-keeper.ts'

interface SpeedTestNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly speed: Speed
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly paceMs: number
  readonly publish: (news: News) => void
}

/** Tests while subscribed. */
export function speedTests({ clock, random, speed, keeper, own, paceMs, publish }: SpeedTestNeeds): Observable<unknown> {
  const draws = random.fork('speed tests')
  let busyUntilMs = 0
  const isDue = ({ state, record, downMbps, speedAtMs }: Row): boolean =>
    state === 'alive' &&
    record.id !== null &&
    (speedAtMs === null || clock.wallMs() - speedAtMs > (downMbps === null ? paceMs * 2 : SPEED_STALE))
  const testOne = async (): Promise<void> => {
    const due = [...keeper.current().rows.values()].filter(isDue)
    const row = due[Math.floor(draws.fraction() * due.length)]
    if (!row) return
    const result = await speed.test(row.key === own.id ? (own.localAddress() ?? row.record.address) : row.record.address, 'channel', row)
    if (result.type === 'busy') {
      busyUntilMs = clock.now() + Math.min(result.retryAfterMs, paceMs) * draws.fraction()
      return
    }
    keeper.apply((table, wallMs) => recordSpeed(table, row.key, isFailure(result) ? null : result, wallMs))
    if (isFailure(result)) publish({ type: 'speed.refused', peer: row.key, why: result.text })
    else publish({ type: 'speed.measured', peer: row.key, downMbps: result.downMbps, upMbps: result.upMbps })
  }
  const disturbed$ = keeper.changes$.pipe(filter(({ type }) => type !== 'measured'))
  return calmMoments(clock, draws, { paceMs, calmMs: SPEED_CALM }, disturbed$).pipe(
    exhaustMap(() => (clock.now() < busyUntilMs ? EMPTY : testOne())),
  )
}
