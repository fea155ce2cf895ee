// Speed tests: a timed download and upload with one peer at a time, within a budget of bytes and time. Whoever is busy says
// so with 429 and Retry-After.
import { type Arrival, type Rate, rateOf } from '../../domain/bandwidth.ts'
import { SPEED_MAX_BYTES, SPEED_MAX_MS } from '../../domain/timings.ts'
import { type Failure, type InboundRequest, isFailure, type Ports, type Reply } from '../../ports.ts'
import { readSpeedUp, type SpeedUpAnswer } from '../../v2/messages.ts'
import type { Lane, PeerRequests } from './peer-calls.ts'
import { createSpeedSlot, type Served } from './speed-slot.ts'

export interface SpeedResult {
  readonly type: 'speed'
  readonly downMbps: number
  readonly upMbps: number
  readonly downBytes: number
  readonly upBytes: number
  readonly downMs: number
  readonly upMs: number
  readonly confidence: number
}

export interface Speed {
  /** Tests with whoever is at the address; `busy` when it, or this node, has another test under way. */
  test(address: string, lane: Lane): Promise<SpeedResult | Failure | { readonly type: 'busy'; readonly retryAfterMs: number }>
  /** The serving side of both routes and of P2PRC's. Null: not one of them. */
  answer(request: InboundRequest): Promise<Reply | null>
}

const RETRY_AFTER_S = 1
/** First a small upload, to learn how large the timed one may be: about half a second's worth. */
const UPLOAD_TRIAL_BYTES = 256 * 1024
const UPLOAD_GOAL_MS = 400
/** P2PRC's download file. */
const FIFTY_BYTES = 50_000_000
/** However slowly the other end reads or writes, a test is over then. Ours end theirs after `SPEED_MAX_MS` or a little more. */
const SERVED_MS = SPEED_MAX_MS * 3
/** P2PRC reads the whole file, whatever time that takes; who needs longer learns nothing from a node of ours. */
const FIFTY_MS = 10_000

/** What `answer` answers. */
export const SPEED_ROUTES: readonly string[] = ['GET /v2/speed/down', 'POST /v2/speed/up', 'GET /50']

interface SpeedNeeds extends Pick<Ports, 'clock'> {
  readonly http: PeerRequests
  readonly ownAddresses: () => readonly (string | null)[]
  /** Who asks over the members' channel is a member. In an open network anybody may, and has as many ids as it likes. */
  readonly isPrivate: boolean
}

export function createSpeed({ clock, http, ownAddresses, isPrivate }: SpeedNeeds): Speed {
  /** `self`: the one test that this node may serve itself meanwhile. */
  let testing: 'other' | 'self' | null = null
  const slot = createSpeedSlot(clock)

  const download = async (
    address: string,
    lane: Lane,
  ): Promise<(Rate & { readonly bytes: number; readonly ms: number }) | Failure | 'busy'> => {
    const arrivals: Arrival[] = []
    let bytes = 0
    const startMs = clock.now()
    const answer = await http.request(address, {
      method: 'GET',
      path: `/v2/speed/down?bytes=${SPEED_MAX_BYTES}`,
      over: lane,
      timeoutMs: SPEED_MAX_MS * 3,
      onBytes: (count) => {
        bytes += count
        arrivals.push({ ms: clock.now(), bytes })
        return clock.now() - startMs < SPEED_MAX_MS && !(arrivals.length % 8 === 0 && rateOf(arrivals)?.stable)
      },
    })
    if (isFailure(answer)) return answer
    if (answer.status === 429) return 'busy'
    const rate = answer.status === 200 ? rateOf(arrivals) : null
    const ms = clock.now() - startMs
    return rate ? { ...rate, bytes, ms } : { type: 'failed', reason: 'protocol', text: `it answered ${answer.status} to a speed test` }
  }

  const upload = async (address: string, lane: Lane, bytes: number): Promise<SpeedUpAnswer | Failure | 'busy'> => {
    const answer = await http.request(address, {
      method: 'POST',
      path: '/v2/speed/up',
      over: lane,
      body: { type: 'filler', bytes },
      timeoutMs: SPEED_MAX_MS * 3,
    })
    if (isFailure(answer)) return answer
    if (answer.status === 429) return 'busy'
    return (
      (answer.status === 200 && readSpeedUp(answer.body)) || {
        type: 'failed',
        reason: 'protocol',
        text: `it answered ${answer.status} to a speed test`,
      }
    )
  }

  const bothWays = async (address: string, lane: Lane): ReturnType<Speed['test']> => {
    const busy = { type: 'busy', retryAfterMs: RETRY_AFTER_S * 1_000 } as const
    const down = await download(address, lane)
    if (down === 'busy') return busy
    if ('type' in down) return down
    const trial = await upload(address, lane, UPLOAD_TRIAL_BYTES)
    if (trial === 'busy') return busy
    if ('type' in trial) return trial
    const worth = trial.ms > 0 ? (trial.bytes / trial.ms) * UPLOAD_GOAL_MS : SPEED_MAX_BYTES
    const upBytes = Math.round(Math.min(SPEED_MAX_BYTES, Math.max(UPLOAD_TRIAL_BYTES, worth)))
    const up = await upload(address, lane, upBytes)
    if (up === 'busy') return busy
    if ('type' in up) return up
    return {
      type: 'speed',
      downMbps: down.mbps,
      upMbps: up.mbps,
      downBytes: down.bytes,
      upBytes: trial.bytes + up.bytes,
      downMs: Math.round(down.ms),
      upMs: Math.round(up.ms),
      confidence: Math.round(Math.min(down.confidence, up.confidence) * 100) / 100,
    }
  }

  const answerUp = async (request: InboundRequest, { signal }: Served): Promise<Reply> => {
    const arrivals: Arrival[] = []
    const startMs = clock.now()
    let bytes = 0
    const drained = request.drain((count) => {
      bytes += count
      arrivals.push({ ms: clock.now(), bytes })
      return bytes <= SPEED_MAX_BYTES + 1_024 && !signal.aborted
    })
    await Promise.race([drained, aborted(signal)])
    const rate = rateOf(arrivals) ?? { mbps: 0, confidence: 0 }
    const ms = (arrivals.at(-1)?.ms ?? startMs) - (arrivals[0]?.ms ?? startMs)
    // All in one piece: so fast that only the whole can be said.
    const mbps = rate.mbps > 0 ? rate.mbps : Math.round((bytes * 8) / Math.max(0.05, clock.now() - startMs)) / 1000
    return reply(200, JSON.stringify({ bytes, ms: Math.round(ms * 1000) / 1000, mbps, confidence: rate.confidence }))
  }

  return {
    test: async (address, lane) => {
      if (testing !== null || slot.isBusy()) return { type: 'busy', retryAfterMs: RETRY_AFTER_S * 1_000 }
      testing = ownAddresses().includes(address) ? 'self' : 'other'
      const result = await bothWays(address, lane)
      testing = null
      return result
    },
    answer: async (request) => {
      const route = `${request.method} ${request.path}`
      if (!SPEED_ROUTES.includes(route)) return null
      const isWhole = route === 'GET /50'
      const served =
        testing === 'other'
          ? null
          : slot.serve({ by: isPrivate ? request.by : null, remote: request.remote }, isWhole ? FIFTY_MS : SERVED_MS)
      if (served === null)
        return {
          ...reply(429, JSON.stringify({ error: 'another speed test is under way' })),
          headers: { 'retry-after': String(RETRY_AFTER_S) },
        }
      if (route === 'POST /v2/speed/up') {
        const answered = await answerUp(request, served)
        served.end()
        return answered
      }
      const asked = isWhole ? FIFTY_BYTES : Number(request.query.get('bytes') ?? SPEED_MAX_BYTES)
      const most = isWhole ? FIFTY_BYTES : SPEED_MAX_BYTES
      const bytes = Number.isInteger(asked) && asked > 0 ? Math.min(asked, most) : 0
      return {
        status: bytes > 0 ? 200 : 400,
        headers: { 'content-type': 'application/octet-stream' },
        body: bytes > 0 ? { type: 'filler', bytes } : 'bytes must be a whole number above 0\n',
        onDone: served.end,
        signal: served.signal,
      }
    },
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))

const reply = (status: number, body: string): Reply => ({ status, headers: { 'content-type': 'application/json' }, body })
