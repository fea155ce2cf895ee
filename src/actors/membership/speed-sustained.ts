// What one connection brings for two seconds. A tunnel is one connection, and on a path that loses packets one gets a fraction of what
// the four of a speed test find.
import { SPEED_STREAM_BYTES, SPEED_STREAMS, SUSTAINED_MS } from '../../domain/timings.ts'
import { watchArrivals } from './arrivals.ts'
import { protocolFailure, type Refused, refusalOf } from './speed-answers.ts'
import { ANSWER_MS, OPEN_MS, type TransferNeeds } from './speed-transfer.ts'

export interface Sustained {
  readonly type: 'sustained'
  /** The mean once slow start is over. */
  readonly mbps: number
  readonly bytes: number
  readonly ms: number
}

/** Slow start is over after so many round trips, but what is left to count is at least half of it. */
const WARM_RTTS = 12
const WARM_MOST = 0.5
/** It brings no more, whatever the other end sends. */
const MOST_BYTES = SPEED_STREAMS * SPEED_STREAM_BYTES

/**
 * Downloads over one connection, by one request after the other, for `SUSTAINED_MS`
 * or until the other end has sent all that one test has.
 */
export async function sustainedRate({
  clock,
  http,
  address,
  lane,
  test,
  onMoved,
}: Omit<TransferNeeds, 'isAutomatic'>): Promise<Sustained | Refused> {
  const apart = {}
  const ask = { method: 'GET', over: lane, apart } as const
  const opened = await http.request(address, { ...ask, path: `/v2/speed/open?test=${test}&auto=1`, timeoutMs: OPEN_MS })
  const refused = refusalOf(opened)
  if (refused !== null) return refused
  const rttMs = opened.type === 'answer' ? opened.timing.answerMs : 0

  const seen: { ms: number; bytes: number }[] = []
  let came = 0
  const isOver = (): boolean => clock.now() - (seen[0]?.ms ?? clock.now()) >= SUSTAINED_MS || came > MOST_BYTES
  const arrivals = watchArrivals(clock, (ms, bytes) => seen.push({ ms, bytes }))
  const ending = new AbortController()
  // A path that stands still brings nothing that could end it.
  const timer = clock.setTimeout(() => ending.abort(), ANSWER_MS)
  const path = `/v2/speed/down?test=${test}&bytes=${SPEED_STREAM_BYTES}`
  let ended: Refused | null = null
  for (let asked = 0; asked < SPEED_STREAMS && !isOver() && ended === null; asked++) {
    const answer = await http.request(address, {
      ...{ ...ask, path, signal: ending.signal, timeoutMs: ANSWER_MS },
      onBytes: (count, arrived) => {
        came += count
        arrivals.piece(arrived, count)
        return !isOver()
      },
    })
    ended = refusalOf(answer)
  }
  clock.clearTimeout(timer)
  arrivals.end()
  onMoved(came)
  const [first, last] = [seen[0], seen.at(-1)]
  if (first === undefined || last === undefined) return ended ?? protocolFailure('it sent nothing in a speed test')
  const ms = last.ms - first.ms
  const warmAtMs = first.ms + Math.min(WARM_RTTS * rttMs, WARM_MOST * ms)
  const warm = seen.find((one) => one.ms >= warmAtMs) ?? first
  const countedMs = last.ms - warm.ms
  if (!(countedMs > 0)) return ended ?? protocolFailure('all of a speed test came at one moment')
  return { type: 'sustained', mbps: Math.round(((last.bytes - warm.bytes) * 8) / countedMs) / 1_000, bytes: came, ms: Math.round(ms) }
}
