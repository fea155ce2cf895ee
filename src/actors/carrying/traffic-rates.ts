// Meters as answers. Counts are read when somebody asks; for the rates every meter is read once a second, asked or not, so that
// the first question after a quiet hour gets the rate of now.
import type { TrafficAnswer } from '../../answers.ts'
import { type ByteRate, rateAfter, rateFrom } from '../../domain/byte-rate.ts'
import type { ProxyMeter } from '../../frp/index.ts'
import type { Clock } from '../../ports.ts'

const SAMPLE_MS = 1_000
/** While there is nothing to read. */
const QUIET_SAMPLE_MS = 3_000

export interface TrafficRates {
  answer(meter: ProxyMeter): TrafficAnswer
  /** Of all together, both ways, as of the last second. */
  bytesPerSecond(): number
  /** Reads what `meters` gives, once a second from now on. */
  start(meters: () => Iterable<ProxyMeter>): void
  stop(): void
}

export function createTrafficRates(clock: Omit<Clock, 'wallMs'>): TrafficRates {
  const rates = new WeakMap<ProxyMeter, { readonly in: ByteRate; readonly out: ByteRate }>()
  let timer: unknown = null
  let total = 0

  const sample = (meter: ProxyMeter): void => {
    const { bytesIn, bytesOut } = meter.bytes()
    const nowMs = clock.now()
    const before = rates.get(meter) ?? { in: rateFrom(0, nowMs - SAMPLE_MS), out: rateFrom(0, nowMs - SAMPLE_MS) }
    rates.set(meter, { in: rateAfter(before.in, bytesIn, nowMs), out: rateAfter(before.out, bytesOut, nowMs) })
  }
  const rateOf = (rate: ByteRate | undefined): number => Math.round(rate?.bytesPerSecond ?? 0)

  return {
    answer: (meter) => {
      const { lastError, ...counts } = meter.figures(clock.now())
      const rate = rates.get(meter)
      return {
        ...counts,
        inBytesPerSecond: rateOf(rate?.in),
        outBytesPerSecond: rateOf(rate?.out),
        lastError: lastError === null ? null : { text: lastError.text, at: new Date(lastError.atMs).toISOString() },
      }
    },
    bytesPerSecond: () => total,
    start: (meters) => {
      const tick = (): void => {
        total = 0
        let hasMeters = false
        for (const meter of meters()) {
          hasMeters = true
          sample(meter)
          total += rateOf(rates.get(meter)?.in) + rateOf(rates.get(meter)?.out)
        }
        timer = clock.setTimeout(tick, hasMeters ? SAMPLE_MS : QUIET_SAMPLE_MS)
      }
      tick()
    },
    stop: () => {
      if (timer !== null) clock.clearTimeout(timer)
      timer = null
    },
  }
}
