// Watches the table for what disturbs a quiet network.
import { defer, filter, type Observable } from 'rxjs'
import { isDisturbing, isQuiet } from '../../domain/quiet.ts'
import type { Clock } from '../../ports.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Quiet {
  isQuiet(): boolean
  /** It was quiet, and is not any more. Watches while it is subscribed. */
  readonly disturbed$: Observable<unknown>
}

export function createQuiet({
  clock,
  keeper,
}: {
  readonly clock: Pick<Clock, 'now'>
  readonly keeper: Pick<TableKeeper, 'current' | 'changes$'>
}): Quiet {
  let disturbedMs = clock.now()
  let wasQuiet = false
  const now = (): boolean => {
    wasQuiet = isQuiet(disturbedMs, keeper.current().suspects.size, clock.now())
    return wasQuiet
  }
  return {
    isQuiet: now,
    disturbed$: defer(() => {
      disturbedMs = clock.now()
      return keeper.changes$.pipe(
        filter((change) => {
          const isNews = isDisturbing(change)
          if (isNews) disturbedMs = clock.now()
          // Asked of by each plan: where nothing was planned in quiet there is nothing to plan anew.
          return (isNews || change.type === 'suspected') && wasQuiet && !now()
        }),
      )
    }),
  }
}
