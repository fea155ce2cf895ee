// What has come on all connections of one transfer, looked at together. What of a TLS record has come counts before the record is
// whole, and between two of them too: by whole records a slow path seems to stand still and then to bring 16 KiB at once.
import type { Clock, Meter } from '../../ports.ts'

export interface Arrivals {
  /** A piece of `bytes` was just told of by the connection that `arrived` is of. */
  piece(arrived: Meter, bytes: number): void
  /** Looks no more. */
  end(): void
}

const LOOK_MS = 2

/** `onMore` hears of the sum and when it was so, whenever there is more. */
export function watchArrivals(clock: Clock, onMore: (ms: number, bytes: number) => void): Arrivals {
  /** Each connection with what came on it before the transfer. */
  const before = new Map<Meter, number>()
  let told = 0
  let timer: unknown = null
  const look = (): void => {
    let sum = 0
    for (const [meter, first] of before) sum += meter() - first
    if (sum <= told) return
    told = sum
    onMore(clock.now(), sum)
  }
  const again = (): void => {
    timer = clock.setTimeout(() => {
      look()
      if (timer !== null) again()
    }, LOOK_MS)
  }
  return {
    piece: (arrived, bytes) => {
      if (before.size === 0) again()
      if (!before.has(arrived)) before.set(arrived, arrived() - bytes)
      look()
    },
    end: () => {
      clock.clearTimeout(timer)
      timer = null
    },
  }
}
