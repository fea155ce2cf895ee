// Looks at the table, and at the stock frps of the configuration, and says which TURNs to hold tunnels to. What follows from what is
// one pure rule, domain/turn-plan.ts; here is when it is asked, and what it has to remember.
import { exhaustMap, from, race, Subscription, timer } from 'rxjs'
import { fromCallback } from 'xstate'
import type { Change } from '../../domain/ip-table.ts'
import { EXTERNAL_PERIOD, FIRST_PROBES_TIMEOUT, TURN_AGAIN_SOON, TURN_REVIEW } from '../../domain/timings.ts'
import { fitOf, pinsOf, type TurnCandidate } from '../../domain/turn-choice.ts'
import { type HeldTurn, planTurns, type TurnMove, type TurnPlan } from '../../domain/turn-plan.ts'
import type { ScoutFact, ScoutNews } from '../../machines/node-machine.ts'
import type { Ports } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { jitteredInterval } from '../../streams/jittered-interval.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import { type CandidateNeeds, candidates } from './candidates.ts'
import type { ExternalFrps } from './external-frps.ts'
import { createTurnFailures } from './turn-failures.ts'
import type { TurnWish } from './turn-wish.ts'

interface ScoutNeeds extends Pick<Ports, 'clock' | 'random'>, Omit<CandidateNeeds, 'clock'> {
  readonly keeper: TableKeeper
  readonly external: ExternalFrps
  readonly self: string
  /** So many are wanted. */
  readonly tunnels: number
  readonly wish: Pick<TurnWish, 'preference' | 'pins' | 'changes$'>
}

/** While there is no TURN to be had, the stock frps are asked this often. */
const LOOK_PERIOD = 2_000
/** Changes of a large table are looked at together while this node has a tunnel. */
const GATHER = 250
/**
 * Dial, TLS, login and three pings: who is nearer than the nearest that is
 * known has answered all of them in six of its round trips.
 */
const LOGIN_ROUND_TRIPS = 6
const LOGIN_GRACE = 100

export const createScout = (needs: ScoutNeeds) =>
  fromCallback<ScoutNews, undefined>(({ sendBack, receive }) => {
    const { clock, keeper, external, self, tunnels, wish } = needs
    const random = needs.random.fork('scout')
    const failures = createTurnFailures({ clock, random })
    let isWanted = false
    let held: readonly HeldTurn[] = []
    let begunAtMs = Number.NEGATIVE_INFINITY
    let movedAtMs = Number.NEGATIVE_INFINITY
    let lastMove: TurnMove | null = null
    let could = 0
    /** Of the look that is planned. */
    let planned: { readonly timer: unknown; readonly atMs: number } | null = null
    let watching = new Subscription()
    /** Stock frps that were never asked are waited for, to be ranked with the others. */
    let isRanking = false

    const everyCandidate = (keys: readonly string[] = []): readonly TurnCandidate[] => candidates(needs, keys, pinsOf(wish.preference()))
    const tell = (fact: ScoutFact): void => sendBack(fact)
    const callOff = (): void => {
      clock.clearTimeout(planned?.timer)
      planned = null
    }
    /** Later, and never at once: what follows from a look must have reached the node before the next. */
    const lookIn = (ms: number): void => {
      const atMs = clock.now() + ms
      if (!isWanted || !Number.isFinite(atMs) || (planned && planned.atMs <= atMs)) return
      callOff()
      planned = { timer: clock.setTimeout(() => look(false), ms), atMs }
    }
    const look = (isReview: boolean): void => {
      callOff()
      if (!isWanted || isRanking) return
      const plan = planTurns({
        candidates: everyCandidate(held.map(({ key }) => key)),
        preference: wish.preference(),
        ...{ self, held, tunnels, begunAtMs, movedAtMs, lastMove, isReview },
        failures: failures.current(),
        nowMs: clock.now(),
      })
      lastMove = plan.move
      if (plan.isMove) movedAtMs = clock.now()
      if (plan.could !== could) tell({ type: 'turns.could', count: plan.could })
      could = plan.could
      // A sum of decimals may be a little too early: it would look again and again at one moment.
      lookIn(Math.max(1, plan.againAtMs - clock.now()))
      act(plan)
    }
    const act = ({ open, first, retire }: TurnPlan): void => {
      if (open) begunAtMs = clock.now()
      if (open) tell({ type: 'turn.found', ...open })
      if (first !== null) tell({ type: 'turn.first', turn: first })
      if (retire !== null) tell({ type: 'turn.retire', turn: retire })
    }
    const hear = ({ type, row }: Change): void => {
      if (row.key === self || type === 'heard' || type === 'dropped') return
      if (type === 'added') failures.forget(row.key)
      else if (type === 'measured' || type === 'cleared') failures.heard(row.key, type === 'cleared')
      const isHeld = held.some(({ key }) => key === row.key)
      // With all the tunnels it wants, others matter at the next review only.
      if (!isHeld && held.filter(({ state }) => state === 'open').length >= tunnels) return
      lookIn(isHeld || held.length === 0 ? 0 : GATHER)
    }
    const isOpen = (): boolean => held.some(({ state }) => state === 'open')
    const rank = (): void => {
      isRanking = true
      const nearestMs = fitOf({ candidates: everyCandidate(), self, preference: wish.preference() })[0]?.rttMs ?? Number.POSITIVE_INFINITY
      const waitMs = Math.min(FIRST_PROBES_TIMEOUT, LOGIN_ROUND_TRIPS * nearestMs + LOGIN_GRACE)
      const asked$ = from(external.ask(Number.POSITIVE_INFINITY))
      const ranked$ = race<unknown[]>([asked$, timer(waitMs, clockScheduler(clock))])
      watching.add(
        ranked$.subscribe(() => {
          isRanking = false
          look(false)
        }),
      )
    }
    const begin = (): void => {
      watching = keeper.changes$.subscribe(hear)
      watching.add(wish.changes$.subscribe(() => lookIn(0)))
      watching.add(external.changes$.subscribe(() => lookIn(isOpen() ? GATHER : 0)))
      // A move takes two looks, and so two measurements: before the second a stock frps is asked afresh, its pings are rare.
      const review = () =>
        external.ask(
          lastMove ? TURN_REVIEW / 2 : EXTERNAL_PERIOD,
          held.map(({ key }) => key),
        )
      watching.add(
        jitteredInterval(clock, random, TURN_REVIEW)
          .pipe(exhaustMap(() => from(review())))
          .subscribe(() => look(true)),
      )
      const askAgain = (maxAgeMs: number): void => {
        if (!isOpen()) void external.ask(maxAgeMs)
      }
      watching.add(timer(TURN_AGAIN_SOON, clockScheduler(clock)).subscribe(() => askAgain(TURN_AGAIN_SOON / 2)))
      watching.add(jitteredInterval(clock, random, LOOK_PERIOD).subscribe(() => askAgain(LOOK_PERIOD / 2)))
      if (!external.allAsked) rank()
    }
    const end = (): void => {
      callOff()
      watching.unsubscribe()
      isRanking = false
      could = 0
    }
    receive((news) => {
      if (news.type === 'turn.failed') return failures.failed(news.turn)
      held = news.held
      failures.held(held)
      if (news.isWanted !== isWanted) {
        isWanted = news.isWanted
        if (isWanted) begin()
        else end()
      }
      lookIn(0)
    })
    return end
  })
