import { exhaustMap, from } from 'rxjs'
import { type EventObject, fromCallback } from 'xstate'
import type { TurnSource } from '../../answers.ts'
import { EXTERNAL_PERIOD, TURN_REVIEW } from '../../domain/timings.ts'
import { chooseTurn, isMuchBetter, type TurnCandidate } from '../../domain/turn-choice.ts'
import type { ReviewFact } from '../../machines/node-machine.ts'
import type { Ports } from '../../ports.ts'
import { jitteredInterval } from '../../streams/jittered-interval.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import type { ExternalFrps } from './external-frps.ts'
import { candidates } from './find-turn-actor.ts'

interface ReviewNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly keeper: TableKeeper
  readonly external: ExternalFrps
  readonly turns: readonly TurnSource[]
  readonly self: string
}

/** Looks now and then whether another TURN has become much nearer than the one in use; twice in a row, and it says so. */
export function createTurnReviewActor(needs: ReviewNeeds) {
  const { clock, keeper, external, self } = needs
  const random = needs.random.fork('turn review')
  return fromCallback<EventObject, { turn: TurnCandidate }>(({ input: { turn }, sendBack }) => {
    const tell = (fact: ReviewFact): void => sendBack(fact)
    let times = 0
    // Twice in a row means measured twice: before the second time an external frps is asked afresh, its pings are rare.
    const asked = () => from(external.ask(times > 0 ? TURN_REVIEW / 2 : EXTERNAL_PERIOD, turn.key))
    const watching = jitteredInterval(clock, random, TURN_REVIEW)
      .pipe(exhaustMap(asked))
      .subscribe(() => {
        const current = keeper.current().rows.get(turn.key)?.latency.rttMs ?? external.rttMs(turn.key)
        const best = chooseTurn(candidates(needs), self, [])
        const gain =
          current !== null && best && best.turn.key !== turn.key && best.turn.rttMs !== null && isMuchBetter(best.turn.rttMs, current)
        times = gain ? times + 1 : 0
        if (times >= 2 && best) tell({ type: 'turn.better', reason: `${best.turn.name} is much nearer: ${best.reason}` })
      })
    return () => watching.unsubscribe()
  })
}
