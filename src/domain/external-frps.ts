// How a stock frps of the configuration stands: what its logins came to, and when it may be asked again.
import { REFUSAL_FIRST, REFUSAL_LAST } from './timings.ts'

/** `refused`: it answered, and said no, or its certificate is not the right one: asking again at once changes nothing. */
export type LoginOutcome =
  | { readonly type: 'answered'; readonly rttMs: number }
  | { readonly type: 'refused'; readonly why: string }
  | { readonly type: 'failed'; readonly why: string }

export interface ExternalStanding {
  /** Null while it is not known. */
  readonly rttMs: number | null
  /** Why it can't be used, as one clause; null: nothing speaks against it. */
  readonly why: string | null
  /** Null: never. Long ago, where what was heard counts no more. */
  readonly askedAtMs: number | null
  /** Refusals since it last carried this node. */
  readonly refusals: number
  readonly notBeforeMs: number
}

export const NOT_ASKED: ExternalStanding = {
  rttMs: null,
  why: null,
  askedAtMs: null,
  refusals: 0,
  notBeforeMs: Number.NEGATIVE_INFINITY,
}

/** A login was tried. `fraction` in [0, 1) spreads what many nodes do after the same refusal. */
export function afterLogin(standing: ExternalStanding, outcome: LoginOutcome, nowMs: number, fraction: number): ExternalStanding {
  if (outcome.type === 'answered') return { ...standing, rttMs: outcome.rttMs, why: null, askedAtMs: nowMs }
  const failed = { ...standing, rttMs: null, why: outcome.why, askedAtMs: nowMs }
  if (outcome.type === 'failed') return failed
  const waitMs = Math.min(REFUSAL_LAST, REFUSAL_FIRST * 2 ** Math.min(standing.refusals, 16)) * (0.75 + 0.5 * fraction)
  return { ...failed, refusals: standing.refusals + 1, notBeforeMs: nowMs + waitMs }
}

/** It carries this node, and its mux answered in that time. */
export const inUse = (rttMs: number, nowMs: number): ExternalStanding => ({ ...NOT_ASKED, rttMs, askedAtMs: nowMs })

/** Its tunnel ended: what was known of it counts no more, but what speaks against it does. */
export const doubted = (standing: ExternalStanding): ExternalStanding =>
  standing.why === null ? { ...standing, rttMs: null, askedAtMs: Number.NEGATIVE_INFINITY } : standing

export const mayAsk = ({ askedAtMs, notBeforeMs }: ExternalStanding, nowMs: number, maxAgeMs: number): boolean =>
  nowMs >= notBeforeMs && (askedAtMs === null || nowMs - askedAtMs >= maxAgeMs)
