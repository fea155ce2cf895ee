// The serving side of speed tests: whose test it is, what it sends, and what it sees arrive. One test at a time.
import { PlateauWatch } from '../../domain/plateau.ts'
import { SPEED_MAX_MS, SPEED_PAUSE_MS, SPEED_STREAM_BYTES, SPEED_TEST_MS } from '../../domain/timings.ts'
import type { Clock, InboundRequest, Reply } from '../../ports.ts'
import type { SpeedUpAnswer } from '../../v2/messages.ts'
import { watchArrivals } from './arrivals.ts'
import { createSpeedSlot, type Later, type Served } from './speed-slot.ts'
import { startUse } from './speed-transfer.ts'

export interface SpeedService {
  answer(request: InboundRequest): Promise<Reply | null>
  isBusy(): boolean
  /** This node is about to test somebody: see `SpeedSlot.makeRoom`. */
  makeRoom(): boolean
}

/** A node that carries traffic, or has used up its budget, is asked again after this by those that nobody watches. */
const RESTS_MS = 300_000
/** P2PRC's download file. */
const FIFTY_BYTES = 50_000_000
/** However slowly the other end reads or writes, a test on one connection is over then. */
const SINGLE_MS = 6_000
/** P2PRC reads the whole file, whatever time that takes; who needs longer learns nothing from a node of ours. */
const FIFTY_MS = 10_000

/** What `answer` answers. */
export const SPEED_ROUTES: readonly string[] = ['GET /v2/speed/open', 'GET /v2/speed/down', 'POST /v2/speed/up', 'GET /50']

export interface SpeedServiceNeeds {
  readonly clock: Clock
  /** Who asks over the members' channel is a member. In an open network anybody may, and has as many ids as it likes. */
  readonly isPrivate: boolean
  /** This node tests somebody else meanwhile. */
  readonly isTesting: () => boolean
  /** Whether it serves tests that no person asked for now: it carries no traffic, and its budget is not used up. */
  readonly servesAutomatic: () => boolean
  /** Of such tests, begun here or by others: payload that was moved. */
  readonly spend: (bytes: number) => void
}

export function createSpeedService({ clock, isPrivate, isTesting, servesAutomatic, spend }: SpeedServiceNeeds): SpeedService {
  const slot = createSpeedSlot(clock)
  /** The test that has the slot, where it has a name. */
  let current: Sitting | null = null

  const serve = (request: InboundRequest, maxMs: number): Served | Later =>
    isTesting() ? TESTING : slot.serve({ by: isPrivate ? request.by : null, remote: request.remote }, maxMs)
  /** The test that the request is of. `mayBegin`: it is one from now on, where the slot is free. */
  const sittingOf = (request: InboundRequest, test: string, mayBegin: boolean): Sitting | Later => {
    const key = `${request.by ?? request.remote.host} ${test}`
    if (current?.key === key && !current.served.signal.aborted) return current
    if (!mayBegin || !TEST_NAME.test(test)) return TESTING
    const isAutomatic = request.query.get('auto') === '1'
    if (isAutomatic && !servesAutomatic()) return { type: 'later', afterMs: RESTS_MS }
    const served = serve(request, SPEED_TEST_MS)
    if (served.type === 'later') return served
    current = createSitting(clock, key, served, (arrivedBytes) => {
      if (current?.key === key) current = null
      // What was sent is not counted here. It is about as much.
      if (isAutomatic) spend(2 * arrivedBytes)
    })
    return current
  }

  const answerTest = async (request: InboundRequest, test: string): Promise<Reply> => {
    const isOpening = request.path === '/v2/speed/open'
    const sitting = sittingOf(request, test, isOpening)
    if (sitting.type === 'later') return busy(sitting)
    const onDone = sitting.begin()
    const { signal } = sitting.served
    if (isOpening) return { ...json({}), onDone, signal }
    if (request.path === '/v2/speed/down') return { ...filler(request, SPEED_STREAM_BYTES), onDone: sitting.sends(onDone), signal }
    const rttMs = Number(request.query.get('rtt') ?? 0)
    const answer = await sitting.receive(request, rttMs > 0 && rttMs < SPEED_MAX_MS ? rttMs : 0)
    return { ...json(answer), onDone, signal }
  }

  const answerSingle = async (request: InboundRequest, { signal, end }: Served): Promise<Reply> => {
    if (request.method === 'GET') return { ...filler(request, SPEED_STREAM_BYTES), onDone: end, signal }
    const sitting = createSitting(clock, '', { type: 'served', signal, end }, () => {})
    const answer = await sitting.receive(request, 0, 'whole')
    end()
    return json(answer)
  }

  return {
    isBusy: () => slot.isBusy(),
    makeRoom: slot.makeRoom,
    answer: async (request) => {
      const route = `${request.method} ${request.path}`
      if (!SPEED_ROUTES.includes(route)) return null
      const test = request.path === '/50' ? null : request.query.get('test')
      if (test !== null || request.path === '/v2/speed/open') return answerTest(request, test ?? '')
      const served = serve(request, request.path === '/50' ? FIFTY_MS : SINGLE_MS)
      if (served.type === 'later') return busy(served)
      if (request.path !== '/50') return answerSingle(request, served)
      const body = { type: 'filler', bytes: FIFTY_BYTES } as const
      return { status: 200, headers: OCTETS, body, onDone: served.end, signal: served.signal }
    },
  }
}

const TEST_NAME = /^[0-9a-f]{8,64}$/

const TESTING: Later = { type: 'later', afterMs: 1_000 }

/** One test while it has the slot. */
interface Sitting {
  readonly type: 'sitting'
  readonly key: string
  readonly served: Served
  /** One more request of it; answers how to end that. */
  begin(): () => void
  /** A request that is sent bytes; answers how to end that. */
  sends(end: () => void): () => void
  /** Times what arrives, together with the others that do. `whole`: to the end of the body, settled or not. */
  receive(request: InboundRequest, rttMs: number, until?: 'settled' | 'whole'): Promise<SpeedUpAnswer>
}

function createSitting(clock: Clock, key: string, served: Served, onEnd: (arrivedBytes: number) => void): Sitting {
  let [underWay, sending, arrivedBytes, isThrough] = [0, 0, 0, false]
  let pause: unknown = null
  let down: { readonly used: ReturnType<typeof startUse>; busy: number | null } | null = null
  let arriving: Arriving | null = null
  let isOver = false
  const end = (): void => {
    clock.clearTimeout(pause)
    if (isOver) return
    isOver = true
    served.end()
    onEnd(arrivedBytes)
  }
  served.signal.addEventListener('abort', end, { once: true })
  return {
    type: 'sitting',
    key,
    served,
    begin: () => {
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
      return () => {
        if (--sending === 0 && down !== null) down.busy = round(down.used().busy)
        done()
      }
    },
    receive: async (request, rttMs, until = 'settled') => {
      arriving ??= startArriving(clock, rttMs, served.signal)
      const answer = await arriving.take(request, until)
      isThrough = true
      arrivedBytes = answer.bytes
      return { ...answer, busyDown: down?.busy ?? null }
    },
  }
}

interface Arriving {
  take(request: InboundRequest, until: 'settled' | 'whole'): Promise<Omit<SpeedUpAnswer, 'busyDown'>>
}

/** All that arrives in one test, by one clock. */
function startArriving(clock: Clock, rttMs: number, signal: AbortSignal): Arriving {
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
    void drained.then(() => {
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

const OCTETS = { 'content-type': 'application/octet-stream' }
const json = (value: unknown): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})
/** `retry-after` in whole seconds, as HTTP has it; ours beside it in ms. */
const busy = ({ afterMs }: Later): Reply => ({
  ...json({ error: 'another speed test is under way', retryAfterMs: afterMs }),
  status: 429,
  headers: { 'content-type': 'application/json', 'retry-after': String(Math.ceil(afterMs / 1_000)) },
})

function filler({ query }: InboundRequest, most: number): Reply {
  const asked = Number(query.get('bytes') ?? most)
  const bytes = Number.isInteger(asked) && asked > 0 ? Math.min(asked, most) : 0
  return bytes > 0
    ? { status: 200, headers: OCTETS, body: { type: 'filler', bytes } }
    : { status: 400, headers: OCTETS, body: 'bytes must be a whole number above 0\n' }
}
