// When tables are compared with somebody: often while something differs, rarely while nothing does.
import { type Observable, Subject, startWith, switchMap, tap, timer } from 'rxjs'
import { gossipRestMs, togetherMs } from '../../domain/crowded.ts'
import { GOSSIP_PERIOD, GOSSIP_PERIOD_CALM, GOSSIP_PERIOD_FIRST } from '../../domain/timings.ts'
import type { Clock, Random } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'

export interface GossipPace {
  /** Words were missing here or there. */
  differed(): void
  /** It is time, while subscribed. Each 0.75 to 1.25 of the period after the last, so that many nodes never beat in step. */
  readonly beats$: Observable<unknown>
}

const SLOWER = 1.5
/** So long after the start it stays as it is while something differs. */
const YOUNG_FOR = 3_000

export function createGossipPace({ clock, random }: { readonly clock: Clock; readonly random: Random }): GossipPace {
  const restarted = new Subject<void>()
  let periodMs = GOSSIP_PERIOD_FIRST
  let differs = false
  const beganMs = clock.now()
  return {
    differed: () => {
      differs = true
      if (periodMs <= GOSSIP_PERIOD) return
      periodMs = GOSSIP_PERIOD
      restarted.next()
    },
    beats$: restarted.pipe(
      startWith(null),
      switchMap(() => timer(togetherMs(periodMs * (0.75 + 0.5 * random.fraction()) + gossipRestMs(clock), clock), clockScheduler(clock))),
      tap(() => {
        const isYoung = periodMs < GOSSIP_PERIOD && clock.now() - beganMs < YOUNG_FOR
        if (!isYoung || !differs) periodMs = Math.min(differs ? GOSSIP_PERIOD : GOSSIP_PERIOD_CALM, periodMs * SLOWER)
        differs = false
        restarted.next()
      }),
    ),
  }
}
