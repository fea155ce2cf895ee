import { defer, filter, map, merge, type Observable, scan, skipWhile } from 'rxjs'
import type { Clock } from '../ports.ts'

/**
 * Of the moments those before which nothing was disturbed within `calmMs`: what fills the path that others use waits until nothing
 * has changed for a while.
 */
export const calmMoments = (
  clock: Pick<Clock, 'now'>,
  moments$: Observable<unknown>,
  calmMs: number,
  disturbed$: Observable<unknown>,
): Observable<unknown> =>
  defer(() => {
    const startMs = clock.now()
    return merge(disturbed$.pipe(map(() => 'disturbed' as const)), moments$.pipe(map(() => 'due' as const))).pipe(
      scan((last, type) => ({ type, calmSinceMs: type === 'disturbed' ? clock.now() : last.calmSinceMs }), {
        type: 'disturbed' as 'disturbed' | 'due',
        calmSinceMs: startMs,
      }),
      skipWhile(({ type }) => type === 'disturbed'),
      filter(({ type, calmSinceMs }) => type === 'due' && clock.now() >= calmSinceMs + calmMs),
    )
  })
