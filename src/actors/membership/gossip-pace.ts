// When tables are compared with somebody: often while something differs, rarely while nothing does.
import { type Observable, Subject, startWith, switchMap, tap, timer } from 'rxjs'
import { gossipRestMs, togetherMs } from '../../domain/crowded.ts'
import { GOSSIP_PERIOD, GOSSIP_PERIOD_CALM, GOSSIP_PERIOD_FIRST } from '../../domain/timings.ts'
import type { Clock, Random } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'

export interface GossipPace {
  /** Words were missing here or there. */
  differed(): void
  /** The digests of the two tables differ, or the first answer of a comparison brought something. A node that has just started asks on as often. */
  unlike(): void
  /** A comparison begins: what any conversation finds from here on, until the next one begins, counts for the period. */
  began(): void
  /** It is over, and the peer had answered. */
  ended(): void
  /** It is time, while subscribed. Each 0.75 to 1.25 of the period after the last, so that many nodes never beat in step. */
  readonly beats$: Observable<unknown>
}

const SLOWER = 1.5
/** So long after it was made it stays as it is while something differs: a thousand that start together take 5 s to learn of each other. */
const YOUNG_FOR = 6_000

interface PaceNeeds {
  readonly clock: Clock
  readonly random: Random
}

export function createGossipPace({ clock, random }: PaceNeeds): GossipPace {
  const restarted = new Subject<void>()
  let periodMs = GOSSIP_PERIOD_FIRST
  /** Since the last comparison began. */
  let differs = false
  /** By those that have ended since the last beat. Where each takes longer than the period the next begins before that. */
  let found = false
  let hasEnded = false
  const beganMs = clock.now()
  return {
    differed: () => {
      differs = true
      if (periodMs <= GOSSIP_PERIOD) return
      periodMs = GOSSIP_PERIOD
      restarted.next()
    },
    unlike: () => {
      if (clock.now() - beganMs < YOUNG_FOR) differs = true
    },
    began: () => {
      differs = false
    },
    ended: () => {
      hasEnded = true
      found ||= differs
    },
    beats$: restarted.pipe(
      startWith(null),
      switchMap(() => timer(togetherMs(periodMs * (0.75 + 0.5 * random.fraction()) + gossipRestMs(clock), clock), clockScheduler(clock))),
      tap(() => {
        const isYoung = periodMs < GOSSIP_PERIOD && clock.now() - beganMs < YOUNG_FOR
        // Where there was nobody to ask, or one has not answered yet, it is not known whether anything differs.
        const isUnlike = found || differs
        if (!isYoung || (hasEnded && !isUnlike)) periodMs = Math.min(isUnlike ? GOSSIP_PERIOD : GOSSIP_PERIOD_CALM, periodMs * SLOWER)
        found = false
        hasEnded = false
        restarted.next()
      }),
    ),
  }
}
