// What this node asks of peers, each as one function with its failure as a value.
import type { Closeness } from '../../domain/closeness.ts'
import { type Coordinate, readCoordinate } from '../../domain/coordinates.ts'
import type { Burst } from '../../domain/latency.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import type { PeerRecord } from '../../domain/record.ts'
import { DIAL_BACK_TIMEOUT, GOSSIP_TIMEOUT, HELLO_TIMEOUT, LOOK_TIMEOUT, P2PRC_TIMEOUT, PROBE_TIMEOUT } from '../../domain/timings.ts'
import { isServerInfo } from '../../p2prc/server-info.ts'
import { type Failure, isFailure, type PeerAnswer, type PeerRequest, type Ports } from '../../ports.ts'
import { open, parseObject, recordOf } from '../../v2/envelope.ts'
import { type LookAnswer, type LookAsk, readLookAnswer } from '../../v2/indirect-look.ts'
import { isLook, LOOK_HEADERS } from '../../v2/look.ts'
import { type DialBack, type GossipMessage, gossipJson, type HelloAsk, readEcho, readGossip, readHelloAnswer } from '../../v2/messages.ts'

export interface Met {
  readonly type: 'met'
  readonly record: PeerRecord
  /** The host it saw us at; null where that says nothing. */
  readonly observed: string | null
  readonly dialBack: DialBack
}

/** A moonwalk node that answered. `run` differs with every start, and between two processes with one key. */
export interface Answerer {
  readonly id: string
  readonly run: string
  /** Where it says that it is; absent where it does not, and from clear HTTP. */
  readonly place?: Coordinate
}

/** `by`: who answered, which the members' channel proves. */
export interface GossipAnswer {
  readonly type: 'gossip'
  readonly by: string
  readonly message: GossipMessage
}

export interface Pinged {
  readonly burst: Burst
  /** This node's own rules kept it from asking: the silence says nothing of the peer. */
  readonly withheld?: true
  /** Not before so long may it be asked again. */
  readonly retryMs?: number
  /** Who answered, which only the members' channel proves: in clear HTTP it is what the answer says. Null: a P2PRC node, which has no id. */
  readonly by: Answerer | null
  readonly samplesMs: readonly number[]
  /** Answers that came while whoever timed them was late itself. They are in none of the figures. */
  readonly discarded: number
  /** TCP's handshake; null where a warm connection was used. */
  readonly connectMs: number | null
  /** A speed test over the same path ran meanwhile. */
  readonly isLoaded?: true
}

export interface PeerCalls {
  /** `stranger`: it answers HTTP but not our hello, as P2PRC does. `why`: where the members' channel did not come about. */
  hello(address: string, ask: HelloAsk): Promise<Met | { readonly type: 'stranger'; readonly why?: string } | Failure>
  /** Who answers at this address, and says so itself, to this node, of this address; why nobody did. `isAnew`: on a connection made for it. */
  whoAnswers(address: string, timeoutMs?: number, isAnew?: boolean): Promise<(Answerer & { readonly type: 'answerer' }) | Failure>
  gossip(address: string, message: GossipMessage): Promise<GossipAnswer | Failure>
  ping(address: string, lane: Lane, closeness: Closeness): Promise<Pinged>
  /** Whether who is at the address reaches another. */
  look(address: string, ask: LookAsk): Promise<LookAnswer | Failure>
  /** P2PRC's exchange: our table for its table, as texts. */
  postTable(address: string, text: string): Promise<{ readonly type: 'text'; readonly text: string } | Failure>
  frpPort(address: string, lane: Lane): Promise<number | Failure>
}

/** How a peer is spoken to: P2PRC's nodes know clear HTTP alone. */
export type Lane = 'channel' | 'clear'

/** In a private network there is nobody to be spoken to in clear. */
export const laneOf = (network: NetworkKind, { id }: { readonly id: string | null }): Lane =>
  network.type === 'private' || id !== null ? 'channel' : 'clear'

const TIMED: Readonly<Record<Closeness, NonNullable<PeerRequest['timed']>>> = {
  burst: { samples: 3, primer: 'always' },
  look: { samples: 1, primer: 'cold' },
  thorough: { samples: 8, primer: 'always' },
}
const MAX_TABLE_BYTES = 4 * 1024 * 1024

interface CallNeeds extends Pick<Ports, 'random' | 'identity'> {
  readonly http: PeerRequests
}

export type PeerRequests = Pick<Ports['http'], 'request'>

/** Requests that `signal` ends: those under way, and every later one at once. */
export function endable(http: PeerRequests, signal: AbortSignal): PeerRequests {
  // One listener for all: hundreds on one signal make Node warn of a leak.
  const underWay = new Set<AbortController>()
  signal.addEventListener('abort', () => {
    for (const one of underWay) one.abort()
  })
  return {
    request: async (address, request) => {
      const one = new AbortController()
      const abort = (): void => one.abort()
      if (signal.aborted || request.signal?.aborted) abort()
      request.signal?.addEventListener('abort', abort, { once: true })
      underWay.add(one)
      const answer = await http.request(address, { ...request, signal: one.signal })
      underWay.delete(one)
      request.signal?.removeEventListener('abort', abort)
      return answer
    },
  }
}

export function createPeerCalls({ http, random, identity }: CallNeeds): PeerCalls {
  const json = (value: unknown) => ({ body: Buffer.from(JSON.stringify(value)), headers: { 'content-type': 'application/json' } })

  const ping: PeerCalls['ping'] = async (address, lane, closeness) => {
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
      burst: { type: 'answered', rttMs, ...(roughMs === null ? {} : { roughMs }) },
      by: answererIn(answer),
      samplesMs,
      discarded,
      connectMs: answer.timing.connectMs,
    }
  }

  const whoAnswers: PeerCalls['whoAnswers'] = async (address, timeoutMs = DIAL_BACK_TIMEOUT, isAnew = false) => {
    const nonce = Buffer.from(random.bytes(16)).toString('hex')
    const path = `/v2/echo?nonce=${nonce}&at=${encodeURIComponent(address)}`
    const answer = await http.request(address, {
      method: 'GET',
      path,
      over: 'channel',
      timeoutMs,
      maxBytes: 4 * 1024,
      ...(isAnew ? { apart: {} } : {}),
    })
    if (isFailure(answer)) return answer
    const echo = answer.status === 200 ? readEcho(answer.body) : null
    const isGenuine =
      echo !== null &&
      echo.id === answer.by &&
      identity.idOf(echo.key) === echo.id &&
      identity.verify(echo.key, echoBytes({ nonce, run: echo.run, at: address, asker: identity.id }), echo.sig)
    if (!isGenuine) return { type: 'failed', reason: 'protocol', text: 'no node with an identity answers there' }
    return { type: 'answerer', id: echo.id, run: echo.run }
  }

  return {
    ping,
    hello: async (address, ask) => {
      const answer = await http.request(address, {
        method: 'POST',
        path: '/v2/hello',
        over: 'channel',
        ...json(ask),
        timeoutMs: HELLO_TIMEOUT,
        maxBytes: 16 * 1024,
      })
      // Who knows no members' channel ends the connection, or answers in a protocol of its own.
      if (isFailure(answer))
        return answer.reason === 'protocol' || answer.reason === 'reset' ? { type: 'stranger', why: answer.text } : answer
      const hello = answer.status === 200 ? readHelloAnswer(answer.body) : null
      if (!hello) return { type: 'stranger' }
      const word = open(hello.record, identity)
      const record = word && word.id === answer.by && recordOf(word, hello.record, address)
      return record ? { type: 'met', record, observed: hello.observed, dialBack: hello.dialBack } : { type: 'stranger' }
    },
    whoAnswers,
    gossip: async (address, message) => {
      const answer = await http.request(address, {
        method: 'POST',
        path: '/v2/gossip',
        over: 'channel',
        ...json(gossipJson(message)),
        timeoutMs: GOSSIP_TIMEOUT,
      })
      if (isFailure(answer)) return answer
      const { by } = answer
      const reply = answer.status === 200 ? readGossip(answer.body) : null
      const isItsOwn = reply !== null && (reply.from === null || open(reply.from, identity)?.id === by)
      if (reply !== null && isItsOwn && by != null) return { type: 'gossip', by, message: reply }
      return { type: 'failed', reason: 'protocol', text: `it answered ${answer.status} to /v2/gossip` }
    },
    look: async (address, ask) => {
      const answer = await http.request(address, {
        method: 'POST',
        path: '/v2/look',
        over: 'channel',
        ...json(ask),
        timeoutMs: LOOK_TIMEOUT,
        maxBytes: 4 * 1024,
      })
      if (isFailure(answer)) return answer
      return answer.status === 200 ? readLookAnswer(answer.body) : { type: 'busy' }
    },
    postTable: async (address, text) => {
      const boundary = `moonwalk${Buffer.from(random.bytes(12)).toString('hex')}`
      const body = Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="json"; filename="ip_table.json"\r\nContent-Type: application/octet-stream\r\n\r\n${text}\r\n--${boundary}--\r\n`,
      )
      const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
      const answer = await http.request(address, {
        method: 'POST',
        path: '/IpTable',
        body,
        headers,
        timeoutMs: P2PRC_TIMEOUT,
        maxBytes: MAX_TABLE_BYTES,
      })
      return isFailure(answer) ? answer : { type: 'text', text: answer.status === 200 ? answer.body.toString('utf8') : '' }
    },
    frpPort: async (address, lane) => {
      const answer = await http.request(address, { method: 'GET', path: '/FRPPort', over: lane, timeoutMs: HELLO_TIMEOUT, maxBytes: 1024 })
      if (isFailure(answer)) return answer
      const port = Number(answer.body.toString('utf8').trim())
      if (answer.status === 200 && Number.isInteger(port) && port >= 1 && port <= 65_535) return port
      return {
        type: 'failed',
        reason: 'protocol',
        text: `it answered ${answer.status} to /FRPPort: ${answer.body.toString('utf8').slice(0, 80).trim()}`,
      }
    },
  }
}

/**
 * What an echo signs: that this run of the node answers, to that asker, at the address that was asked. `at`: as the asker wrote it.
 * A signature made for one is of no use to anybody else, nor for another address.
 */
export const echoBytes = (echo: {
  readonly nonce: string
  readonly run: string
  readonly at: string
  readonly asker: string
}): Uint8Array => new TextEncoder().encode(`moonwalk echo\n${echo.nonce}\n${echo.run}\n${echo.at}\n${echo.asker}`)

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
