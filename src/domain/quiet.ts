// Whether a network is quiet: nobody comes, goes or moves, and no peer is silent.
import type { Change } from './ip-table.ts'
import { QUIET_AFTER } from './timings.ts'

/** After it the network is not quiet for `QUIET_AFTER`. What peers say of themselves beside that, and what pings measure, disturbs nobody. */
export const isDisturbing = ({ type, row }: Change): boolean =>
  type === 'added' || type === 'removed' || type === 'reachedByOthers' || (type === 'changed' && row.latency.bursts === 0)

/** `disturbedMs`: when the last such change was. `suspects`: peers that are silent now. */
export const isQuiet = (disturbedMs: number, suspects: number, nowMs: number): boolean =>
  suspects === 0 && nowMs - disturbedMs >= QUIET_AFTER
