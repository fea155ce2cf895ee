// Network coordinates: where a node is, in a space in which distance is round-trip time, so that the latency between any two can be
// estimated and nobody has to ping everybody. Vivaldi (Dabek et al., SIGCOMM 2004) in eight dimensions, with the height and the
// adjustment of the studies that followed it (Ledlie et al., NSDI 2007; Lee et al., ICNP 2006), and their constants.

/** All in ms but `error`. */
export interface Coordinate {
  /** Where it is among networks: the part that is the same for neighbours. */
  readonly at: readonly number[]
  /** Its own access line, which every path of it has. */
  readonly heightMs: number
  /** What paths of it take more, or less, than space and height say. */
  readonly adjustmentMs: number
  /** How wrong its estimates are, relative: 0.1 is ten percent. `MAX_ERROR` is one that nothing is known of. */
  readonly error: number
}

/** A coordinate with what it takes to go on from it. */
export interface Placed extends Coordinate {
  /** What the last samples took more than space and height said. */
  readonly residuesMs: readonly number[]
}

export const DIMENSIONS = 8
export const MAX_ERROR = 1.5
const MIN_HEIGHT_MS = 0.01
/** How much one sample counts, for the error and for the place. */
const ERROR_SHARE = 0.25
const PLACE_SHARE = 0.25
const RESIDUES = 20
/** One sample moves a node by no more: another one can say of itself what it likes. */
const MAX_STEP_MS = 50
/** No path on earth takes longer and is of use. */
export const MAX_RTT_MS = 10_000
/** The whole space is drawn to its middle, weakly, so that coordinates told an hour ago still hold. */
const GRAVITY_MS = 5_000
/** Closer than this two nodes are at one place, and part in a direction that chance gives. */
const SAME_MS = 1e-6

export const UNPLACED: Placed = {
  at: Array.from({ length: DIMENSIONS }, () => 0),
  heightMs: MIN_HEIGHT_MS,
  adjustmentMs: 0,
  error: MAX_ERROR,
  residuesMs: [],
}

/** The round trip between two, in ms. */
export function estimateMs(a: Coordinate, b: Coordinate): number {
  const raw = rawMs(a, b)
  const adjusted = raw + a.adjustmentMs + b.adjustmentMs
  return adjusted > 0 ? adjusted : raw
}

/** How far off such an estimate may be, relative. The larger of both: who knows its place badly spoils it. */
export const estimateError = (a: Coordinate, b: Coordinate): number => Math.max(a.error, b.error)

/** Estimates by a coordinate that knows less are told to nobody. */
export const MAX_TOLD_ERROR = 0.5
const ELSEWHERE_MS = 5

/** Whether a coordinate says something else than the one that was told last, so that it is worth telling. Null: none was told. */
export function isElsewhere(told: Coordinate | null, now: Coordinate): boolean {
  if (now.error > MAX_TOLD_ERROR) return false
  if (told === null) return true
  const offMs = Math.hypot(...now.at.map((x, i) => x - (told.at[i] ?? 0))) + Math.abs(now.heightMs - told.heightMs)
  return offMs > ELSEWHERE_MS
}

/**
 * Where a node is after a sample: its round trip to another in ms, the least of a burst, and where that one says it is. `fraction`:
 * chance, 0 to 1. A sample that can't be true changes nothing.
 */
export function moved(own: Placed, other: Coordinate, rttMs: number, fraction: () => number): Placed {
  if (!(rttMs > 0 && rttMs <= MAX_RTT_MS)) return own
  const offMs = rttMs - estimateMs(own, other)
  const weight = own.error / Math.max(own.error + other.error, SAME_MS)
  const error = Math.min(
    MAX_ERROR,
    own.error * (1 - ERROR_SHARE * weight) + ERROR_SHARE * weight * Math.min(MAX_ERROR, Math.abs(offMs) / rttMs),
  )
  const stepMs = clamped(PLACE_SHARE * weight * offMs, MAX_STEP_MS)
  const { away, distanceMs } = direction(own.at, other.at, fraction)
  const at = own.at.map((x, i) => x + stepMs * (away[i] ?? 0))
  // Close to it, at a place that a liar chooses, the quotient is without bounds.
  const climbMs = distanceMs < SAME_MS ? 0 : clamped(((own.heightMs + other.heightMs) * stepMs) / distanceMs, MAX_STEP_MS)
  const heightMs = Math.max(MIN_HEIGHT_MS, own.heightMs + climbMs)
  const placed = { at: drawn(at), heightMs: Math.min(heightMs, MAX_RTT_MS), error }
  const residueMs = clamped(rttMs - rawMs({ ...own, ...placed }, other), MAX_STEP_MS)
  const residuesMs = [...own.residuesMs, residueMs].slice(-RESIDUES)
  // Halved, since both ends of a path add theirs; divided by the whole window, so that a newcomer's first samples count little.
  const adjustmentMs = residuesMs.reduce((sum, ms) => sum + ms, 0) / (2 * RESIDUES)
  return { ...placed, adjustmentMs: clamped(adjustmentMs, MAX_RTT_MS), residuesMs }
}

/** As it is told to others: eight places, height and adjustment in ms to a hundredth, error to a thousandth. */
export const writeCoordinate = ({ at, heightMs, adjustmentMs, error }: Coordinate): readonly number[] =>
  [...at, heightMs, adjustmentMs].map((ms) => rounded(ms, 2)).concat(rounded(error, 3))

/** Null: not one that can be. */
export function readCoordinate(told: unknown): Coordinate | null {
  if (!Array.isArray(told) || told.length !== DIMENSIONS + 3) return null
  const numbers: number[] = told.filter((value) => typeof value === 'number' && Math.abs(value) <= MAX_RTT_MS)
  if (numbers.length !== told.length) return null
  const [heightMs = -1, adjustmentMs = 0, error = -1] = numbers.slice(DIMENSIONS)
  if (heightMs < 0 || error < 0 || error > MAX_ERROR) return null
  return { at: numbers.slice(0, DIMENSIONS), heightMs, adjustmentMs, error }
}

const rawMs = (a: Coordinate, b: Coordinate): number => Math.hypot(...a.at.map((x, i) => x - (b.at[i] ?? 0))) + a.heightMs + b.heightMs

/** From the other to this one, of length 1; where both are at one place, anywhere. */
function direction(own: readonly number[], other: readonly number[], fraction: () => number) {
  const apart = own.map((x, i) => x - (other[i] ?? 0))
  const distanceMs = Math.hypot(...apart)
  const chosen = distanceMs < SAME_MS ? own.map(() => fraction() - 0.5) : apart
  const length = Math.max(Math.hypot(...chosen), SAME_MS)
  return { away: chosen.map((x) => x / length), distanceMs }
}

/** A little nearer to the middle; with the square of the distance, so that it is felt far out only. */
function drawn(at: readonly number[]): readonly number[] {
  const fromMiddleMs = Math.hypot(...at)
  if (fromMiddleMs === 0) return at
  const pullMs = Math.min(fromMiddleMs, (fromMiddleMs / GRAVITY_MS) ** 2)
  return at.map((x) => x - (pullMs * x) / fromMiddleMs)
}

const clamped = (value: number, most: number): number => Math.max(-most, Math.min(most, value))
const rounded = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits
