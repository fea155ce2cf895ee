// The schedule of pings: one clock tick, buckets, bounded concurrency and pace. A peer is never pinged twice at once; a request that
// comes while its ping is under way is kept until that has ended. A silent peer holds one place out of `PROBES_AT_ONCE`, nobody else.
import { defer, finalize, from, interval, merge, mergeMap, type Observable, of, Subject, switchMap, timer } from 'rxjs'
import { fullAllowance, takeOne } from '../domain/allowance.ts'
import { PROBE_BURST, PROBE_TICK, PROBES_AT_ONCE, PROBES_PER_SECOND_MOST } from '../domain/timings.ts'
import type { Clock } from '../ports.ts'
import { clockScheduler } from './clock-scheduler.ts'
import { Wheel } from './wheel.ts'

export interface ProbeSchedule {
  /** Pings now, ahead of its turn; once more after the ping under way, where there is one. */
  now(key: string): void
  /** Pings after `delayMs`, in place of an earlier plan. */
  later(key: string, delayMs: number): void
  forget(key: string): void
  /** A ping that belongs to no key, inside the same limits. */
  once(ping: () => Promise<void>): void
  /** Its ping is under way or waits for a place. */
  isPending(key: string): boolean
  /** It will be pinged. */
  isPlanned(key: string): boolean
  /** Keys under way or waiting for a place. */
  readonly pending: number
  /** Runs the schedule while subscribed. Completes never; errors only by a bug. */
  readonly runs$: Observable<void>
}

const LIMITS = { burst: PROBE_BURST, perSecond: PROBES_PER_SECOND_MOST }

/** `probe` does one burst and plans the next by `later`; its failure is a value inside. */
export function createProbeSchedule(clock: Clock, probe: (key: string) => Promise<void>): ProbeSchedule {
  const wheel = new Wheel(PROBE_TICK)
  const urgent = new Subject<string>()
  const single = new Subject<() => Promise<void>>()
  const pending = new Set<string>()
  const requested = new Set<string>()
  let allowance = fullAllowance(LIMITS, clock.now())
  const due$ = interval(PROBE_TICK, clockScheduler(clock)).pipe(mergeMap(() => from(wheel.turn())))
  const paced = (run: () => Promise<void>): Observable<void> =>
    defer(() => {
      const taken = takeOne(allowance, LIMITS, clock.now())
      allowance = taken.allowance
      return taken.waitMs === 0 ? run() : timer(taken.waitMs, clockScheduler(clock)).pipe(switchMap(run))
    })
  const ended = (key: string): void => {
    pending.delete(key)
    if (requested.delete(key)) urgent.next(key)
  }
  // A key is marked before it queues for a place, so the queue holds each peer once at the most.
  const admit = (key: string): Observable<Observable<void>> => {
    if (pending.has(key)) return of()
    pending.add(key)
    return of(paced(() => probe(key)).pipe(finalize(() => ended(key))))
  }
  return {
    now: (key) => {
      wheel.delete(key)
      if (pending.has(key)) requested.add(key)
      else urgent.next(key)
    },
    later: (key, delayMs) => wheel.put(key, delayMs),
    forget: (key) => {
      wheel.delete(key)
      requested.delete(key)
    },
    once: (ping) => single.next(ping),
    isPending: (key) => pending.has(key),
    isPlanned: (key) => wheel.has(key) || pending.has(key),
    get pending() {
      return pending.size
    },
    runs$: merge(merge(urgent, due$).pipe(mergeMap(admit)), single.pipe(mergeMap((ping) => of(paced(ping))))).pipe(
      mergeMap((burst) => burst, PROBES_AT_ONCE),
    ),
  }
}
