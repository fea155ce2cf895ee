// A connection to a service of another node, wherever that node is reached now.
import { type Answered, dialOrder } from '../../domain/dial-order.ts'
import { isProven } from '../../domain/ip-table.ts'
import { addressesOf, type PeerId } from '../../domain/record.ts'
import { CONNECT_DOUBT, CONNECT_RETRY, CONNECT_STAGGER, CONNECT_STAND_BY_RETRY, CONNECT_TRY_TIMEOUT } from '../../domain/timings.ts'
import type { MuxStream } from '../../frp/index.ts'
import type { Clock, Failure } from '../../ports.ts'
import { isFailure } from '../../ports.ts'
import type { ConnectAsk } from '../../v2/connect.ts'
import { RecentMap } from '../membership/recent-map.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import { ask, type Reached } from './ask-stream.ts'
import type { PeerSessions } from './peer-sessions.ts'
import { raceAddresses } from './race.ts'

export interface ReachService {
  /** Asks for it at the addresses that the node has at that moment, again and again for `patienceMs`. Fails where it is nowhere. */
  reach(id: PeerId, asked: ConnectAsk, patienceMs: number): Promise<Reached | Failure>
  /**
   * Asks at the address that comes first, where it has answered a moment ago, and nowhere else: what is written to the stream follows
   * the ask at once. Null: nothing has answered so lately.
   */
  reachAtOnce(id: PeerId, asked: ConnectAsk): { readonly stream: MuxStream; readonly reached: Promise<Reached | Failure> } | null
}

interface ReachNeeds {
  readonly clock: Clock
  readonly keeper: Pick<TableKeeper, 'current'>
  readonly sessions: PeerSessions
  /** Null: that node was reached at the address by this one's own rules for contacts. */
  readonly admit: (id: PeerId, address: string) => Promise<Failure | null>
  readonly isStopped: () => boolean
  readonly onBug: (error: unknown) => void
}

/** Nodes whose last answer is remembered. */
const MOST_REMEMBERED = 1_024

export function createReachService({ clock, keeper, sessions, admit, isStopped, onBug }: ReachNeeds): ReachService {
  /** Asks at once that wait for an answer, and since when there was none. */
  const waiting = new Map<string, { count: number; sinceMs: number }>()
  const answered = new RecentMap<PeerId, Answered>(MOST_REMEMBERED)
  /** When a further address of a node was tried in vain, by node and address. */
  const notStoodBy = new RecentMap<string, number>(MOST_REMEMBERED)

  const orderOf = (id: PeerId): readonly string[] => {
    const row = keeper.current().rows.get(id)
    return row === undefined ? [] : dialOrder(addressesOf(row.record), answered.get(id) ?? null)
  }
  /** One that has moved, or is listed by others' word alone, and was not asked there yet, is asked by the rules for such addresses. */
  const isAsked = (id: PeerId, address: string): boolean => {
    const row = keeper.current().rows.get(id)
    return row !== undefined && address === row.record.address && isProven(row)
  }
  // Where the first address dies, a connection then costs an ask, and no proof and no handshakes: those take long just when many
  // nodes move at once.
  const standBy = async (id: PeerId, won: string): Promise<void> => {
    const next = orderOf(id).find((address) => address !== won)
    if (next === undefined || isStopped() || sessions.keep(id, next)) return
    const key = `${id} ${next}`
    const failedAtMs = notStoodBy.get(key)
    if (failedAtMs !== undefined && clock.now() - failedAtMs < CONNECT_STAND_BY_RETRY) return
    notStoodBy.set(key, clock.now()) // while it is tried too
    const failure = (isAsked(id, next) ? null : await admit(id, next)) ?? (await sessions.standBy(id, next))
    if (failure === null) notStoodBy.delete(key)
  }
  const once = async (id: PeerId, asked: ConnectAsk): Promise<Reached | Failure> => {
    const addresses = orderOf(id)
    const row = keeper.current().rows.get(id)
    if (addresses.length === 0 || row === undefined) return NOWHERE
    const first = row.record.address
    const attempt = async (address: string, signal: AbortSignal): Promise<Reached | Failure> => {
      const refused = isAsked(id, address) || sessions.keep(id, address) ? null : await admit(id, address)
      if (refused !== null) return refused
      const opened = await sessions.open(id, address)
      return opened.type === 'failed' ? opened : ask(opened.stream, asked, { clock, timeoutMs: CONNECT_TRY_TIMEOUT, signal })
    }
    const won = await raceAddresses({
      clock,
      addresses,
      staggerMs: CONNECT_STAGGER,
      attempt,
      drop: (late: Reached) => {
        if (late.type === 'open') late.stream.reset()
      },
    })
    if (isFailure(won)) return won
    answered.set(id, { address: won.address, first })
    sessions.answered(id, won.address)
    standBy(id, won.address).catch(onBug)
    return won.outcome
  }

  const reach: ReachService['reach'] = async (id, asked, patienceMs) => {
    const untilMs = clock.now() + patienceMs
    for (;;) {
      const outcome = await once(id, asked)
      if (!isFailure(outcome) || isStopped() || clock.now() + CONNECT_RETRY >= untilMs) return outcome
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, CONNECT_RETRY))
    }
  }
  const reachAtOnce: ReachService['reachAtOnce'] = (id, asked) => {
    const [address = ''] = orderOf(id)
    const key = `${id} ${address}`
    const before = waiting.get(key)
    if (before !== undefined && clock.now() - before.sinceMs > CONNECT_DOUBT) return null
    const stream = sessions.openFresh(id, address)
    if (stream === null) return null
    const asks = before ?? { count: 0, sinceMs: clock.now() }
    asks.count += 1
    waiting.set(key, asks)
    const reached = ask(stream, asked, { clock, timeoutMs: CONNECT_TRY_TIMEOUT, signal: new AbortController().signal })
    const noted = async (): Promise<Reached | Failure> => {
      const outcome = await reached
      asks.count -= 1
      if (asks.count === 0) waiting.delete(key)
      if (!isFailure(outcome)) {
        asks.sinceMs = clock.now()
        sessions.answered(id, address)
        standBy(id, address).catch(onBug)
      }
      return outcome
    }
    return { stream, reached: noted() }
  }
  return { reach, reachAtOnce }
}

const NOWHERE: Failure = { type: 'failed', reason: 'unreachable', text: 'it is not in the table now' }
