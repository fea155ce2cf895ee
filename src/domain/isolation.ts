// Whether this node's own link is in doubt: when nobody answers any more, it is more likely that this node went away than all the
// others. A refusal is an answer of the host and speaks for the link. Rule of Lifeguard (local health) in its smallest form.
import { ISOLATED_PEERS, ISOLATED_PEERS_ANY } from './timings.ts'

export interface Isolation {
  /** Peers that were silent since anybody answered last. */
  readonly silent: ReadonlySet<string>
  /** Since when; null: the link is not in doubt. Monotonic ms. */
  readonly sinceMs: number | null
}

export const NOT_ISOLATED: Isolation = { silent: new Set(), sinceMs: null }

/** Somebody answered, or refused: the link works. */
export const afterAnswer = (isolation: Isolation): Isolation => (isolation.silent.size === 0 ? isolation : NOT_ISOLATED)

/** A peer was silent. `others`: how many peers are listed in all. */
export function afterSilence({ silent, sinceMs }: Isolation, peer: string, others: number, nowMs: number): Isolation {
  const all = new Set(silent).add(peer)
  const inDoubt = all.size >= ISOLATED_PEERS_ANY || (all.size >= ISOLATED_PEERS && all.size * 2 > others)
  return { silent: all, sinceMs: inDoubt ? (sinceMs ?? nowMs) : null }
}

/** A peer is not asked any more. Where none is left that was silent, nothing speaks against the link. */
export function afterForgetting({ silent, sinceMs }: Isolation, peer: string): Isolation {
  if (!silent.has(peer)) return { silent, sinceMs }
  const rest = new Set(silent)
  rest.delete(peer)
  if (rest.size === 0) return NOT_ISOLATED
  return { silent: rest, sinceMs }
}
