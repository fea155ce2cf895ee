// What automatic speed tests have used of the day's budget, over a restart of the node.
import { SPENDING_PERIOD } from '../../domain/timings.ts'
import type { Clock, Store } from '../../ports.ts'
import type { Health } from '../health.ts'
import { createWriteBehind } from '../write-behind.ts'
import type { SpeedAccount } from './speed-account.ts'

export interface SpendingFile {
  /** Gives the account what was kept. Before the first test. */
  read(): Promise<void>
  /** Writes what is not on disk yet and ends. */
  close(): Promise<void>
}

interface SpendingFileNeeds {
  readonly clock: Clock
  readonly store: Pick<Store, 'readSpeedSpending' | 'writeSpeedSpending'>
  readonly account: Pick<SpeedAccount, 'spending' | 'spent$' | 'restore'>
  readonly health: Pick<Health, 'set'>
  readonly onBug: (error: unknown) => void
}

export function createSpendingFile({ clock, store, account, health, onBug }: SpendingFileNeeds): SpendingFile {
  const write: Parameters<typeof createWriteBehind>[0]['write'] = async () => {
    const failure = await store.writeSpeedSpending(account.spending())
    health.set('speed tests', failure === null ? null : { level: 'warn', text: failure.text, fix: failure.fix })
    return failure
  }
  const behind = createWriteBehind({ clock, periodMs: SPENDING_PERIOD, write, onBug })
  return {
    read: async () => {
      const kept = await store.readSpeedSpending()
      account.spent$.subscribe(behind.changed)
      account.restore(kept)
    },
    close: behind.close,
  }
}
