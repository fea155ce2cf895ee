// What this node asks of peers, each as one function with its failure as a value.
import type { Burst } from '../../domain/latency.ts'
import type { PeerRecord } from '../../domain/record.ts'
import { DIAL_BACK_TIMEOUT, GOSSIP_TIMEOUT, HELLO_TIMEOUT, P2PRC_TIMEOUT, PROBE_TIMEOUT } from '../../domain/timings.ts'
import { type Failure, isFailure, type PeerAnswer, type Ports } from '../../ports.ts'
import { open, parseObject, recordOf } from '../../v2/envelope.ts'
import { type DialBack, type GossipMessage, type HelloAsk, readEcho, readGossip, readHelloAnswer } from '../../v2/messages.ts'

export interface Met {
  readonly type: 'met'
  readonly record: PeerRecord
  /** The host it saw us at; null where that says nothing. */
  readonly observed: string | null
  readonly dialBack: DialBack
}

/** A moonwalk node as its `/server_info` names it. `run` differs with every start, and between two processes with one key. */
export interface Answerer {
  readonly id: string
  readonly run: string
}

export interface Pinged {
  readonly burst: Burst
  /** This node's own rules kept it from asking: the silence says nothing of the peer. */
  readonly withheld?: true
  /** Who answered; null: a P2PRC node, which has no id. */
  readonly by: Answerer | null
  readonly samplesMs: readonly number[]
  readonly connectMs: number | null
}

export interface PeerCalls {
  /** `stranger`: it answers HTTP but not our hello, as P2PRC does. */
  hello(address: string, ask: HelloAsk): Promise<Met | { readonly type: 'stranger' } | Failure>
  /** Who answers at this address, proven by a signature over a fresh nonce; null: nobody with an id. */
  echo(address: string): Promise<string | null>
  /** The same, with the run of the process that answers, and why nobody did. */
  whoAnswers(address: string): Promise<(Answerer & { readonly type: 'answerer' }) | Failure>
  gossip(address: string, message: GossipMessage): Promise<GossipMessage | Failure>
  /** One burst: a first request to warm the connection, then the best of three. */
  ping(address: string): Promise<Pinged>
  /** P2PRC's exchange: our table for its table, as texts. */
  postTable(address: string, text: string): Promise<{ readonly type: 'text'; readonly text: string } | Failure>
  frpPort(address: string): Promise<number | Failure>
}

const SAMPLES = 3
const MAX_TABLE_BYTES = 4 * 1024 * 1024

interface CallNeeds extends Pick<Ports, 'clock' | 'random' | 'identity'> {
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
      if (signal.aborted) one.abort()
      underWay.add(one)
      const answer = await http.request(address, { ...request, signal: one.signal })
      underWay.delete(one)
      return answer
    },
  }
}

export function createPeerCalls({ http, clock, random, identity }: CallNeeds): PeerCalls {
  const json = (value: unknown) => ({ body: Buffer.from(JSON.stringify(value)), headers: { 'content-type': 'application/json' } })

  const ping = async (address: string): Promise<Pinged> => {
    const deadline = clock.now() + PROBE_TIMEOUT
    const samplesMs: number[] = []
    let first: PeerAnswer | null = null
    while (samplesMs.length < SAMPLES) {
      const left = deadline - clock.now()
      const answer =
        left <= 0 ? null : await http.request(address, { method: 'GET', path: '/server_info', timeoutMs: left, maxBytes: 64 * 1024 })
      if (answer === null || isFailure(answer) || answer.status !== 200) {
        if (samplesMs.length > 0) break // slow but there: what was measured stands
        const refused = answer !== null && isFailure(answer) && answer.reason === 'refused'
        const why =
          answer === null ? 'it did not answer in time' : isFailure(answer) ? answer.text : `it answered ${answer.status} to /server_info`
        const withheld = answer !== null && isFailure(answer) && answer.reason === 'withheld'
        return { burst: { type: 'silent', refused, why }, by: null, samplesMs: [], connectMs: null, ...(withheld ? { withheld } : {}) }
      }
      if (first) samplesMs.push(answer.timing.answerMs)
      else {
        first = answer
        // A path so slow that three more would not fit is measured by the first.
        if (answer.timing.answerMs * 2 > deadline - clock.now()) samplesMs.push(answer.timing.answerMs)
      }
    }
    return {
      burst: { type: 'answered', rttMs: Math.min(...samplesMs) },
      by: first ? answererIn(first.body) : null,
      samplesMs,
      connectMs: first?.timing.connectMs ?? null,
    }
  }

  const whoAnswers: PeerCalls['whoAnswers'] = async (address) => {
    const nonce = Buffer.from(random.bytes(16)).toString('hex')
    const path = `/v2/echo?nonce=${nonce}`
    const answer = await http.request(address, { method: 'GET', path, timeoutMs: DIAL_BACK_TIMEOUT, maxBytes: 4 * 1024 })
    if (isFailure(answer)) return answer
    const echo = answer.status === 200 ? readEcho(answer.body) : null
    const isGenuine =
      echo !== null &&
      echo.nonce === nonce &&
      identity.idOf(echo.key) === echo.id &&
      identity.verify(echo.key, echoBytes(nonce, echo.run), echo.sig)
    if (!isGenuine) return { type: 'failed', reason: 'protocol', text: 'no node with an identity answers there' }
    return { type: 'answerer', id: echo.id, run: echo.run }
  }

  return {
    ping,
    hello: async (address, ask) => {
      const answer = await http.request(address, {
        method: 'POST',
        path: '/v2/hello',
        ...json(ask),
        timeoutMs: HELLO_TIMEOUT,
        maxBytes: 16 * 1024,
      })
      if (isFailure(answer)) return answer
      const hello = answer.status === 200 ? readHelloAnswer(answer.body) : null
      if (!hello) return { type: 'stranger' }
      const word = open(hello.record, identity)
      const record = word && recordOf(word, hello.record, address)
      return record ? { type: 'met', record, observed: hello.observed, dialBack: hello.dialBack } : { type: 'stranger' }
    },
    echo: async (address) => {
      const answer = await whoAnswers(address)
      return isFailure(answer) ? null : answer.id
    },
    whoAnswers,
    gossip: async (address, message) => {
      const answer = await http.request(address, { method: 'POST', path: '/v2/gossip', ...json(message), timeoutMs: GOSSIP_TIMEOUT })
      if (isFailure(answer)) return answer
      const reply = answer.status === 200 ? readGossip(answer.body) : null
      return reply ?? { type: 'failed', reason: 'protocol', text: `it answered ${answer.status} to /v2/gossip` }
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
    frpPort: async (address) => {
      const answer = await http.request(address, { method: 'GET', path: '/FRPPort', timeoutMs: HELLO_TIMEOUT, maxBytes: 1024 })
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

export const echoBytes = (nonce: string, run: string): Uint8Array => new TextEncoder().encode(`moonwalk echo\n${nonce}\n${run}`)

/** Our `/server_info` carries the node's id and run beside P2PRC's keys. */
function answererIn(body: Buffer): Answerer | null {
  const info = parseObject(body.toString('utf8'))?.Moonwalk
  if (typeof info !== 'object' || info === null || !('id' in info) || typeof info.id !== 'string') return null
  return { id: info.id, run: 'run' in info && typeof info.run === 'string' ? info.run : '' }
}
