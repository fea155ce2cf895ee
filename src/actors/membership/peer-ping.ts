// A ping: P2PRC's `/server_info`, asked several times on one connection. Its own failures are figures too.
import type { Closeness } from '../../domain/closeness.ts'
import { type Coordinate, readCoordinate } from '../../domain/coordinates.ts'
import type { Burst } from '../../domain/latency.ts'
import { PROBE_TIMEOUT } from '../../domain/timings.ts'
import { isServerInfo } from '../../p2prc/server-info.ts'
import type { Lane } from '../../ports.ts'
import { type Failure, isFailure, type PeerAnswer, type PeerRequest } from '../../ports.ts'
import { parseObject } from '../../v2/envelope.ts'
import { isLook, LOOK_HEADERS } from '../../v2/look.ts'
import type { PeerRequests } from './peer-requests.ts'

/** A moonwalk node that answered. `run` differs with every start, and between two processes with one key. */
export interface Answerer {
  readonly id: string
  readonly run: string
  /** Where it says that it is; absent where it does not, and from clear HTTP. */
  readonly place?: Coordinate
}

export interface Pinged {
  readonly burst: Burst
  /** This node's own rules kept it from asking: the silence says nothing of the peer. */
  readonly withheld?: true
  /** Not before so long may it be asked again. */
  readonly retryMs?: number
  /**
   * Who answered, which only the members' channel proves: in clear HTTP it is
   * what the answer says. Null: a P2PRC node, which has no id.
   */
  readonly by: Answerer | null
  readonly samplesMs: readonly number[]
  /** Answers that came while whoever timed them was late itself. They are in none of the figures. */
  readonly discarded: number
  /** TCP's handshake; null where a warm connection was used. */
  readonly connectMs: number | null
  /** A speed test over the same path ran meanwhile. */
  readonly isLoaded?: true
}

const TIMED: Readonly<Record<Closeness, NonNullable<PeerRequest['timed']>>> = {
  burst: { samples: 3, primer: 'always' },
  look: { samples: 1, primer: 'cold' },
  thorough: { samples: 8, primer: 'always' },
}

export async function pingPeer(http: PeerRequests, address: string, lane: Lane, closeness: Closeness): Promise<Pinged> {
  const answer = await http.request(address, {
    method: 'GET',
    path: '/server_info',
    over: lane,
    timeoutMs: PROBE_TIMEOUT,
    maxBytes: 64 * 1024,
    timed: TIMED[closeness],
    ...(lane === 'channel' ? { headers: LOOK_HEADERS } : {}),
  })
  if (isFailure(answer)) return silent(answer.text, answer.reason, answer.retryMs)
  if (answer.status !== 200) return silent(`it answered ${answer.status} to /server_info`)
  if (!isServerInfo(answer.body) && !(lane === 'channel' && isLook(answer.body)))
    return silent('what answers there is no server of this network')
  const { samplesMs = [], discarded = 0, roughMs = null } = answer.timed ?? {}
  const rttMs = samplesMs.length > 0 ? Math.min(...samplesMs) : null
  return {
    burst: { type: 'answered', rttMs, ...(roughMs === null ? {} : { roughMs }), ...(closeness === 'look' ? { isSingle: true } : {}) },
    by: answererIn(answer),
    samplesMs,
    discarded,
    connectMs: answer.timing.connectMs,
  }
}

const silent = (why: string, reason: Failure['reason'] = 'protocol', retryMs?: number): Pinged => ({
  burst: { type: 'silent', refused: reason === 'refused', why },
  by: null,
  samplesMs: [],
  discarded: 0,
  connectMs: null,
  ...(reason === 'withheld' ? { withheld: true } : {}),
  ...(retryMs === undefined ? {} : { retryMs }),
})

/** Our `/server_info` carries the node's id and run beside P2PRC's keys. Over the channel the id is the one that is proven. */
function answererIn({ body, by }: PeerAnswer): Answerer | null {
  const info = parseObject(body.toString('utf8'))?.Moonwalk
  const said = typeof info === 'object' && info !== null ? (info as Readonly<Record<string, unknown>>) : {}
  const id = by ?? said.id
  const place = by === undefined || by === null ? null : readCoordinate(said.place)
  return typeof id === 'string' ? { id, run: typeof said.run === 'string' ? said.run : '', ...(place ? { place } : {}) } : null
}
