// How fast a path is, from what arrived when: the rate at which the transfer stays once it has found its pace, and not the mean of
// all of it, which slow start pulls down by up to 90 % on a long path.
import { isDoubted, settledDoubt } from './pace-doubt.ts'
import { densest, lastRun, mbpsOf, meanOf, quantile, tailOf, type Window } from './speed-windows.ts'
import { TransferWindows } from './transfer-windows.ts'

/**
 * Rates that differ by less than this are one. After the first 150 ms or 6
 * round trips more is allowed with every second, up to a limit.
 */
const TOLERANCE = 0.04
const TOLERANCE_A_SECOND = 0.08
const TOLERANCE_MOST = 0.12
const WIDENS_AFTER_MS = 150
const WIDENS_AFTER_RTTS = 6
/** How long the path has to keep its pace: so long, so many round trips, and so many windows. */
const HOLD_MS = 60
const HOLD_RTTS = 2
const HOLD_WINDOWS = 4
/**
 * Or it has kept its pace until now without a break, for so long and so many round trips. What was faster before was a burst, or a
 * token bucket that is empty now.
 */
const RUN_MS = 120
const RUN_RTTS = 3
/** This share of that time may have been faster. With more, the path can do better than the pace that was found. */
const FASTER_MOST = 0.25
/**
 * Nor may the last round trip have brought more than the pace, here twice the tolerance more. In slow start each brings twice what the
 * one before did, in a burst behind a pause; both together make windows of one rate for two round trips.
 */
const FASTER = 2
/** A transfer has reached a pace with the first window at this share of it. */
const PACE = 0.7
/**
 * Of the confidence: an interval that is this wide, up and down, is worth
 * nothing. A path that never settled is worth half of its coverage.
 */
const WORTHLESS = 0.25
const UNSETTLED_WORTH = 0.5
/** One that settled is worth less if it was at its pace for less than half of the time, since others may use the path. */
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

/**
 * Watches one transfer, over however many connections, by one clock where it arrives. It keeps windows and no arrivals, and looks at
 * them once in a window: at most some 250 of them in the 3.8 s that a test may last.
 */
export class PlateauWatch {
  readonly #rttMs: number
  readonly #transfer: TransferWindows
  #found: Window | null = null
  #settled = false

  /** `rttMs`: of the path at rest. */
  constructor(rttMs: number) {
    this.#rttMs = rttMs
    this.#transfer = new TransferWindows(() => {
      this.#look()
      return this.#settled
    })
  }

  /** So much has arrived in all by then. True: it has settled, now or before. What comes after that is not looked at. */
  arrived(ms: number, bytes: number): boolean {
    if (!this.#settled) this.#transfer.add(ms, bytes)
    return this.#settled
  }

  /** How many windows it has to look at. */
  get windows(): number {
    return this.#transfer.windows.length
  }

  /** What is known so far. Null: nothing, since all came at one moment or not at all. */
  plateau(): Plateau | null {
    if (!this.#settled) this.#transfer.endLump()
    const { windows, startMs, windowStartMs, lastMs, bytes } = this.#transfer
    const found = this.#found
    const elapsedMs = windowStartMs - startMs
    const tolerance = this.#tolerance()
    if (this.#settled && found) {
      return plateauOf(found.mbps, [found.mbps * (1 - tolerance), found.mbps * (1 + tolerance)], {
        coverage: Math.min(1, found.ms / elapsedMs),
        confidence: (1 - tolerance / WORTHLESS) * Math.min(1, COVERED_BASE + found.ms / elapsedMs),
        settled: true,
      })
    }
    const wholeMs = lastMs - startMs
    if (!(wholeMs > 0)) return null
    const tail = tailOf(windows)
    const mean = tail.length > 0 ? meanOf(tail) : mbpsOf(bytes, wholeMs)
    const coverage = found && elapsedMs > 0 ? Math.min(1, found.ms / elapsedMs) : 0
    const rates = tail.map(({ mbps }) => mbps).sort((a, b) => a - b)
    const isHeld = found !== null && found.ms > HOLD_MS
    const mbps = isHeld ? Math.max(found.mbps, mean) : mean
    const range = [Math.min(mbps, quantile(rates, 0.1) ?? 0), Math.max(mbps, quantile(rates, 0.9) ?? mbps)] as const
    return plateauOf(mbps, range, { coverage, confidence: UNSETTLED_WORTH * coverage, settled: false })
  }

  #look(): void {
    const { windows, windowStartMs, moments } = this.#transfer
    if (windows.length < HOLD_WINDOWS) return
    const sorted = windows.toSorted((a, b) => a.mbps - b.mbps)
    const tolerance = this.#tolerance()
    const run = lastRun(windows, tolerance)
    const isRun = run.ms >= Math.max(RUN_MS, RUN_RTTS * this.#rttMs) && run.seen >= HOLD_WINDOWS
    const found = isRun ? run : densest(sorted, tolerance)
    this.#found = found
    const fast = found.mbps * (1 + FASTER * tolerance)
    const fasterMs = sorted.reduce((sum, { mbps, ms }) => (mbps > fast ? sum + ms : sum), 0)
    const isLong = found.ms >= Math.max(HOLD_MS, HOLD_RTTS * this.#rttMs) && found.seen >= HOLD_WINDOWS
    const lately = this.#transfer.lately(Math.max(HOLD_MS, this.#rttMs))
    const isHeld = isRun || (isLong && fasterMs <= FASTER_MOST * found.ms && lately <= fast)
    const pacedMs = this.#pacedMs(found.mbps)
    if (!isDoubted(found, pacedMs)) {
      this.#settled = isHeld
      return
    }
    const settled = settledDoubt(moments, {
      ...{ found, isHeld, pacedMs, nowMs: windowStartMs, leastMs: HOLD_RTTS * this.#rttMs },
      seenMbps: [sorted[0]?.mbps ?? 0, sorted.at(-1)?.mbps ?? 0],
    })
    this.#settled = settled !== null
    this.#found = settled ?? found
  }

  /** How long ago it first came to this pace. */
  #pacedMs(mbps: number): number {
    const { windows } = this.#transfer
    const first = windows.findIndex((one) => one.mbps >= PACE * mbps)
    return windows.slice(first).reduce((sum, { ms }) => sum + ms, 0)
  }

  #tolerance(): number {
    const { windowStartMs, startMs } = this.#transfer
    const lateMs = windowStartMs - startMs - Math.max(WIDENS_AFTER_MS, WIDENS_AFTER_RTTS * this.#rttMs)
    return Math.min(TOLERANCE_MOST, TOLERANCE + (TOLERANCE_A_SECOND * Math.max(0, lateMs)) / 1_000)
  }
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
