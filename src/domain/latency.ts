// Folding pings into what is shown of a peer's latency.
import { leastOf, NO_RECENT_LEAST, type RecentLeast, withValue } from './recent-least.ts'

/** One look at a peer, or silence. `refused`: the host answered that nobody listens, which is no loss. */
export type Burst =
  | {
      readonly type: 'answered'
      /** Best of the answers that were timed; null: none could be, since this node was too busy when they came. */
      readonly rttMs: number | null
      /** Where none could be: about so long. It stands for as long as nothing better is known. */
      readonly roughMs?: number
      /** TCP's handshake, where a connection was made for it. */
      readonly connectMs?: number | null
      /** Of one request: on an idle path some tenths of a ms longer than the best of three, since caches of both programs are cold. */
      readonly isSingle?: true
      /** A speed test over this path ran meanwhile: its queues were timed too. */
      readonly isLoaded?: true
    }
  | { readonly type: 'silent'; readonly refused: boolean; readonly why: string }

/** A figure and when it was measured (wall time). */
export interface Dated {
  readonly ms: number
  readonly atMs: number
}

/** What is kept of a row. Bounded: `MOST_SAMPLES` values and five minima, and nothing of a row that was never measured. */
export interface Latency {
  /** The newest value, which is the best of its burst, or a single request's where no burst says it better; null until one answered. */
  readonly rttMs: number | null
  /** Wall time of it. */
  readonly rttAtMs: number | null
  /** Wall time of the newest that is no single request's. */
  readonly burstAtMs: number | null
  /** The last values, newest last. The very first one is there only while it is alone: it met cold code, caches and paths. */
  readonly samplesMs: readonly number[]
  readonly isCold: boolean
  readonly recent: RecentLeast
  readonly connect: Dated | null
  /** The newest value that was measured beside a speed test over the same path. */
  readonly loaded: Dated | null
  /** The last bursts, newest in the lowest bit: 1 is silence. */
  readonly history: number
  readonly bursts: number
}

const MOST_SAMPLES = 16
const LOSS_WINDOW = 16

export const NO_LATENCY: Latency = {
  rttMs: null,
  rttAtMs: null,
  burstAtMs: null,
  samplesMs: [],
  isCold: false,
  recent: NO_RECENT_LEAST,
  connect: null,
  loaded: null,
  history: 0,
  bursts: 0,
}

export function foldBurst(latency: Latency, burst: Burst, wallMs: number): Latency {
  const history = ((latency.history << 1) | (burst.type === 'silent' && !burst.refused ? 1 : 0)) & 0xffff
  const next = { ...latency, history, bursts: Math.min(LOSS_WINDOW, latency.bursts + 1) }
  if (burst.type === 'silent') return next
  const dated = (ms: number | null | undefined): Dated | null => (typeof ms === 'number' ? { ms: roundMs(ms), atMs: wallMs } : null)
  if (burst.isLoaded) return { ...next, loaded: dated(burst.rttMs) ?? latency.loaded }
  const connect = dated(burst.connectMs) ?? latency.connect
  const ms = burst.rttMs ?? (latency.rttMs === null ? burst.roughMs : undefined)
  if (ms === undefined) return { ...next, connect }
  const rttMs = roundMs(ms)
  if (burst.isSingle && isCoarser(latency, rttMs, wallMs)) {
    const recent = withValue(latency.recent, rttMs, wallMs)
    return { ...next, recent, connect, burstAtMs: isMuchLonger(latency, rttMs) ? null : latency.burstAtMs }
  }
  return {
    ...next,
    rttMs,
    rttAtMs: wallMs,
    burstAtMs: burst.isSingle ? latency.burstAtMs : wallMs,
    // `concat` makes a list of just that length; spreading leaves room for more, twice as much in all.
    samplesMs: latency.isCold ? [rttMs] : latency.samplesMs.slice(1 - MOST_SAMPLES).concat(rttMs),
    isCold: latency.samplesMs.length === 0,
    recent: withValue(latency.isCold ? NO_RECENT_LEAST : latency.recent, rttMs, wallMs),
    connect,
  }
}

/** Above the age of the last burst at which another is due, in a quiet network too (timings/pings.ts). */
const BURST_STANDS = 270_000
/** A single request that takes so much longer may say that the path has changed: the next look shall be a burst. */
const LONGER_MS = 5
const LONGER_SHARE = 1.25

const isMuchLonger = ({ rttMs: knownMs }: Latency, rttMs: number): boolean =>
  knownMs !== null && rttMs > Math.max(knownMs + LONGER_MS, knownMs * LONGER_SHARE)

/** Whether a burst has said it better: it was lately, and one request on the same path may well take so long. */
const isCoarser = ({ rttMs: knownMs, burstAtMs }: Latency, rttMs: number, wallMs: number): boolean =>
  knownMs !== null && burstAtMs !== null && wallMs - burstAtMs <= BURST_STANDS && rttMs >= knownMs

/** What is shown. Null: it was not measured yet. The `At` of a figure is when it was measured, wall time; its age is from then on. */
export interface LatencyFigures {
  readonly rttMs: number | null
  /** The least of the last five minutes: what a path can do, without what else happened to be on it. */
  readonly minMs: number | null
  /** Of the last 16 values. */
  readonly medianMs: number | null
  readonly p95Ms: number | null
  /** Mean of the differences between neighbours among them; null until there are two. */
  readonly jitterMs: number | null
  readonly rttAtMs: number | null
  /** Silent bursts among the last 16. */
  readonly lossPct: number | null
  /** TCP's handshake, which the peer's kernel answers however busy its program is. */
  readonly connectMs: number | null
  readonly connectAtMs: number | null
  /** Answers take much longer than the handshake: it is the server that is busy and not the path. Null: one of them is not known. */
  readonly serverBusy: boolean | null
  readonly loadedMs: number | null
  readonly loadedAtMs: number | null
}

export function figuresOf(latency: Latency, wallMs: number): LatencyFigures {
  const { rttMs, rttAtMs, samplesMs, connect, loaded } = latency
  const sorted = [...samplesMs].sort((a, b) => a - b)
  const minMs = leastOf(latency.recent, wallMs)
  return {
    rttMs,
    minMs,
    medianMs: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
    jitterMs: jitterOf(samplesMs),
    rttAtMs,
    lossPct: latency.bursts === 0 ? null : round((ones(latency.history) / latency.bursts) * 100, 1),
    // No handshake takes longer than a round trip: what is above it was this node's own, as of code that runs for the first time.
    connectMs: connect === null ? null : Math.min(connect.ms, minMs ?? connect.ms),
    connectAtMs: connect?.atMs ?? null,
    serverBusy: minMs === null || connect === null || wallMs - connect.atMs > CONNECT_FOR ? null : isServerBusy(minMs, connect.ms),
    loadedMs: loaded?.ms ?? null,
    loadedAtMs: loaded?.atMs ?? null,
  }
}

/** As Cloudflare's speed test has it; RFC 3550's running mean keeps one outlier for minutes. Null for fewer than two values. */
function jitterOf(samplesMs: readonly number[]): number | null {
  if (samplesMs.length < 2) return null
  const steps = samplesMs.slice(1).map((ms, i) => Math.abs(ms - (samplesMs[i] ?? ms)))
  return roundMs(steps.reduce((sum, step) => sum + step, 0) / steps.length)
}

/** A handshake that is older says nothing of what the path is now. */
const CONNECT_FOR = 3_600_000
const BUSY_MS = 5
const BUSY_SHARE = 0.5

const isServerBusy = (minMs: number, connectMs: number): boolean => minMs - connectMs > Math.max(BUSY_MS, connectMs * BUSY_SHARE)

/** Nearest rank; null for no values. */
const quantile = (sorted: readonly number[], share: number): number | null =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null

/** Milliseconds in whole microseconds: what is beyond says nothing. */
export const roundMs = (ms: number): number => round(ms, 3)
const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits

function ones(bits: number): number {
  let count = 0
  for (let rest = bits; rest > 0; rest &= rest - 1) count++
  return count
}
