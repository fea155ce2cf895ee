// The schedule of pings: one clock tick, buckets, bounded concurrency and pace. A peer is never pinged twice at once; a request that
// comes while its ping is under way is kept until that has ended. A silent peer holds one place out of `PROBES_AT_ONCE`, nobody else.
// Peers that are listed wait for nobody else: of those only heard of, of which anybody can tell any number, a part has places.
import { defer, finalize, ignoreElements, merge, mergeMap, Observable, Subject, switchMap, tap, timer } from 'rxjs'
import { fullAllowance, takeOne } from '../domain/allowance.ts'
import { PROBE_BURST, PROBE_TICK, PROBES_AT_ONCE, PROBES_HEARD_AT_ONCE, PROBES_PER_SECOND_MOST } from '../domain/timings.ts'
import type { Clock } from '../ports.ts'
import { clockScheduler } from './clock-scheduler.ts'
import { createDueKeys } from './due-keys.ts'

export interface ProbeSchedule {
  /** Pings now, ahead of its turn; once more after the ping under way, where there is one. */
  now(key: string): void
  /** Pings after `delayMs`, in place of an earlier plan. */
  later(key: string, delayMs: number): void
  /** Pings after `delayMs`, or by an earlier plan. */
  sooner(key: string, delayMs: number): void
  forget(key: string): void
  /** A ping that belongs to no key, inside the same limits. */
  once(ping: () => Promise<void>): void
  /** Its ping is to come at once, and has not begun. */
  isWaiting(key: string): boolean
  /** It will be pinged. */
  isPlanned(key: string): boolean
  /** Keys under way or waiting for a place. */
  readonly pending: number
  /** Runs the schedule while subscribed. Completes never; errors only by a bug. */
  readonly runs$: Observable<void>
}

const LIMITS = { burst: PROBE_BURST, perSecond: PROBES_PER_SECOND_MOST }

/** `probe` does one burst and plans the next by `later`; its failure is a value inside. `isListed`: a peer, not only heard of. */
export function createProbeSchedule(
  clock: Clock,
  probe: (key: string) => Promise<void>,
  isListed: (key: string) => boolean = () => true,
): ProbeSchedule {
  const planned = createDueKeys(clock, PROBE_TICK)
  const urgent = new Subject<string>()
  const single = new Subject<() => Promise<void>>()
  const pending = new Set<string>()
  const begun = new Set<string>()
  const requested = new Set<string>()
  let allowance = fullAllowance(LIMITS, clock.now())
  const paced = (run: () => Promise<void>): Observable<void> =>
    defer(() => {
      const taken = takeOne(allowance, LIMITS, clock.now())
      allowance = taken.allowance
      return taken.waitMs === 0 ? run() : timer(taken.waitMs, clockScheduler(clock)).pipe(switchMap(run))
    })
  const ended = (key: string): void => {
    pending.delete(key)
    begun.delete(key)
    if (requested.delete(key)) urgent.next(key)
  }
  /** Bursts that wait for a place, or have one. */
  const places = new Subject<Observable<void>>()
  /** Those only heard of, before they may wait for a place: keys alone, for they may be a hundred thousand. */
  const heard = new Subject<string>()
  const inPlace = (burst: Observable<void>): Observable<void> =>
    new Observable((done) => places.next(burst.pipe(finalize(() => done.complete()))))
  // A key is marked before it queues for a place, so the queue holds each peer once at the most.
  const admit = (key: string): void => {
    if (pending.has(key)) return
    pending.add(key)
    if (isListed(key)) places.next(burstOf(key))
    else heard.next(key)
  }
  const burstOf = (key: string): Observable<void> => {
    const begin = (): Promise<void> => {
      begun.add(key)
      return probe(key)
    }
    return paced(begin).pipe(finalize(() => ended(key)))
  }
  return {
    now: (key) => {
      planned.delete(key)
      if (pending.has(key)) requested.add(key)
      else urgent.next(key)
    },
    later: (key, delayMs) => planned.put(key, delayMs),
    sooner: (key, delayMs) => planned.sooner(key, delayMs),
    forget: (key) => {
      planned.delete(key)
      requested.delete(key)
    },
    once: (ping) => single.next(ping),
    isWaiting: (key) => pending.has(key) && !begun.has(key),
    isPlanned: (key) => planned.has(key) || pending.has(key),
    get pending() {
      return pending.size
    },
    runs$: merge(
      places.pipe(mergeMap((burst) => burst, PROBES_AT_ONCE)),
      heard.pipe(mergeMap((key) => inPlace(burstOf(key)), PROBES_HEARD_AT_ONCE)),
      merge(urgent, planned.due$).pipe(tap(admit), ignoreElements()),
      single.pipe(
        tap((ping) => places.next(paced(ping))),
        ignoreElements(),
      ),
    ),
  }
}
