// The serving side of speed tests: who is answered what. One test at a time.
import { SPEED_MAX_MS, SPEED_STREAM_BYTES, SPEED_TEST_MS } from '../../domain/timings.ts'
import type { Clock, InboundRequest, Reply } from '../../ports.ts'
import { createSitting, type Sitting } from './speed-sitting.ts'
import { createSpeedSlot, type Later, type Served } from './speed-slot.ts'

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
  /** Why it serves no tests now that no person asked for, as a clause; null: it does. */
  readonly closedBy: () => string | null
  /** Of such tests, begun here or by others: bytes that this node saw moved. */
  readonly spend: (bytes: number) => void
}

export function createSpeedService({ clock, isPrivate, isTesting, closedBy, spend }: SpeedServiceNeeds): SpeedService {
  const slot = createSpeedSlot(clock)
  /** The test that has the slot, where it has a name. */
  let current: Sitting | null = null

  const serve = (request: InboundRequest, maxMs: number): Served | Later =>
    isTesting() ? TESTING : slot.serve({ by: isPrivate ? request.by : null, remote: request.remote }, maxMs)
  /** The test that the request is of. `mayBegin`: it is one from now on, where the slot is free. */
  const sittingOf = (request: InboundRequest, test: string, mayBegin: boolean): Sitting | Later => {
    const key = `${request.by ?? request.remote.host} ${test}`
    if (current?.key === key && !current.served.signal.aborted) return current
    if (!mayBegin) return OVER
    if (!TEST_NAME.test(test)) return NAMELESS
    const isAutomatic = request.query.get('auto') === '1'
    const why = isAutomatic ? closedBy() : null
    if (why !== null) return { type: 'later', afterMs: RESTS_MS, why }
    const served = serve(request, SPEED_TEST_MS)
    if (served.type === 'later') return served
    const onEnd = (): void => {
      if (current?.key === key) current = null
    }
    current = createSitting({ clock, key, served, onEnd, onMoved: isAutomatic ? spend : () => {} })
    return current
  }

  const answerTest = async (request: InboundRequest, test: string): Promise<Reply> => {
    const isOpening = request.path === '/v2/speed/open'
    const sitting = sittingOf(request, test, isOpening)
    if (sitting.type === 'later') return busy(sitting)
    const onDone = sitting.begin(isOpening ? 'open' : request.path === '/v2/speed/down' ? 'down' : 'up')
    if (onDone === null) return busy(TOO_MANY)
    const { signal } = sitting.served
    if (isOpening) return { ...json({}), onDone, signal }
    if (request.path === '/v2/speed/down') return { ...filler(request, SPEED_STREAM_BYTES), onDone: sitting.sends(onDone), signal }
    const rttMs = Number(request.query.get('rtt') ?? 0)
    const answer = await sitting.receive(request, rttMs > 0 && rttMs < SPEED_MAX_MS ? rttMs : 0)
    return { ...json(answer), onDone, signal }
  }

  const answerSingle = async (request: InboundRequest, { signal, end }: Served): Promise<Reply> => {
    if (request.method === 'GET') return { ...filler(request, SPEED_STREAM_BYTES), onDone: end, signal }
    const nothing = (): void => {}
    const sitting = createSitting({ clock, key: '', served: { type: 'served', signal, end }, onEnd: nothing, onMoved: nothing })
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

const soon = (why: string): Later => ({ type: 'later', afterMs: 1_000, why })
const TESTING = soon('this node tests another one itself')
const OVER = soon('that speed test is not under way')
const NAMELESS = soon('a speed test has a name of 8 to 64 hex digits')
const TOO_MANY = soon('that speed test has had all its streams')

const OCTETS = { 'content-type': 'application/octet-stream' }
const json = (value: unknown): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})
/** `retry-after` in whole seconds, as HTTP has it; ours beside it in ms. */
const busy = ({ afterMs, why }: Later): Reply => ({
  ...json({ error: why, retryAfterMs: afterMs }),
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
