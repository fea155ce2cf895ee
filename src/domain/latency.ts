// Folding pings into what is shown of a peer's latency.

/** One burst of pings: the best of it, or silence. `refused`: the host answered that nobody listens, which is no loss. */
export type Burst =
  | { readonly type: 'answered'; readonly rttMs: number }
  | { readonly type: 'silent'; readonly refused: boolean; readonly why: string }

export interface Latency {
  /** Best of the last burst; null until one answered. */
  readonly rttMs: number | null
  /** RFC 3550 §6.4.1: a running mean of the difference between neighbours, 1/16 at a time; null until there are two. */
  readonly jitterMs: number | null
  /** Silent bursts among the last `LOSS_WINDOW`. */
  readonly lossPct: number | null
  /** The last bursts, newest in the lowest bit: 1 is silence. */
  readonly history: number
  readonly bursts: number
}

const LOSS_WINDOW = 16

export const NO_LATENCY: Latency = { rttMs: null, jitterMs: null, lossPct: null, history: 0, bursts: 0 }

export function foldBurst(latency: Latency, burst: Burst): Latency {
  const history = ((latency.history << 1) | (burst.type === 'silent' && !burst.refused ? 1 : 0)) & 0xffff
  const bursts = Math.min(LOSS_WINDOW, latency.bursts + 1)
  const lossPct = round((ones(history) / bursts) * 100, 1)
  if (burst.type === 'silent') return { ...latency, history, bursts, lossPct }
  const rttMs = roundMs(burst.rttMs)
  const step = latency.rttMs === null ? null : Math.abs(rttMs - latency.rttMs)
  const jitterMs = step === null ? null : round(latency.jitterMs === null ? step : latency.jitterMs + (step - latency.jitterMs) / 16, 3)
  return { rttMs, jitterMs, lossPct, history, bursts }
}

/** Milliseconds in whole microseconds: what is beyond says nothing. */
export const roundMs = (ms: number): number => round(ms, 3)
const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits

function ones(bits: number): number {
  let count = 0
  for (let rest = bits; rest > 0; rest &= rest - 1) count++
  return count
}
