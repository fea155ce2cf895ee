import { concat, defer, type Observable, repeat, timer } from 'rxjs'
import type { Clock, Random } from '../ports.ts'
import { clockScheduler } from './clock-scheduler.ts'

/** No gap is shorter or longer than so many times the mean: M-Lab's rule for clients that nobody watches. */
const LEAST = 0.1
const MOST = 2.5

/**
 * Fires after gaps that follow chance alone (Poisson), `meanMs` apart on average: what is measured then sees the time of day as it
 * is, and no two nodes beat in step. The first comes after a quarter of the mean at the soonest: all nodes may just have been started.
 */
export function rareMoments(clock: Clock, random: Random, meanMs: number): Observable<0> {
  const after = (least: number, draw: (fraction: number) => number): Observable<0> =>
    defer(() => timer(meanMs * Math.min(MOST, Math.max(least, draw(random.fraction()))), clockScheduler(clock)))
  return concat(
    after(MOST / 10, (fraction) => fraction * MOST),
    after(LEAST, (fraction) => -Math.log(1 - fraction)).pipe(repeat()),
  )
}
