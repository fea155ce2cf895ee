import type { Subscription } from 'rxjs'
import { TURN_REVIEW } from '../domain/timings.ts'
import { chooseTurn, isMuchBetter } from '../domain/turn-choice.ts'
import type { Ports } from '../ports.ts'
import { jitteredInterval } from '../streams/jittered-interval.ts'
import { candidateOf } from './find-turn-actor.ts'
import type { TableKeeper } from './table-keeper.ts'

/** Looks now and then whether another TURN has become much nearer than the one in use; twice in a row, and it says so. */
export function createTurnReview({
  clock,
  random,
  keeper,
  self,
}: Pick<Ports, 'clock' | 'random'> & { readonly keeper: TableKeeper; readonly self: string }) {
  let watching: Subscription | null = null
  const stop = (): void => {
    watching?.unsubscribe()
    watching = null
  }
  return {
    watch(key: string, better: (reason: string) => void): void {
      stop()
      let times = 0
      watching = jitteredInterval(clock, random, TURN_REVIEW).subscribe(() => {
        const current = keeper.current().rows.get(key)?.latency.rttMs ?? null
        const best = chooseTurn([...keeper.current().rows.values()].map(candidateOf), self, [])
        const gain = current !== null && best && best.turn.key !== key && best.turn.rttMs !== null && isMuchBetter(best.turn.rttMs, current)
        times = gain ? times + 1 : 0
        if (times >= 2 && best) better(`${best.turn.name} is much nearer: ${best.reason}`)
      })
    },
    stop,
  }
}
