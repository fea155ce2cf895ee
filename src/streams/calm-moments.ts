import { defer, filter, map, merge, type Observable, scan, skipWhile } from 'rxjs'
import type { Clock, Random } from '../ports.ts'
import { jitteredInterval } from './jittered-interval.ts'

/**
 * Moments about `paceMs` apart, left out while something was disturbed within `calmMs`: what fills the path that others use waits
 * until nothing has changed for a while.
 */
export const calmMoments = (
  clock: Clock,
  random: Random,
  { paceMs, calmMs }: { readonly paceMs: number; readonly calmMs: number },
  disturbed$: Observable<unknown>,
): Observable<unknown> =>
  defer(() => {
    const startMs = clock.now()
    return merge(
      disturbed$.pipe(map(() => 'disturbed' as const)),
      jitteredInterval(clock, random, paceMs).pipe(map(() => 'due' as const)),
    ).pipe(
      scan((last, type) => ({ type, calmSinceMs: type === 'disturbed' ? clock.now() : last.calmSinceMs }), {
        type: 'disturbed' as 'disturbed' | 'due',
        calmSinceMs: startMs,
      }),
      skipWhile(({ type }) => type === 'disturbed'),
      filter(({ type, calmSinceMs }) => type === 'due' && clock.now() >= calmSinceMs + calmMs),
    )
  })
