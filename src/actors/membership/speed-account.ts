// What automatic speed tests cost this node, begun here or by others: bytes within a day's budget, and never while it carries traffic.
import { type Observable, Subject } from 'rxjs'
import { maySpend, NOTHING_SPENT, restored, type SpeedSpending, spent, spentBytes } from '../../domain/speed-budget.ts'
import type { Clock } from '../../ports.ts'

export interface SpeedAccount {
  /** Whether another one may begin now. */
  isOpen(): boolean
  /** Why not, as a clause; null: it may. */
  closedBy(): string | null
  /** Payload of one, both ways together. */
  spend(bytes: number): void
  /** Within the last day. */
  usedBytes(): number
  /** The same by the hour, to be kept. */
  spending(): SpeedSpending
  /** It has changed. */
  readonly spent$: Observable<void>
  /** What was kept in an earlier run. */
  restore(kept: SpeedSpending | 'damaged'): void
}

interface AccountNeeds {
  readonly clock: Pick<Clock, 'wallMs'>
  /** A day, both ways together. 0: none is made and none is served. */
  readonly budgetBytes: number
  /** This node carries traffic now. */
  readonly isBusy: () => boolean
}

export function createSpeedAccount({ clock, budgetBytes, isBusy }: AccountNeeds): SpeedAccount {
  let spending = NOTHING_SPENT
  const spent$ = new Subject<void>()
  const closedBy = (): string | null => {
    if (budgetBytes === 0) return 'this node serves no speed tests that nobody asked for'
    if (isBusy()) return 'this node carries traffic'
    return maySpend(spending, budgetBytes, clock.wallMs()) ? null : "this node's budget for speed tests is used up for now"
  }
  return {
    isOpen: () => closedBy() === null,
    closedBy,
    spend: (bytes) => {
      spending = spent(spending, bytes, clock.wallMs())
      spent$.next()
    },
    usedBytes: () => spentBytes(spending, clock.wallMs()),
    spending: () => spending,
    spent$,
    restore: (kept) => {
      spending = restored(kept, spending, budgetBytes, clock.wallMs())
      // The damaged file was set aside: until the next test there would be none.
      if (kept === 'damaged') spent$.next()
    },
  }
}
