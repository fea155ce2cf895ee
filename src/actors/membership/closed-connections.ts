// A peer that closes a warm connection is looked at: its program may have ended. For whoever closes one after another, or something on the
// path that does, that is no reason to be looked at more often than where the network is not quiet; after the last it is looked at too.
import { Observable, tap } from 'rxjs'
import { type IpTable, isProven, type Row } from '../../domain/ip-table.ts'
import { PROBE_PERIOD } from '../../domain/timings.ts'
import type { Clock, Ports } from '../../ports.ts'
import type { ProbeSchedule } from '../../streams/probe-stream.ts'
import type { NextLooks } from './next-looks.ts'

export interface ClosedConnections {
  forget(key: string): void
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
}

interface ClosedConnectionNeeds {
  readonly clock: Pick<Clock, 'now'>
  readonly http: Pick<Ports['http'], 'onClosed'>
  readonly table: () => IpTable
  readonly schedule: Pick<ProbeSchedule, 'sooner'>
  readonly nextLooks: Pick<NextLooks, 'usualMs'>
  /** It is looked at at once anyway. */
  readonly isComing: (row: Row) => boolean
  /** Looks now. */
  readonly look: (key: string) => void
}

export function createClosedConnections(needs: ClosedConnectionNeeds): ClosedConnections {
  const { clock, http, table, schedule, nextLooks, isComing, look } = needs
  /** When whose connection was closed was looked at for that, or will be. */
  const lookedMs = new Map<string, number>()

  const closed = (address: string): void => {
    const row = table().rows.get(table().holders.get(address) ?? '')
    if (row?.state !== 'alive' || !isProven(row)) return
    const lastMs = lookedMs.get(row.key) ?? Number.NEGATIVE_INFINITY
    if (lastMs > clock.now()) return
    const waitMs = Math.max(0, lastMs + Math.max(PROBE_PERIOD, nextLooks.usualMs(row)) - clock.now())
    lookedMs.set(row.key, clock.now() + waitMs)
    if (waitMs === 0) look(row.key)
    else if (!isComing(row)) schedule.sooner(row.key, waitMs)
  }
  return {
    forget: (key) => void lookedMs.delete(key),
    runs$: new Observable<string>((out) => http.onClosed((address) => out.next(address))).pipe(tap(closed)),
  }
}
