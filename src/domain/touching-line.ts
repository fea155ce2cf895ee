// The rate of a path from what arrived when, where arrivals lag: a receiver or a lost packet holds bytes back and lets them go at once,
// so that every window is wrong. What lags never leads: the path's rate is the slope of the line that no arrival is above and that
// arrivals touch, again and again, whenever nothing is held back.

export interface Arrived {
  readonly ms: number
  /** In all by then. */
  readonly bytes: number
}

export interface TouchingLine {
  readonly mbps: number
  /** So long it is touched, in cells of `CELL_MS`. */
  readonly ms: number
}

const CELL_MS = 10
/** An arrival that is no later than this touches the line: what a shaper's bucket and an event loop's lumps come to. */
const SLACK_MS = 2
const STEP = 1.004

/** Of all lines between two rates the one that is touched for longest; of several the one in the middle. Null: nothing arrived. */
export function touchingLine(arrived: readonly Arrived[], [lowMbps, highMbps]: readonly [number, number]): TouchingLine | null {
  if (arrived.length === 0 || !(lowMbps > 0)) return null
  let [cells, first, last] = [0, lowMbps, lowMbps]
  for (let mbps = lowMbps; mbps <= highMbps; mbps *= STEP) {
    const touched = touchedCells(arrived, mbps * BYTES_A_MS)
    if (touched > cells) [cells, first] = [touched, mbps]
    if (touched >= cells) last = mbps
  }
  return { mbps: (first + last) / 2, ms: cells * CELL_MS }
}

/** Of a megabit a second. */
const BYTES_A_MS = 125

function touchedCells(arrived: readonly Arrived[], slope: number): number {
  let top = Number.NEGATIVE_INFINITY
  for (const { ms, bytes } of arrived) top = Math.max(top, bytes - slope * ms)
  const least = top - slope * SLACK_MS
  let [touched, cell] = [0, -1]
  for (const { ms, bytes } of arrived) {
    if (bytes - slope * ms < least || Math.floor(ms / CELL_MS) === cell) continue
    cell = Math.floor(ms / CELL_MS)
    touched++
  }
  return touched
}
