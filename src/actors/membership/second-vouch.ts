// A node that one peer has reached, and that no second one has vouched for yet, asks one more to connect back. Others list a word with two vouches
// without a look of their own (docs/decisions/0050, 0054).
import { filter, merge, mergeMap, type Observable, tap } from 'rxjs'
import type { Row } from '../../domain/ip-table.ts'
import { secondVoucher } from '../../domain/second-voucher.ts'
import { ASKED_AGAIN, VOUCHED_FROM, VOUCHES_NEEDED, WATCHED_WHOLE } from '../../domain/timings.ts'
import type { Verdict } from '../../machines/reach-machine.ts'
import type { Clock } from '../../ports.ts'
import type { OwnRecord } from './own-record.ts'
import { RecentMap } from './recent-map.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface SecondVouch {
  /** It was asked to connect back, for whatever reason. */
  asked(key: string): void
  /** This node's address is known, and too few have vouched for it. */
  lacks(): boolean
  /** Asks while subscribed. */
  readonly runs$: Observable<unknown>
}

interface SecondVouchNeeds {
  readonly clock: Pick<Clock, 'now'>
  readonly keeper: Pick<TableKeeper, 'current' | 'changes$'>
  readonly own: Pick<OwnRecord, 'id' | 'lacksVouches'>
  readonly verdict: () => Verdict
  readonly verdicts$: Observable<Verdict>
  /** Some of the peers that this node has reached, by chance. */
  readonly askable: () => readonly Row[]
  /** It has said where it reached this node just now. */
  readonly hasVoted: (key: string) => boolean
  /** Somebody is being asked. */
  readonly isAsking: () => boolean
  /** Asks one of these. */
  readonly ask: (from: readonly Row[]) => Promise<void>
}

/** So many are asked without a pause since the address changed; further ones come with the rounds of `REACH_PERIOD`. */
const MOST_ASKS = 6
const MOST_REMEMBERED = 256

export function createSecondVouch(needs: SecondVouchNeeds): SecondVouch {
  const { clock, keeper, own, verdict, verdicts$, askable, hasVoted, isAsking, ask } = needs
  const askedAtMs = new RecentMap<string, number>(MOST_REMEMBERED)
  let asks = 0
  let address: string | null = null

  const wasAsked = (key: string): boolean => clock.now() - (askedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < ASKED_AGAIN
  const lacks = (): boolean => verdict().type === 'proven' && keeper.current().rows.size >= VOUCHED_FROM && own.lacksVouches()
  /** Enough others vouch for it: two who lack vouches and vouch for each other are listed by nobody who has not looked, since each waits for the other. */
  const isVouchedFor = ({ record: { vouches = [] } }: Row): boolean => vouches.filter(({ by }) => by !== own.id).length >= VOUCHES_NEEDED
  /**
   * All who start at once ask the same one: whom everybody has met, everybody's word is read by. In a large table it is one that this node has
   * reached and others have vouched for, by what those say that came first.
   */
  const candidates = (): readonly Row[] => {
    const { rows } = keeper.current()
    const first: Row[] = []
    for (const row of rows.values()) if (first.push(row) >= WATCHED_WHOLE) break
    const all = rows.size > WATCHED_WHOLE ? askable().filter(isVouchedFor) : first
    const fit = all.filter(({ key }) => key !== own.id && !wasAsked(key) && !hasVoted(key))
    const second = secondVoucher(fit, first, own.id)
    return second === null ? [] : [second]
  }
  const moved = (next: Verdict): void => {
    const nextAddress = next.type === 'proven' ? next.address : null
    if (nextAddress !== address) asks = 0
    address = nextAddress
  }

  return {
    asked: (key) => askedAtMs.set(key, clock.now()),
    lacks,
    runs$: merge(keeper.changes$.pipe(filter(({ type }) => type === 'heard' || type === 'added')), verdicts$.pipe(tap(moved))).pipe(
      filter(() => asks < MOST_ASKS && !isAsking() && lacks()),
      mergeMap(async () => {
        const from = candidates()
        if (from.length === 0) return
        asks++
        await ask(from)
      }),
    ),
  }
}
