// A transfer's rate from what arrived when, without the slow start.

/** What had arrived in all by a moment, counted from the first byte. */
export interface Arrival {
  readonly ms: number
  readonly bytes: number
}

export interface Rate {
  readonly mbps: number
  /** 0 to 1: one less the spread of the last windows' rates. */
  readonly confidence: number
  /** The last windows agree: going on would tell nothing new. */
  readonly stable: boolean
}

const WINDOWS = 4
/** Shorter windows see single bursts; longer ones cost bytes. */
const WINDOW_MS = 40
const STABLE_SPREAD = 0.08

/**
 * The rate over the last windows, which leaves TCP's slow start behind: a whole transfer's mean reads up to 90 % low on a
 * long path. A transfer too short for windows is taken whole.
 */
export function rateOf(arrivals: readonly Arrival[]): Rate | null {
  const last = arrivals.at(-1)
  const first = arrivals[0]
  if (!first || !last || last.ms - first.ms <= 0) return null
  const whole = mbps(last.bytes - first.bytes, last.ms - first.ms)
  const rates: number[] = []
  let end = last
  for (let i = arrivals.length - 1; i >= 0 && rates.length < WINDOWS; i--) {
    const start = arrivals[i]
    if (!start || end.ms - start.ms < WINDOW_MS) continue
    rates.push(mbps(end.bytes - start.bytes, end.ms - start.ms))
    end = start
  }
  if (rates.length < WINDOWS) return { mbps: whole, confidence: rates.length / (2 * WINDOWS), stable: false }
  const mean = mbps(last.bytes - end.bytes, last.ms - end.ms)
  const spread = mean === 0 ? 1 : (Math.max(...rates) - Math.min(...rates)) / mean
  return { mbps: mean, confidence: Math.max(0, Math.min(1, 1 - spread)), stable: spread <= STABLE_SPREAD }
}

const mbps = (bytes: number, ms: number): number => Math.round((bytes * 8) / ms) / 1000
