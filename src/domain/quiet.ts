// Whether a network is quiet: nobody comes, goes or moves, and no peer is silent.
import type { Change } from './ip-table.ts'
import { QUIET_AFTER } from './timings.ts'

/**
 * After it the network is not quiet for `QUIET_AFTER`. Who has answered here and is heard of anew has moved; this node's own row has nothing measured
 * at a new address. What peers say of themselves beside that, and what pings measure, disturbs nobody.
 */
export const isDisturbing = ({ type, row }: Change): boolean =>
  ['added', 'removed', 'reachedByOthers'].includes(type) ||
  (type === 'heard' && row.lastProofMs !== null) ||
  (type === 'changed' && row.latency.bursts === 0)

/** `disturbedMs`: when the last such change was. `suspects`: peers that are silent now. */
export const isQuiet = (disturbedMs: number, suspects: number, nowMs: number): boolean =>
  suspects === 0 && nowMs - disturbedMs >= QUIET_AFTER
