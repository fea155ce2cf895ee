// How fast a count of bytes grows now, smoothed: what people read off a meter.

/** After this an old reading weighs 1/e; of what is shown, six sevenths are of the last five seconds. */
const FADE_MS = 2_500

export interface ByteRate {
  readonly bytesPerSecond: number
  /** 0 to 1: how much of the average's reach has been seen. It keeps the first readings from being averaged with nothing. */
  readonly weight: number
  /** The last reading. */
  readonly bytes: number
  readonly atMs: number
}

/** Nothing is known yet but where the count stands. */
export const rateFrom = (bytes: number, atMs: number): ByteRate => ({ bytesPerSecond: 0, weight: 0, bytes, atMs })

/**
 * The rate after one more reading of the count. Readings may come at any pace: what counts is the time between them. A reading
 * at the instant of the last changes nothing, and its bytes are counted with the next.
 */
export function rateAfter(rate: ByteRate, bytes: number, atMs: number): ByteRate {
  const elapsedMs = atMs - rate.atMs
  if (elapsedMs <= 0) return rate
  const fades = Math.exp(-elapsedMs / FADE_MS)
  const now = (Math.max(0, bytes - rate.bytes) * 1_000) / elapsedMs
  const weight = 1 - (1 - rate.weight) * fades
  return { bytesPerSecond: (rate.bytesPerSecond * rate.weight * fades + now * (1 - fades)) / weight, weight, bytes, atMs }
}
