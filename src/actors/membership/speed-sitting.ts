// One speed test while it is served: the streams it has had, what was sent to it, and what was seen to arrive.
import { PlateauWatch } from '../../domain/plateau.ts'
import { SPEED_MAX_MS, SPEED_PAUSE_MS, SPEED_STREAM_BYTES, SPEED_STREAMS } from '../../domain/timings.ts'
import type { Clock, InboundRequest } from '../../ports.ts'
import type { SpeedUpAnswer } from '../../v2/messages.ts'
import { watchArrivals } from './arrivals.ts'
import type { Served } from './speed-slot.ts'
import { startUse } from './speed-transfer.ts'

type StreamKind = 'open' | 'down' | 'up'

/** One test while it has the slot. */
export interface Sitting {
  readonly type: 'sitting'
  readonly key: string
  readonly served: Served
  /** One more request of it; answers how to end that. Null: it has had as many as a test has. */
  begin(kind: StreamKind): (() => void) | null
  /** A request that is sent bytes; answers how to end that. */
  sends(end: () => void): (sentBytes: number) => void
  /** Times what arrives, together with the others that do. `whole`: to the end of the body, settled or not. */
  receive(request: InboundRequest, rttMs: number, until?: 'settled' | 'whole'): Promise<SpeedUpAnswer>
}

/** Both ways have connections of their own, which are opened first; each that went stale meanwhile may be opened again. */
const MOST_REQUESTS: Readonly<Record<StreamKind, number>> = { open: 4 * SPEED_STREAMS, down: SPEED_STREAMS, up: SPEED_STREAMS }

interface SittingNeeds extends Pick<Sitting, 'key' | 'served'> {
  readonly clock: Clock
  readonly onEnd: () => void
  /** So many bytes came, or were sent. */
  readonly onMoved: (bytes: number) => void
}

export function createSitting({ clock, key, served, onEnd, onMoved }: SittingNeeds): Sitting {
  let [underWay, sending, isThrough] = [0, 0, false]
  const left: Record<StreamKind, number> = { ...MOST_REQUESTS }
  let pause: unknown = null
  let down: { readonly used: ReturnType<typeof startUse>; busy: number | null } | null = null
  let arriving: Arriving | null = null
  let isOver = false
  const end = (): void => {
    clock.clearTimeout(pause)
    if (isOver) return
    isOver = true
    served.end()
    onEnd()
  }
  served.signal.addEventListener('abort', end, { once: true })
  return {
    type: 'sitting',
    key,
    served,
    begin: (kind) => {
      if (left[kind]-- <= 0) return null
      underWay++
      clock.clearTimeout(pause)
      let isDone = false
      return () => {
        if (isDone) return
        isDone = true
        if (--underWay > 0) return
        if (isThrough) end()
        else pause = clock.setTimeout(end, SPEED_PAUSE_MS)
      }
    },
    sends: (done) => {
      down ??= { used: startUse(clock), busy: null }
      sending++
      return (sentBytes) => {
        onMoved(sentBytes)
        if (--sending === 0 && down !== null) down.busy = round(down.used().busy)
        done()
      }
    },
    receive: async (request, rttMs, until = 'settled') => {
      arriving ??= startArriving({ clock, rttMs, signal: served.signal, onCame: onMoved })
      const answer = await arriving.take(request, until)
      isThrough = true
      return { ...answer, busyDown: down?.busy ?? null }
    },
  }
}

interface Arriving {
  take(request: InboundRequest, until: 'settled' | 'whole'): Promise<Omit<SpeedUpAnswer, 'busyDown'>>
}

interface ArrivingNeeds {
  readonly clock: Clock
  readonly rttMs: number
  readonly signal: AbortSignal
  /** A body of so many bytes came to its end, or was given up. */
  readonly onCame: (bytes: number) => void
}

/** All that arrives in one test, by one clock. */
function startArriving({ clock, rttMs, signal, onCame }: ArrivingNeeds): Arriving {
  const watch = new PlateauWatch(rttMs)
  const used = startUse(clock)
  const startMs = clock.now()
  let [bytes, bodies, isWhole] = [0, 0, false]
  let firstMs: number | null = null
  let lastMs = startMs
  let finish = (): void => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  signal.addEventListener('abort', finish, { once: true })
  const arrivals = watchArrivals(clock, (ms, wireBytes) => {
    if (watch.arrived(ms, wireBytes) && !isWhole) finish()
  })
  let answer: Omit<SpeedUpAnswer, 'busyDown'> | null = null
  const answered = (): Omit<SpeedUpAnswer, 'busyDown'> => {
    if (answer !== null) return answer
    clock.clearTimeout(timer)
    arrivals.end()
    const ms = Math.round((lastMs - (firstMs ?? startMs)) * 1000) / 1000
    // All in one piece: so fast that only the whole can be said.
    const whole = Math.round((bytes * 8) / Math.max(0.05, clock.now() - startMs)) / 1000
    const plateau = watch.plateau() ?? { mbps: whole, lowMbps: 0, highMbps: whole, coverage: 0, confidence: 0, settled: false }
    answer = { bytes, ms, ...plateau, busyUp: round(used().busy) }
    return answer
  }
  const timer = clock.setTimeout(finish, SPEED_MAX_MS)
  const take: Arriving['take'] = async (request, until) => {
    bodies++
    isWhole ||= until === 'whole'
    const drained = request.drain((count, arrived) => {
      if (answer !== null) return false
      bytes += count
      lastMs = clock.now()
      firstMs ??= lastMs
      arrivals.piece(arrived, count)
      return answer === null && bytes <= MOST_BYTES && !signal.aborted
    })
    void drained.then((came) => {
      onCame(came)
      if (--bodies === 0) finish()
    })
    await finished
    return answered()
  }
  return { take }
}

/** A body may be a little longer than was asked for. */
const MOST_BYTES = 4 * SPEED_STREAM_BYTES + 1_024

const round = (share: number): number => Math.round(share * 100) / 100
