// Windows of a transfer, a rate each, and what several of them come to.

/** A stretch of the transfer. */
export interface Window {
  readonly mbps: number
  readonly ms: number
  /** Windows of it in which something arrived: a rate that is only drawn from one arrival to the next is no evidence. */
  readonly seen: number
}

/** Above so much of the upper quartile, behind windows below so much of it, a window is a burst: data that a lost packet held up. */
const BURST = 1.12
const HOLE = 0.9
/** Windows that have to be there before one can be told for a burst. */
const BURST_BEHIND = 4
/** Of a transfer that never settled, the part that counts: its end. */
const TAIL = 0.6

/** Adds a window. After a loss nothing is delivered for a while and then everything at once: both together are one window. */
export function takeIn(windows: Window[], next: Window): void {
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
export function densest(sorted: readonly Window[], tolerance: number): Window {
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
export function lastRun(windows: readonly Window[], tolerance: number): Window {
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
export function tailOf(windows: readonly Window[]): readonly Window[] {
  const wantedMs = windows.reduce((sum, { ms }) => sum + ms, 0) * TAIL
  let first = windows.length
  for (let ms = 0; first > 0 && ms < wantedMs; ms += windows[first]?.ms ?? 0) first--
  return windows.slice(first)
}

export const mbpsOf = (bytes: number, ms: number): number => (bytes * 8) / ms / 1_000
export const quantile = (sorted: readonly number[], at: number): number | undefined =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))]

export function meanOf(windows: readonly Window[]): number {
  const [ms, bits] = windows.reduce(([time, sum], one) => [time + one.ms, sum + one.mbps * one.ms] as const, [0, 0] as readonly [
    number,
    number,
  ])
  return ms > 0 ? bits / ms : 0
}
