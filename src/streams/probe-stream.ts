// The schedule of pings: one clock tick, buckets, bounded concurrency. A peer is never pinged twice at once, and a silent
// one holds one place out of `PROBES_AT_ONCE`, nobody else.
import { defer, finalize, from, interval, merge, mergeMap, type Observable, Subject } from 'rxjs'
import { PROBE_TICK, PROBES_AT_ONCE } from '../domain/timings.ts'
import type { Clock } from '../ports.ts'
import { clockScheduler } from './clock-scheduler.ts'
import { Wheel } from './wheel.ts'

export interface ProbeSchedule {
  /** Pings now, ahead of its turn; once more when it is under way already. */
  now(key: string): void
  /** Pings after `delayMs`, in place of an earlier plan. */
  later(key: string, delayMs: number): void
  /** Pings after `delayMs` unless that is planned or under way. */
  ensure(key: string, delayMs: number): void
  forget(key: string): void
  /** Keys under way or waiting for a place. */
  readonly pending: number
  /** Runs the schedule while subscribed. Completes never; errors only by a bug. */
  readonly runs$: Observable<void>
}

/** `probe` does one burst and plans the next by `later`; its failure is a value inside. */
export function createProbeSchedule(clock: Clock, probe: (key: string) => Promise<void>): ProbeSchedule {
  const wheel = new Wheel(PROBE_TICK)
  const urgent = new Subject<string>()
  const pending = new Set<string>()
  /** Wished for while they were under way. */
  const again = new Set<string>()
  const due$ = interval(PROBE_TICK, clockScheduler(clock)).pipe(mergeMap(() => from(wheel.turn())))
  // A key is marked before it queues for a place, so the queue holds each peer once at the most.
  const admit = (key: string): readonly Observable<void>[] => {
    if (pending.has(key)) return []
    pending.add(key)
    return [defer(() => probe(key)).pipe(finalize(() => ended(key)))]
  }
  const ended = (key: string): void => {
    pending.delete(key)
    if (again.delete(key)) urgent.next(key)
  }
  return {
    now: (key) => {
      wheel.delete(key)
      if (pending.has(key)) again.add(key)
      else urgent.next(key)
    },
    later: (key, delayMs) => wheel.put(key, delayMs),
    ensure: (key, delayMs) => {
      if (!pending.has(key) && !wheel.has(key)) wheel.put(key, delayMs)
    },
    forget: (key) => {
      wheel.delete(key)
      again.delete(key)
    },
    get pending() {
      return pending.size
    },
    runs$: merge(urgent, due$).pipe(
      mergeMap((key) => from(admit(key))),
      mergeMap((burst) => burst, PROBES_AT_ONCE),
    ),
  }
}
