// What has arrived of a transfer: lumps, cut into windows of one rate each.
import { mbpsOf, takeIn, type Window } from './speed-windows.ts'
import type { Arrived } from './touching-line.ts'

/** A window is at least this long, and long enough for so many bytes at the rate so far, but never longer than the last figure. */
const WINDOW_MS = 15
const WINDOW_BYTES = 48 * 1024
const WINDOW_MOST_MS = 120
/** A rate that was seen counts for this share one window later, if the next window is slower. */
const RATE_FADES = 0.8
/** Network cards, kernels and event loops hand over lumps. Arrivals that are closer than this are one lump, up to this length. */
const LUMP_GAP_MS = 1
const LUMP_MOST_MS = 3
/** Moments that are kept are at least so far apart. */
const MOMENT_GRAIN_MS = 2

/** Keeps windows and moments, and no single arrival. */
export class TransferWindows {
  /** Bursts and the holes before them are one window each. */
  readonly windows: Window[] = []
  /** What has come by the ends of lumps. */
  readonly moments: Arrived[] = []
  /** When the first came, and the last. */
  startMs = Number.NaN
  lastMs = Number.NaN
  /** Where the window that is open began. */
  windowStartMs = 0
  bytes = 0
  /** The lump that is coming: since when, until when, and what has arrived in all with it. */
  #lump: { readonly sinceMs: number; ms: number; bytes: number } | null = null
  #windowMs = WINDOW_MS
  #windowStartBytes = 0
  #rateMbps = 0
  /** Something has arrived in the window that is open. */
  #isSeen = false
  #isEnough = false
  readonly #onWindow: () => boolean

  /** `onWindow`: there is one more; true: it was the last that is wanted. */
  constructor(onWindow: () => boolean) {
    this.#onWindow = onWindow
  }

  /** So much has arrived in all by then. */
  add(ms: number, bytes: number): void {
    const lump = this.#lump
    if (lump !== null && ms - lump.ms < LUMP_GAP_MS && ms - lump.sinceMs < LUMP_MOST_MS) {
      lump.ms = Math.max(lump.ms, ms)
      lump.bytes = bytes
      return
    }
    if (lump !== null) this.#advance(lump.ms, lump.bytes)
    this.#lump = { sinceMs: ms, ms, bytes }
  }

  /** Nothing more comes with the lump that is open. */
  endLump(): void {
    if (this.#lump !== null) this.#advance(this.#lump.ms, this.#lump.bytes)
    this.#lump = null
  }

  /** The mean of the last so many ms before the window that is open, in Mbit/s; of all of it where it is shorter. */
  lately(forMs: number): number {
    const sinceMs = this.windowStartMs - forMs
    const before = this.moments.findLast(({ ms }) => ms <= sinceMs) ?? this.moments[0]
    if (before === undefined || before.ms >= this.windowStartMs) return 0
    return mbpsOf(this.#windowStartBytes - before.bytes, this.windowStartMs - before.ms)
  }

  /** What a lump holds has come since the one before, at a steady rate. */
  #advance(ms: number, bytes: number): void {
    if (Number.isNaN(this.startMs)) {
      this.startMs = ms
      this.windowStartMs = ms
      this.lastMs = ms
      this.#windowStartBytes = this.bytes = bytes
    }
    const rate = ms > this.lastMs ? (bytes - this.bytes) / (ms - this.lastMs) : 0
    for (let endMs = this.windowStartMs + this.#windowMs; endMs <= ms && !this.#isEnough; endMs = this.windowStartMs + this.#windowMs)
      this.#close(endMs, this.bytes + rate * (endMs - this.lastMs))
    this.#isSeen = true
    if (ms - (this.moments.at(-1)?.ms ?? Number.NEGATIVE_INFINITY) >= MOMENT_GRAIN_MS) this.moments.push({ ms, bytes })
    this.lastMs = Math.max(this.lastMs, ms)
    this.bytes = bytes
  }

  #close(endMs: number, bytes: number): void {
    const ms = endMs - this.windowStartMs
    const mbps = mbpsOf(bytes - this.#windowStartBytes, ms)
    this.windowStartMs = endMs
    this.#windowStartBytes = bytes
    this.#rateMbps = Math.max(this.#rateMbps * RATE_FADES, mbps)
    const filledMs = this.#rateMbps > 0 ? (WINDOW_BYTES * 8) / this.#rateMbps / 1_000 : 0
    this.#windowMs = Math.min(WINDOW_MOST_MS, Math.max(WINDOW_MS, filledMs))
    takeIn(this.windows, { mbps, ms, seen: this.#isSeen ? 1 : 0 })
    this.#isSeen = false
    this.#isEnough = this.#onWindow()
  }
}
