// How fast a path is, from what arrived when: the rate at which the transfer stays once it has found its pace, and not the mean of
// all of it, which slow start pulls down by up to 90 % on a long path.
import { type Arrived, type TouchingLine, touchingLine } from './touching-line.ts'

/** Windows: at least this long, and long enough for so many bytes at the rate so far, but never longer than this. */
const WINDOW_MS = 15
const WINDOW_BYTES = 48 * 1024
const WINDOW_MOST_MS = 120
/** What a rate so far is still worth one window later, where the next is slower. */
const RATE_FADES = 0.8
/** Network cards, kernels and event loops hand over lumps: arrivals closer than this are one, up to so long a lump. */
const LUMP_GAP_MS = 1
const LUMP_MOST_MS = 3
/** Above so much of the upper quartile, behind windows below so much of it, a window is a burst: data that a lost packet held up. */
const BURST = 1.12
const HOLE = 0.9
/** Windows that have to be there before one can be told for a burst. */
const BURST_BEHIND = 4
/** Rates that differ by less than this are one; more by so much a second after the first 150 ms or 6 round trips, to this at most. */
const TOLERANCE = 0.04
const TOLERANCE_A_SECOND = 0.08
const TOLERANCE_MOST = 0.12
const WIDENS_AFTER_MS = 150
const WIDENS_AFTER_RTTS = 6
/** How long the path has to keep its pace: so long, so many round trips, and so many windows. */
const HOLD_MS = 60
const HOLD_RTTS = 2
const HOLD_WINDOWS = 4
/** Or, whatever was before, without a break: so long and so many round trips. What was faster then was bursts, or a bucket that is empty now. */
const RUN_MS = 120
const RUN_RTTS = 3
/** Of that time so much may have been faster: more, and the path has not shown all it has. */
const FASTER_MOST = 0.25
/**
 * From here on a receiver that is late by a few ms is wrong by much: its pace is doubted where it was there for less than so much of the
 * time. Above the other there is no path to be seen but that between two programs of one machine.
 */
const LAG_MBPS = 200
const LAG_MOST_MBPS = 1_200
const CLEAR = 0.6
/** That time begins with the first window at so much of the pace. */
const PACE = 0.7
/** A doubted one gives way to the line that arrivals touch, once for so long; in the end for less; and after that it stands. */
const LINE_MS = 120
const LINE_LEAST_MS = 60
const DOUBT_MS = 350
/** Lines are looked for from so much of the pace to so much of it, by arrivals that are at least so far apart. */
const LINE_LOW = 0.5
const LINE_HIGH = 1.1
const LINE_GRAIN_MS = 2
/** What a look for one costs is bounded: so much of the past. */
const LINE_PAST_MS = 500
/** Of a transfer that never settled, the part that counts: its end. */
const TAIL = 0.6
/** An interval as wide as this, each way, is worth nothing; one of a path that never settled is worth half of what it covers. */
const WORTHLESS = 0.25
const UNSETTLED_WORTH = 0.5
/** One that settled is worth less where it was at its pace for less than half of the time: others may use the path. */
const COVERED_BASE = 0.5

export interface Plateau {
  readonly mbps: number
  /** Where the rate lies: of a path that never settled, its windows but for the slowest and the fastest tenth. */
  readonly lowMbps: number
  readonly highMbps: number
  /** 0 to 1: the part of the time at this pace. */
  readonly coverage: number
  /** 0 to 1. */
  readonly confidence: number
  /** It kept one pace for long enough: going on would tell nothing new. */
  readonly settled: boolean
}

/** A stretch of the transfer. */
interface Window {
  readonly mbps: number
  readonly ms: number
  /** Windows of it in which something arrived: a rate that is only drawn from one arrival to the next is no evidence. */
  readonly seen: number
}

/**
 * Watches one transfer, over however many connections, by one clock where it arrives. It keeps windows and no arrivals, and looks at
 * them once in a window: at most some 250 of them in the 3.8 s that a test may last.
 */
export class PlateauWatch {
  readonly #rttMs: number
  #startMs = Number.NaN
  #lastMs = Number.NaN
  #bytes = 0
  /** The lump that is coming: since when, until when, and what has arrived in all with it. */
  #lump: { readonly sinceMs: number; ms: number; bytes: number } | null = null
  #windowMs = WINDOW_MS
  #windowStartMs = 0
  #windowStartBytes = 0
  #rateMbps = 0
  /** Something has arrived in the window that is open. */
  #isSeen = false
  /** Bursts and the holes before them are one window each. */
  readonly #windows: Window[] = []
  /** What has come by the ends of lumps. */
  readonly #arrived: Arrived[] = []
  #found: Window | null = null
  #settled = false

  /** `rttMs`: of the path at rest. */
  constructor(rttMs: number) {
    this.#rttMs = rttMs
  }

  /** So much has arrived in all by then. True: it has settled, now or before. What comes after that is not looked at. */
  arrived(ms: number, bytes: number): boolean {
    if (this.#settled) return true
    const lump = this.#lump
    if (lump !== null && ms - lump.ms < LUMP_GAP_MS && ms - lump.sinceMs < LUMP_MOST_MS) {
      lump.ms = Math.max(lump.ms, ms)
      lump.bytes = bytes
      return false
    }
    if (lump !== null) this.#advance(lump.ms, lump.bytes)
    this.#lump = { sinceMs: ms, ms, bytes }
    return this.#settled
  }

  /** What a lump holds has come since the one before, at a steady rate. */
  #advance(ms: number, bytes: number): void {
    if (Number.isNaN(this.#startMs)) {
      this.#startMs = ms
      this.#windowStartMs = ms
      this.#lastMs = ms
      this.#windowStartBytes = this.#bytes = bytes
    }
    const rate = ms > this.#lastMs ? (bytes - this.#bytes) / (ms - this.#lastMs) : 0
    for (let endMs = this.#windowStartMs + this.#windowMs; endMs <= ms && !this.#settled; endMs = this.#windowStartMs + this.#windowMs)
      this.#close(endMs, this.#bytes + rate * (endMs - this.#lastMs))
    this.#isSeen = true
    if (ms - (this.#arrived.at(-1)?.ms ?? Number.NEGATIVE_INFINITY) >= LINE_GRAIN_MS) this.#arrived.push({ ms, bytes })
    this.#lastMs = Math.max(this.#lastMs, ms)
    this.#bytes = bytes
  }

  /** How many windows it has to look at. */
  get windows(): number {
    return this.#windows.length
  }

  /** What is known so far. Null: nothing, since all came at one moment or not at all. */
  plateau(): Plateau | null {
    if (this.#lump !== null && !this.#settled) this.#advance(this.#lump.ms, this.#lump.bytes)
    this.#lump = null
    const found = this.#found
    const elapsedMs = this.#windowStartMs - this.#startMs
    const tolerance = this.#tolerance()
    if (this.#settled && found) {
      return plateauOf(found.mbps, [found.mbps * (1 - tolerance), found.mbps * (1 + tolerance)], {
        coverage: Math.min(1, found.ms / elapsedMs),
        confidence: (1 - tolerance / WORTHLESS) * Math.min(1, COVERED_BASE + found.ms / elapsedMs),
        settled: true,
      })
    }
    const wholeMs = this.#lastMs - this.#startMs
    if (!(wholeMs > 0)) return null
    const tail = tailOf(this.#windows)
    const mean = tail.length > 0 ? meanOf(tail) : mbpsOf(this.#bytes, wholeMs)
    const coverage = found && elapsedMs > 0 ? Math.min(1, found.ms / elapsedMs) : 0
    const rates = tail.map(({ mbps }) => mbps).sort((a, b) => a - b)
    const isHeld = found !== null && found.ms > HOLD_MS
    const mbps = isHeld ? Math.max(found.mbps, mean) : mean
    const range = [Math.min(mbps, quantile(rates, 0.1) ?? 0), Math.max(mbps, quantile(rates, 0.9) ?? mbps)] as const
    return plateauOf(mbps, range, { coverage, confidence: UNSETTLED_WORTH * coverage, settled: false })
  }

  #close(endMs: number, bytes: number): void {
    const ms = endMs - this.#windowStartMs
    const mbps = mbpsOf(bytes - this.#windowStartBytes, ms)
    this.#windowStartMs = endMs
    this.#windowStartBytes = bytes
    this.#rateMbps = Math.max(this.#rateMbps * RATE_FADES, mbps)
    const filledMs = this.#rateMbps > 0 ? (WINDOW_BYTES * 8) / this.#rateMbps / 1_000 : 0
    this.#windowMs = Math.min(WINDOW_MOST_MS, Math.max(WINDOW_MS, filledMs))
    takeIn(this.#windows, { mbps, ms, seen: this.#isSeen ? 1 : 0 })
    this.#isSeen = false
    this.#look()
  }

  #look(): void {
    if (this.#windows.length < HOLD_WINDOWS) return
    const sorted = this.#windows.toSorted((a, b) => a.mbps - b.mbps)
    const tolerance = this.#tolerance()
    const run = lastRun(this.#windows, tolerance)
    const isRun = run.ms >= Math.max(RUN_MS, RUN_RTTS * this.#rttMs) && run.seen >= HOLD_WINDOWS
    const found = isRun ? run : densest(sorted, tolerance)
    this.#found = found
    const fasterMs = sorted.reduce((sum, { mbps, ms }) => (mbps > found.mbps * (1 + 2 * tolerance) ? sum + ms : sum), 0)
    const isHeld =
      isRun || (found.ms >= Math.max(HOLD_MS, HOLD_RTTS * this.#rttMs) && found.seen >= HOLD_WINDOWS && fasterMs <= FASTER_MOST * found.ms)
    const pacedMs = this.#pacedMs(found.mbps)
    if (found.mbps < LAG_MBPS || found.mbps > LAG_MOST_MBPS || found.ms >= CLEAR * pacedMs) {
      this.#settled = isHeld
      return
    }
    const isOver = isHeld && pacedMs >= DOUBT_MS
    const line = this.#line(found.mbps, pacedMs)
    // The line is one of a grid, and may lie a little beside what the windows saw.
    const lineMbps = Math.min(sorted.at(-1)?.mbps ?? 0, Math.max(sorted[0]?.mbps ?? 0, line?.mbps ?? 0))
    const isLine = line !== null && line.ms >= (isOver ? LINE_LEAST_MS : Math.max(LINE_MS, HOLD_RTTS * this.#rttMs))
    this.#settled = isLine || isOver
    if (isLine) this.#found = { ...found, mbps: lineMbps, ms: line.ms }
  }

  /** Since it first came to that pace, and no longer ago than counts. */
  #line(mbps: number, pacedMs: number): TouchingLine | null {
    const sinceMs = this.#windowStartMs - Math.min(pacedMs, LINE_PAST_MS)
    const arrived = this.#arrived.filter(({ ms }) => ms >= sinceMs)
    return touchingLine(arrived, [mbps * LINE_LOW, mbps * LINE_HIGH])
  }

  /** How long ago it first came to this pace. */
  #pacedMs(mbps: number): number {
    const first = this.#windows.findIndex((one) => one.mbps >= PACE * mbps)
    return this.#windows.slice(first).reduce((sum, { ms }) => sum + ms, 0)
  }

  #tolerance(): number {
    const lateMs = this.#windowStartMs - this.#startMs - Math.max(WIDENS_AFTER_MS, WIDENS_AFTER_RTTS * this.#rttMs)
    return Math.min(TOLERANCE_MOST, TOLERANCE + (TOLERANCE_A_SECOND * Math.max(0, lateMs)) / 1_000)
  }
}

/** Adds a window. After a loss nothing is delivered for a while and then everything at once: both together are one window. */
function takeIn(windows: Window[], next: Window): void {
  let one = next
  while (windows.length >= BURST_BEHIND) {
    const usual = quantile(
      windows.map(({ mbps }) => mbps).sort((a, b) => a - b),
      0.75,
    )
    const before = windows.at(-1)
    if (usual === undefined || before === undefined || one.mbps <= BURST * usual || before.mbps >= HOLE * usual) break
    windows.pop()
    one = { mbps: meanOf([before, one]), ms: before.ms + one.ms, seen: before.seen + one.seen }
  }
  windows.push(one)
}

/** Of all groups of windows within the tolerance around one of them: the one with the most time, the faster the better. */
function densest(sorted: readonly Window[], tolerance: number): Window {
  let best: Window & { readonly score: number } = { mbps: 0, ms: 0, seen: 0, score: -1 }
  let [first, end, ms, bits, seen] = [0, 0, 0, 0, 0]
  for (const { mbps: centre } of sorted) {
    for (let next = sorted[end]; next && next.mbps <= centre * (1 + tolerance); next = sorted[++end]) {
      ms += next.ms
      bits += next.mbps * next.ms
      seen += next.seen
    }
    for (let out = sorted[first]; out && out.mbps < centre * (1 - tolerance); out = sorted[++first]) {
      ms -= out.ms
      bits -= out.mbps * out.ms
      seen -= out.seen
    }
    if (ms * centre > best.score) best = { mbps: bits / ms, ms, seen, score: ms * centre }
  }
  return best
}

/** The last windows as long as each is within the tolerance of those behind it. */
function lastRun(windows: readonly Window[], tolerance: number): Window {
  let [count, ms, bits, seen] = [0, 0, 0, 0]
  for (let next = windows.at(-1); next; next = windows.at(-1 - count)) {
    if (ms > 0 && Math.abs(next.mbps - bits / ms) > (tolerance * bits) / ms) break
    count++
    ms += next.ms
    bits += next.mbps * next.ms
    seen += next.seen
  }
  return { mbps: bits / ms, ms, seen }
}

/** The last windows, of `TAIL` of the time. */
function tailOf(windows: readonly Window[]): readonly Window[] {
  const wantedMs = windows.reduce((sum, { ms }) => sum + ms, 0) * TAIL
  let first = windows.length
  for (let ms = 0; first > 0 && ms < wantedMs; ms += windows[first]?.ms ?? 0) first--
  return windows.slice(first)
}

const plateauOf = (
  mbps: number,
  [low, high]: readonly [number, number],
  { coverage, confidence, settled }: Pick<Plateau, 'coverage' | 'confidence' | 'settled'>,
): Plateau => ({
  mbps: round(mbps, 3),
  lowMbps: round(low, 3),
  highMbps: round(high, 3),
  coverage: round(coverage, 2),
  confidence: round(confidence, 2),
  settled,
})

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits
const mbpsOf = (bytes: number, ms: number): number => (bytes * 8) / ms / 1_000
const quantile = (sorted: readonly number[], at: number): number | undefined =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))]

function meanOf(windows: readonly Window[]): number {
  const [ms, bits] = windows.reduce(([time, sum], one) => [time + one.ms, sum + one.mbps * one.ms] as const, [0, 0] as readonly [
    number,
    number,
  ])
  return ms > 0 ? bits / ms : 0
}
