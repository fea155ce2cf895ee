// What is told of a speed test, and when one is believed.
import type { Plateau } from './plateau.ts'

/** One way. `processor`: the process at one of its ends had no time left, so the path may carry more. */
export interface SpeedFigure extends Plateau {
  readonly limitedBy: 'path' | 'processor'
}

/** A speed test in short. */
export interface BothWays {
  readonly downMbps: number
  readonly upMbps: number
  /** Payload that arrived, and the time for it, of all tests that the result is from. */
  readonly downBytes: number
  readonly upBytes: number
  readonly downMs: number
  readonly upMs: number
  /** 0 to 1: of the way that is less sure. */
  readonly confidence: number
}

/** Of its time, from here on a process counts as having none left. */
const BUSY = 0.9
/** From what was known before: beyond this a test is repeated. */
const SURPRISE = 0.15
/** A figure of less confidence is measured once more before it is told. */
const LEAST_SURE = 0.45
/** Two tests that differ by no more than this, of the larger, say the same. */
const AGREEMENT = 0.1

/** `busyShares`: of each end, the part of the transfer that its process was at work, 0 to 1. */
export const limitOf = (busyShares: readonly number[]): SpeedFigure['limitedBy'] =>
  busyShares.some((share) => share >= BUSY) ? 'processor' : 'path'

/**
 * Whether what was measured is so far from what was known that it wants a
 * second look. 0 is nothing known: P2PRC's table writes it so.
 */
export const isSurprise = (knownMbps: number | null, mbps: number): boolean =>
  knownMbps !== null && knownMbps > 0 && Math.abs(mbps - knownMbps) > SURPRISE * knownMbps

/** Whether a figure says of itself that it is little to go by: the path never settled, or was at its pace for a small part of the time. */
export const isDoubtful = ({ settled, confidence }: SpeedFigure): boolean => !settled || confidence < LEAST_SURE

/** Whether a test is made once more before it is told. */
export const wantsSecondLook = (knownMbps: number | null, first: SpeedFigure): boolean =>
  isSurprise(knownMbps, first.mbps) || isDoubtful(first)

/**
 * What to believe after a repetition: where one of both is doubtful, the other; the first one only if it was no surprise. Else the
 * second, where it says the same as the first, or as what was known. Where it says the same as neither: the one with more confidence,
 * of which half is left, and all that lies between both.
 */
export function believed(knownMbps: number | null, first: SpeedFigure, second: SpeedFigure): SpeedFigure {
  if (isDoubtful(first) && !isDoubtful(second)) return second
  if (isDoubtful(second) && !isDoubtful(first) && !isSurprise(knownMbps, first.mbps)) return first
  if (agree(second.mbps, first.mbps) || agree(second.mbps, knownMbps || first.mbps)) return second
  const better = first.confidence > second.confidence ? first : second
  return {
    ...better,
    lowMbps: Math.min(first.lowMbps, second.lowMbps),
    highMbps: Math.max(first.highMbps, second.highMbps),
    confidence: Math.round(better.confidence * 50) / 100,
    settled: false,
  }
}

const agree = (a: number, b: number): boolean => Math.abs(a - b) <= AGREEMENT * Math.max(a, b)

/** One way as a clause for people. */
export function speedWords({ mbps, lowMbps, highMbps, settled, limitedBy }: SpeedFigure): string {
  if (limitedBy === 'processor') return `at least ${shown(mbps)} Mbit/s: a processor was the limit, and not the path`
  if (!settled) return `the path never settled: ${shown(lowMbps)} to ${shown(highMbps)} Mbit/s`
  return `${shown(mbps)} Mbit/s, between ${shown(lowMbps)} and ${shown(highMbps)}`
}

const shown = (mbps: number): string => mbps.toFixed(mbps < 10 ? 1 : 0)
