import { filter, from, map, merge, mergeMap, of, timer } from 'rxjs'
import { fromPromise } from 'xstate'
import type { TurnSource } from '../answers.ts'
import type { Row } from '../domain/ip-table.ts'
import { chooseTurn, type TurnCandidate, type TurnChoice } from '../domain/turn-choice.ts'
import type { Ports } from '../ports.ts'
import { clockScheduler } from '../streams/clock-scheduler.ts'
import { jitteredInterval } from '../streams/jittered-interval.ts'
import { isFailureOf } from './service-proof.ts'
import type { TableKeeper } from './table-keeper.ts'

const MEASURE_TIMEOUT = 3_000
/** While there is no TURN to be had, it is looked for this often and with every change of the table. */
const LOOK_PERIOD = 2_000

/** The only TURN there is, having failed once, is tried again after this; having failed more often, once in `LOOK_PERIOD`. */
const SECOND_TRY = 200
type Occasion = 'first' | 'soon' | 'period'

interface FindTurnNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly keeper: TableKeeper
  readonly self: string
  readonly turns: readonly TurnSource[]
}

/** Looks at the table, and at the stock frps of the configuration, until there is a TURN to choose. */
export const createFindTurnActor = (needs: FindTurnNeeds) =>
  fromPromise<TurnChoice, { barred: readonly string[] }>(({ input, signal }) => {
    const { clock, random, keeper, self } = needs
    const look = async (occasion: Occasion): Promise<TurnChoice | null> => {
      const choice = chooseTurn(await candidates(needs), self, input.barred)
      const failures = input.barred.filter((key) => key === choice?.turn.key).length
      return failures === 0 || (failures === 1 && occasion !== 'first') || occasion === 'period' ? choice : null
    }
    const changed$ = keeper.changes$.pipe(filter(({ type }) => type === 'added' || type === 'measured' || type === 'changed'))
    const occasions$ = merge(
      of('first' as const),
      timer(SECOND_TRY, clockScheduler(clock)).pipe(map(() => 'soon' as const)),
      changed$.pipe(map(() => 'soon' as const)),
      jitteredInterval(clock, random, LOOK_PERIOD).pipe(map(() => 'period' as const)),
    )
    const choice$ = occasions$.pipe(
      mergeMap((occasion) => from(look(occasion))),
      filter((choice) => choice !== null),
    )
    return new Promise<TurnChoice>((resolve, reject) => {
      const looking = choice$.subscribe({
        next: (choice) => {
          looking.unsubscribe()
          resolve(choice)
        },
        error: reject,
      })
      signal.addEventListener('abort', () => looking.unsubscribe())
    })
  })

/** Everything that could be a TURN, fit or not. */
export async function candidates({
  clock,
  network,
  keeper,
  turns,
}: Pick<FindTurnNeeds, 'clock' | 'network' | 'keeper' | 'turns'>): Promise<readonly TurnCandidate[]> {
  const stock = await Promise.all(turns.flatMap((source) => (source.type === 'frp' ? [measure({ clock, network }, source.address)] : [])))
  const peers = turns.some(({ type }) => type === 'moonwalk') ? [...keeper.current().rows.values()].map(candidateOf) : []
  return [...stock, ...peers]
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

/** A stock frps answers no `/server_info`: the time its connection takes stands for its latency. */
async function measure({ clock, network }: Pick<Ports, 'clock' | 'network'>, address: string): Promise<TurnCandidate> {
  const startMs = clock.now()
  const opened = await network.dial(address, { timeoutMs: MEASURE_TIMEOUT })
  const alive = !isFailureOf(opened)
  const rttMs = alive ? Math.round((clock.now() - startMs) * 1000) / 1000 : null
  if (!isFailureOf(opened)) {
    opened.link.on('error', () => {})
    opened.link.destroy()
  }
  return { key: `frp://${address}`, id: null, name: address, address, kind: 'frp', rttMs, alive, offersTurn: true, behindNat: false }
}
