import { filter, from, map, merge, mergeMap, type Observable, of, race, switchMap, take, timer } from 'rxjs'
import { fromPromise } from 'xstate'
import type { TurnSource } from '../../answers.ts'
import type { IpTable, Row } from '../../domain/ip-table.ts'
import { FIRST_PROBES_TIMEOUT } from '../../domain/timings.ts'
import { chooseTurn, type TurnCandidate, type TurnChoice } from '../../domain/turn-choice.ts'
import type { Ports } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { jitteredInterval } from '../../streams/jittered-interval.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import type { ExternalFrps } from './external-frps.ts'

/** While there is no TURN to be had, it is looked for this often and with every change of the table. */
const LOOK_PERIOD = 2_000

/** The only TURN there is, having failed once, is tried again after this; having failed more often, once in `LOOK_PERIOD`. */
const SECOND_TRY = 200
/** Dial, TLS, login and three pings: who is nearer than the nearest that is known has answered all of them in six of its round trips. */
const LOGIN_ROUND_TRIPS = 6
const LOGIN_GRACE = 100
type Occasion = 'first' | 'soon' | 'period'

interface FindTurnNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly keeper: TableKeeper
  readonly external: ExternalFrps
  readonly self: string
  readonly turns: readonly TurnSource[]
}

/** Looks at the table, and at the stock frps of the configuration, until there is a TURN to choose. */
export const createFindTurnActor = (needs: FindTurnNeeds) =>
  fromPromise<TurnChoice, { barred: readonly string[] }>(({ input, signal }) => {
    const { clock, random, keeper, external, self } = needs
    const look = (occasion: Occasion): TurnChoice | null => {
      const choice = chooseTurn(candidates(needs), self, input.barred)
      const failures = input.barred.filter((key) => key === choice?.turn.key).length
      return failures === 0 || (failures === 1 && occasion !== 'first') || occasion === 'period' ? choice : null
    }
    /** Asks the stock frps not heard of for so long, and then it is the occasion. */
    const asking = (maxAgeMs: number, occasion: Occasion) => from(external.ask(maxAgeMs)).pipe(map(() => occasion))
    const changed$ = keeper.changes$.pipe(filter(({ type }) => type === 'added' || type === 'measured' || type === 'changed'))
    // Who was never asked is waited for, to be ranked with the others. Who failed just now may be silent, and holds up nobody.
    const asked$ = from(external.ask(Number.POSITIVE_INFINITY))
    const nearestMs = chooseTurn(candidates(needs), self, input.barred)?.turn.rttMs ?? Number.POSITIVE_INFINITY
    const rankingMs = Math.min(FIRST_PROBES_TIMEOUT, LOGIN_ROUND_TRIPS * nearestMs + LOGIN_GRACE)
    const ranked$: Observable<unknown> = external.allAsked ? of(0) : race<unknown[]>([asked$, timer(rankingMs, clockScheduler(clock))])
    const occasions$ = merge(
      of('first' as const),
      merge(changed$, external.changes$).pipe(map(() => 'soon' as const)),
      timer(SECOND_TRY, clockScheduler(clock)).pipe(mergeMap(() => asking(SECOND_TRY / 2, 'soon'))),
      jitteredInterval(clock, random, LOOK_PERIOD).pipe(mergeMap(() => asking(LOOK_PERIOD / 2, 'period'))),
    )
    const choice$ = ranked$.pipe(
      switchMap(() => occasions$),
      map(look),
      filter((choice) => choice !== null),
    )
    return new Promise<TurnChoice>((resolve, reject) => {
      const looking = choice$.pipe(take(1)).subscribe({ next: resolve, error: reject })
      signal.addEventListener('abort', () => looking.unsubscribe())
    })
  })

const MOST_LOOKED_AT = 256

/** Everything that could be a TURN, fit or not, as it was last heard of; of a large table a part. */
export function candidates({ keeper, turns, external }: Pick<FindTurnNeeds, 'keeper' | 'turns' | 'external'>): readonly TurnCandidate[] {
  const peers = turns.some(({ type }) => type === 'moonwalk') ? lookedAt(keeper.current()).map(candidateOf) : []
  return [...external.candidates(), ...peers]
}

/** All of a small table; of a larger one the nearest that are fit, and where there are none some that are not, to say why. */
function lookedAt({ rows, turns }: IpTable): readonly Row[] {
  if (rows.size <= MOST_LOOKED_AT) return [...rows.values()]
  if (turns.size > 0) return turns.slice(0, MOST_LOOKED_AT)
  const some: Row[] = []
  for (const row of rows.values()) if (some.push(row) === MOST_LOOKED_AT) break
  return some
}

export const candidateOf = ({ key, record, state, latency }: Row): TurnCandidate => ({
  key,
  id: record.id,
  name: record.name,
  address: record.address,
  kind: record.id === null ? 'p2prc' : 'moonwalk',
  rttMs: latency.rttMs,
  alive: state === 'alive',
  offersTurn: record.offersTurn,
  behindNat: record.via !== null || record.p2prc?.escapeImplementation === 'FRP' || record.p2prc?.nat === true,
})
