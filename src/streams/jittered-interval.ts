import { defer, type Observable, repeat, timer } from 'rxjs'
import type { Clock, Random } from '../ports.ts'
import { clockScheduler } from './clock-scheduler.ts'

/** Fires again and again, each time after 0.75 to 1.25 of the period, so that many nodes never beat in step. */
export const jitteredInterval = (clock: Clock, random: Random, periodMs: number): Observable<0> =>
  defer(() => timer(periodMs * (0.75 + 0.5 * random.fraction()), clockScheduler(clock))).pipe(repeat())
