// When a row is looked at next: after each ping by the pace of domain/probe-pace.ts, and earlier where the network is not quiet any more or
// the row has come close since.
import { interval, merge, type Observable, tap } from 'rxjs'
import { type IpTable, isProven, type Row } from '../../domain/ip-table.ts'
import { inQuietMs, nextProbeMs, type ProbeCircumstances, withheldMs } from '../../domain/probe-pace.ts'
import { CLOSE_PERIOD, WATCHED_WHOLE, WITHHELD_RETRY } from '../../domain/timings.ts'
import type { Clock, Random } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import type { ProbeSchedule } from '../../streams/probe-stream.ts'
import type { Focus } from './focus.ts'
import type { LastPings } from './last-pings.ts'
import type { LinkDoubt } from './link-doubt.ts'
import type { Pinged } from './peer-ping.ts'
import type { Quiet } from './quiet.ts'

export interface NextLooks {
  /** A ping of that row has just ended. `isFirst`: it was the row's first. */
  plan(row: Row, pinged: Pinged, isFirst: boolean): void
  /** Ms from one look at that row to the next where the network is not quiet. */
  usualMs(row: Row): number
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
}

interface NextLookNeeds {
  readonly clock: Clock
  readonly draws: Random
  readonly table: () => IpTable
  readonly schedule: Pick<ProbeSchedule, 'later' | 'sooner' | 'isPlanned' | 'isWaiting'>
  readonly last: Pick<LastPings, 'sinceMs' | 'underWay'>
  readonly focus: Pick<Focus, 'isClose' | 'close'>
  readonly quiet: Quiet
  readonly link: Pick<LinkDoubt, 'isDoubted'>
  /** Looks now. */
  readonly look: (key: string) => void
}

export function createNextLooks({ clock, draws, table, schedule, last, focus, quiet, link, look }: NextLookNeeds): NextLooks {
  const around = (row: Row): ProbeCircumstances => {
    const silentForMs = row.stored?.silentSinceMs == null ? 0 : clock.wallMs() - row.stored.silentSinceMs
    const self = { isolated: link.isDoubted(), isQuiet: quiet.isQuiet() }
    return { rows: table().rows.size, isClose: focus.isClose(row.key), isFirst: false, refused: false, silentForMs, ...self }
  }
  const usualMs = (row: Row): number => nextProbeMs(row, { ...around(row), isQuiet: false }, 0.5)
  /** Who has come close since its last ping may be planned for an hour from now. */
  const lookAtClose = (): void => {
    const { rows } = table()
    if (rows.size <= WATCHED_WHOLE) return
    for (const key of focus.close()) {
      const sinceMs = last.sinceMs(key) ?? 0
      if (sinceMs > (quiet.isQuiet() ? inQuietMs(CLOSE_PERIOD) : CLOSE_PERIOD) * 1.25 && rows.get(key)?.strikes === 0) look(key)
    }
  }
  /** Who was to be looked at late, since nothing happened, is planned as at any other time; at any moment until then, not all at once. */
  const hasten = (): void => {
    const { rows } = table()
    for (const key of rows.size <= WATCHED_WHOLE ? rows.keys() : focus.close()) {
      const row = rows.get(key)
      if (row === undefined || !isProven(row) || row.strikes > 0) continue
      if (schedule.isPlanned(key) && last.underWay(key) === null && !schedule.isWaiting(key))
        schedule.sooner(key, nextProbeMs(row, around(row), 0.5) * draws.fraction())
    }
  }
  return {
    plan: (row, { burst, withheld, retryMs = WITHHELD_RETRY }, isFirst) => {
      if (withheld) {
        const waitMs = withheldMs(retryMs, draws.fraction())
        // It may go without being asked.
        const isTold = row.told !== undefined && row.suspicion !== null
        return schedule.later(row.key, isTold ? Math.min(waitMs, usualMs(row)) : waitMs)
      }
      const refused = burst.type === 'silent' && burst.refused
      schedule.later(row.key, nextProbeMs(row, { ...around(row), isFirst, refused }, draws.fraction()))
    },
    usualMs,
    runs$: merge(interval(CLOSE_PERIOD, clockScheduler(clock)).pipe(tap(lookAtClose)), quiet.disturbed$.pipe(tap(hasten))),
  }
}
