// What automatic speed tests cost this node, begun here or by others: bytes within a day's budget, and never while it carries traffic.
import { maySpend, NOTHING_SPENT, spent, spentBytes } from '../../domain/speed-budget.ts'
import type { Clock } from '../../ports.ts'

export interface SpeedAccount {
  /** Whether another one may begin now. */
  isOpen(): boolean
  /** Payload of one, both ways together. */
  spend(bytes: number): void
  /** Within the last day. */
  usedBytes(): number
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
  return {
    isOpen: () => !isBusy() && maySpend(spending, budgetBytes, clock.wallMs()),
    spend: (bytes) => {
      spending = spent(spending, bytes, clock.wallMs())
    },
    usedBytes: () => spentBytes(spending, clock.wallMs()),
  }
}
