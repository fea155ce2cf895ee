// What this node asks of peers, each as one function with its failure as a value.
import type { Closeness } from '../../domain/closeness.ts'
import { patientMs } from '../../domain/crowded.ts'
import type { PeerRecord } from '../../domain/record.ts'
import { DIAL_BACK_TIMEOUT, GOSSIP_TIMEOUT, HELLO_TIMEOUT, LOOK_TIMEOUT, P2PRC_TIMEOUT } from '../../domain/timings.ts'
import type { Lane } from '../../ports.ts'
import { type Failure, isFailure, type PeerAnswer, type PeerRequest, type Ports } from '../../ports.ts'
import { echoBytes, readEcho } from '../../v2/echo.ts'
import { open, recordOf } from '../../v2/envelope.ts'
import { type LookAnswer, type LookAsk, readLookAnswer } from '../../v2/indirect-look.ts'
import { type DialBack, type GossipMessage, gossipJson, type HelloAsk, readGossip, readHelloAnswer } from '../../v2/messages.ts'
import { type Answerer, type Pinged, pingPeer } from './peer-ping.ts'
import type { PeerRequests } from './peer-requests.ts'
import { RecentMap } from './recent-map.ts'

export interface Met {
  readonly type: 'met'
  readonly record: PeerRecord
  /** The host it saw us at; null where that says nothing. */
  readonly observed: string | null
  readonly dialBack: DialBack
}

/** `by`: who answered, which the members' channel proves. */
export interface GossipAnswer {
  readonly type: 'gossip'
  readonly by: string
  readonly message: GossipMessage
}

export interface PeerCalls {
  /** `stranger`: it answers HTTP but not our hello, as P2PRC does. `why`: where the members' channel did not come about. */
  hello(address: string, ask: HelloAsk): Promise<Met | { readonly type: 'stranger'; readonly why?: string } | Failure>
  /**
   * Who answers at this address, and says so itself, to this node, of this
   * address; why nobody did. `isAnew`: on a connection made for it.
   */
  whoAnswers(address: string, timeoutMs?: number, isAnew?: boolean): Promise<(Answerer & { readonly type: 'answerer' }) | Failure>
  gossip(address: string, message: GossipMessage): Promise<GossipAnswer | Failure>
  ping(address: string, lane: Lane, closeness: Closeness): Promise<Pinged>
  /** Whether who is at the address reaches another. */
  look(address: string, ask: LookAsk): Promise<LookAnswer | Failure>
  /** P2PRC's exchange: our table for its table, as texts. */
  postTable(address: string, text: string): Promise<{ readonly type: 'text'; readonly text: string } | Failure>
  frpPort(address: string, lane: Lane): Promise<number | Failure>
  /** It has answered over the members' channel so lately that the connection stands yet. */
  isWarm(address: string): boolean
  /** The connections that stood are closed. */
  forgetWarm(): void
}

const MAX_TABLE_BYTES = 4 * 1024 * 1024

interface CallNeeds extends Pick<Ports, 'clock' | 'random' | 'identity'> {
  readonly http: PeerRequests
}

/** Connections of nodes are kept for a little longer (io/network/peer-http.ts). */
const WARM_FOR = 100_000
const MOST_WARM = 256

export function createPeerCalls({ http: plain, clock, random, identity }: CallNeeds): PeerCalls {
  let warmAtMs = new RecentMap<string, number>(MOST_WARM)
  const inTime: PeerRequests = {
    request: async (address, request) => {
      const answer = await plain.request(address, request)
      if (request.over === 'channel' && request.timed === undefined && request.apart === undefined) {
        if (isFailure(answer)) warmAtMs.delete(address)
        else warmAtMs.set(address, clock.now())
      }
      return answer
    },
  }
  const http: PeerRequests = {
    request: (address, request) => inTime.request(address, { ...request, timeoutMs: patientMs(request.timeoutMs, clock) }),
  }
  /** One of our own routes, over the members' channel. */
  const post = (
    address: string,
    path: `/v2/${string}`,
    message: object,
    limits: Pick<PeerRequest, 'timeoutMs' | 'maxBytes'>,
  ): Promise<PeerAnswer | Failure> =>
    http.request(address, {
      method: 'POST',
      path,
      over: 'channel',
      body: Buffer.from(JSON.stringify(message)),
      headers: { 'content-type': 'application/json' },
      ...limits,
    })

  const whoAnswers: PeerCalls['whoAnswers'] = async (address, timeoutMs = DIAL_BACK_TIMEOUT, isAnew = false) => {
    const nonce = Buffer.from(random.bytes(16)).toString('hex')
    const path = `/v2/echo?nonce=${nonce}&at=${encodeURIComponent(address)}`
    // Whoever is dialled back for waits for its own answer meanwhile.
    const answer = await inTime.request(address, {
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
    isWarm: (address) => clock.now() - (warmAtMs.get(address) ?? Number.NEGATIVE_INFINITY) < WARM_FOR,
    forgetWarm: () => {
      warmAtMs = new RecentMap(MOST_WARM)
    },
    ping: (address, lane, closeness) => pingPeer(http, address, lane, closeness),
    hello: async (address, ask) => {
      const answer = await post(address, '/v2/hello', ask, { timeoutMs: HELLO_TIMEOUT, maxBytes: 16 * 1024 })
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
      const answer = await post(address, '/v2/gossip', gossipJson(message), { timeoutMs: GOSSIP_TIMEOUT })
      if (isFailure(answer)) return answer
      const { by } = answer
      const reply = answer.status === 200 ? readGossip(answer.body) : null
      const isItsOwn = reply !== null && (reply.from === null || open(reply.from, identity)?.id === by)
      if (reply !== null && isItsOwn && by != null) return { type: 'gossip', by, message: reply }
      return { type: 'failed', reason: 'protocol', text: `it answered ${answer.status} to /v2/gossip` }
    },
    look: async (address, ask) => {
      const answer = await post(address, '/v2/look', ask, { timeoutMs: LOOK_TIMEOUT, maxBytes: 4 * 1024 })
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
