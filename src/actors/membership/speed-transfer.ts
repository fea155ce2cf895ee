// The asking side of a speed test: several connections that carry one transfer, each way, until its rate is known.
import { type Plateau, PlateauWatch } from '../../domain/plateau.ts'
import { SPEED_MAX_MS, SPEED_STREAM_BYTES, SPEED_STREAMS } from '../../domain/timings.ts'
import type { Clock, Lane, PeerRequest } from '../../ports.ts'
import { readSpeedUp, type SpeedUpAnswer } from '../../v2/messages.ts'
import { watchArrivals } from './arrivals.ts'
import type { PeerRequests } from './peer-requests.ts'
import { type Asked, everyAnswer, firstAnswer, isRefused, protocolFailure, type Refused } from './speed-answers.ts'

/** What one way came to. */
export interface Transfer {
  readonly type: 'transfer'
  readonly plateau: Plateau
  readonly bytes: number
  /** From the requests to the moment at which the rate was known. */
  readonly ms: number
  /** The part of it that this process was at work or waited for a processor. */
  readonly busy: number
}

/** One way carries no more, whatever the other end sends or says. */
const MOST_BYTES = SPEED_STREAMS * SPEED_STREAM_BYTES
/** No path has more. */
const MOST_MBPS = 1_000_000

export interface Connections {
  readonly type: 'open'
  /** The best of the first requests on them, in ms. */
  readonly rttMs: number
  download(): Promise<Transfer | Refused>
  /** `far`: the same of the process at the other end, as it says. */
  upload(): Promise<(Transfer & { readonly far: Pick<SpeedUpAnswer, 'busyDown' | 'busyUp'> }) | Refused>
}

export interface TransferNeeds {
  readonly clock: Clock
  readonly http: PeerRequests
  readonly address: string
  readonly lane: Lane
  /** Hex; nobody else's. */
  readonly test: string
  /** No person asked for it: whoever is busy, or has done enough of them, refuses. */
  readonly isAutomatic: boolean
  /** So much went one way by this side's own count, whatever comes of the test. */
  readonly onMoved: (bytes: number) => void
}

/** A slow path may take longer for its handshakes than for what follows. */
export const OPEN_MS = 5_000
/** Whoever times an upload says by then what it has seen; later the path has swallowed it. */
export const ANSWER_MS = SPEED_MAX_MS + 2_000

/** Opens the connections for both ways at once, so that neither has to wait for handshakes when it begins. */
export async function openConnections({
  clock,
  http,
  address,
  lane,
  test,
  isAutomatic,
  onMoved,
}: TransferNeeds): Promise<Connections | Refused> {
  /** Each way has its own: what the end of a download broke off is not used again. */
  const [down, up] = [{}, {}]
  const ask = (apart: object, signal: AbortSignal, request: Omit<PeerRequest, 'over' | 'apart' | 'signal'>): Asked =>
    http.request(address, { ...request, over: lane, apart, signal })
  const all = (asked: (stream: number) => Asked): readonly Asked[] => Array.from({ length: SPEED_STREAMS }, (_, stream) => asked(stream))

  const giveUp = new AbortController()
  const open = { method: 'GET', path: `/v2/speed/open?test=${test}${isAutomatic ? '&auto=1' : ''}`, timeoutMs: OPEN_MS } as const
  const opening = [down, up].flatMap((lot) => all(() => ask(lot, giveUp.signal, open)))
  const opened = await everyAnswer(opening)
  giveUp.abort()
  if (isRefused(opened)) return opened
  const rttMs = Math.min(...opened.answers.map(({ timing }) => timing.answerMs))

  const download: Connections['download'] = async () => {
    let cameBytes = 0
    const watch = new PlateauWatch(rttMs)
    const ending = new AbortController()
    const used = startUse(clock)
    const enough = latch()
    const arrivals = watchArrivals(clock, (ms, wireBytes) => {
      if (watch.arrived(ms, wireBytes)) enough.open()
    })
    const timer = clock.setTimeout(enough.open, SPEED_MAX_MS)
    const path = `/v2/speed/down?test=${test}&bytes=${SPEED_STREAM_BYTES}`
    const onBytes: PeerRequest['onBytes'] = (count, arrived) => {
      if (enough.isOpen()) return false
      cameBytes += count
      arrivals.piece(arrived, count)
      if (cameBytes > MOST_BYTES) enough.open()
      return !enough.isOpen()
    }
    const streams = all(() => ask(down, ending.signal, { method: 'GET', path, timeoutMs: ANSWER_MS, onBytes }))
    const answers = await Promise.race([enough.opened, everyAnswer(streams)])
    const use = used()
    enough.open()
    arrivals.end()
    clock.clearTimeout(timer)
    ending.abort()
    onMoved(cameBytes)
    if (answers !== undefined && isRefused(answers)) return answers
    const plateau = watch.plateau()
    return plateau === null ? protocolFailure('it sent nothing in a speed test') : { type: 'transfer', plateau, bytes: cameBytes, ...use }
  }

  const upload: Connections['upload'] = async () => {
    const ending = new AbortController()
    const used = startUse(clock)
    const path = `/v2/speed/up?test=${test}&rtt=${rttMs.toFixed(3)}`
    const body = { type: 'filler', bytes: SPEED_STREAM_BYTES } as const
    let sentBytes = 0
    const onSent = (bytes: number): void => {
      sentBytes += bytes
    }
    const first = await firstAnswer(all(() => ask(up, ending.signal, { method: 'POST', path, body, onSent, timeoutMs: ANSWER_MS })))
    const use = used()
    ending.abort()
    onMoved(sentBytes)
    const answer = isRefused(first) ? null : readSpeedUp(first.body)
    const isPossible = answer !== null && answer.bytes <= MOST_BYTES && answer.highMbps <= MOST_MBPS && answer.mbps <= MOST_MBPS
    if (isRefused(first)) return first
    if (!isPossible) return protocolFailure('it answered nonsense to a speed test')
    const { bytes, ms: _, busyDown, busyUp, ...plateau } = answer
    return { type: 'transfer', plateau, bytes, ...use, far: { busyDown, busyUp } }
  }
  return { type: 'open', rttMs, download, upload }
}

/** Opens once. */
function latch(): { readonly opened: Promise<undefined>; isOpen(): boolean; readonly open: () => void } {
  let [isOpen, tell] = [false, (): void => {}]
  const opened = new Promise<undefined>((resolve) => {
    tell = () => resolve(undefined)
  })
  const open = (): void => {
    isOpen = true
    tell()
  }
  return { opened, isOpen: () => isOpen, open }
}

/** From now on; answers how to ask for the time so far, and for the part of it that this process was at work or waited for a processor. */
export function startUse({ now, busyMs }: Pick<Clock, 'now' | 'busyMs'>): () => { readonly ms: number; readonly busy: number } {
  const [startMs, startBusyMs] = [now(), busyMs()]
  return () => {
    const ms = now() - startMs
    return { ms, busy: ms > 0 ? Math.min(1, (busyMs() - startBusyMs) / ms) : 0 }
  }
}
