// One request to a peer, by got.

import type { ClientRequest, IncomingMessage } from 'node:http'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Got } from 'got'
import { addressOf, type HostPort, parseAddress } from '../../domain/address.ts'
import { ANOTHER_NODE } from '../../domain/seed-fault.ts'
import type { OnBug } from '../../frp/index.ts'
import type { Failure, Meter, PeerAnswer, PeerRequest } from '../../ports.ts'
import { admittedHost } from './admission.ts'
import { closeHere } from './closed-by-peer.ts'
import type { Over } from './dial-turns.ts'
import { fillerStream, fitForFiller } from './filler.ts'
import { limitHints } from './hints.ts'
import { memberAt, meterOf } from './members-channel.ts'
import { codeOf, FailureError, failed, failureOf } from './network-failure.ts'
import { plainHeaders } from './plain-headers.ts'
import { bugsOnly } from './socket-errors.ts'
import { Stopwatch, type TimedAgent } from './stopwatch.ts'
import { TOO_SLOW, withinTime } from './within-time.ts'

const DEFAULT_MAX_BYTES = 1024 * 1024

const CALLED_OFF = failed('aborted', 'it was called off')
const WRONG_NODE = failed('protocol', ANOTHER_NODE)

let loading: Promise<{ readonly got: Got }> | null = null
/** Loading got takes longer than the rest of a start, so it is done once the port is open, or at the first request. */
export function loadGot(): Promise<{ readonly got: Got }> {
  loading ??= import('got')
  return loading
}

type Outcome = PeerAnswer | Failure | { readonly type: 'stale' }

/** A warm connection may be closed by the peer at the moment it is used. Then the request is sent again on a new one. */
export async function askPeer(agent: TimedAgent, address: string, request: PeerRequest, onBug: OnBug): Promise<PeerAnswer | Failure> {
  const to = parseAddress(address)
  if (!to) return failed('unreachable', `${address} is not host:port`)
  const { got } = await loadGot()
  const startedAt = performance.now()
  const warm = () => agent.freeSockets[agent.getName(to)] ?? []
  const leftMs = (): number => request.timeoutMs - (performance.now() - startedAt)
  const ask = async (): Promise<Outcome> => {
    const over = agent.turns === null ? () => {} : await agent.turns.take(agent.getName(to), leftMs())
    if (over === null) return TOO_SLOW
    const outcome = await askInTurn(over)
    over()
    return outcome
  }
  const askInTurn = async (over: Over): Promise<Outcome> => {
    const ip = await withinTime(warm().length > 0 ? to.host : admittedHost(to.host, request.admit), leftMs())
    if (typeof ip !== 'string') return ip
    const timeoutMs = leftMs()
    return timeoutMs > 0 ? askOnce(got, { agent, to, ip, request: { ...request, timeoutMs }, over, onBug }) : TOO_SLOW
  }
  const first = await ask()
  if (first.type !== 'stale') return first
  // The other warm ones may be closed too: the second try has to dial.
  for (const socket of warm()) closeHere(socket)
  const second = await ask()
  return second.type === 'stale' ? failed('reset', 'connection reset') : second
}

interface Asking {
  readonly agent: TimedAgent
  readonly to: HostPort
  /** What its host stands for where that was looked up already. */
  readonly ip: string
  readonly request: PeerRequest
  /** It has its connection. */
  readonly over: Over
  readonly onBug: OnBug
}

function askOnce(got: Got, { agent, to, ip, request, over, onBug }: Asking): Promise<Outcome> {
  const { timeoutMs, maxBytes = DEFAULT_MAX_BYTES, onBytes, signal, expect } = request
  if (signal?.aborted) return Promise.resolve(CALLED_OFF)
  return new Promise((resolve) => {
    const watch = new Stopwatch()
    let refusal: Failure | null = null
    // Warm connections may all be busy by then: another one is for `admit` to let through as well.
    const admitted: LookupFunction = (host, { all }, told) => {
      admittedHost(host, request.admit).then((found) => {
        if (typeof found === 'string') return standsFor(found)(host, { all }, told)
        refusal = found
        told(new FailureError(found), [])
      }, onBug)
    }
    const stream = got.stream(`http://${addressOf(to.host, to.port) ?? ''}${request.path}`, {
      ...gotOptions(agent, request),
      ...(ip !== to.host ? { dnsLookup: standsFor(ip) } : request.admit ? { dnsLookup: admitted } : {}),
    })
    const pieces: Buffer[] = []
    let bytes = 0
    let response: IncomingMessage | null = null
    let by: string | null = null
    let arrived: Meter = () => 0
    let written: Meter = () => 0
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      watch.stop()
      request.onSent?.(written())
      stream.on('error', bugsOnly(onBug)).destroy()
      resolve(outcome)
    }
    const timer = setTimeout(() => settle(TOO_SLOW), timeoutMs)
    const abort = (): void => settle(CALLED_OFF)
    signal?.addEventListener('abort', abort, { once: true })
    const finish = (): void => {
      if (!response) return
      const { connectMs, answerMs } = watch
      const { statusCode: status = 0 } = response
      settle({
        type: 'answer',
        by,
        status,
        headers: plainHeaders(response),
        body: Buffer.concat(pieces),
        timing: { connectMs, answerMs },
      })
    }
    stream.on('request', (sent: ClientRequest) => {
      watch.watch(sent)
      limitHints(sent, settle)
      // Before anything is sent: the connection may be one that another request was answered on.
      sent.once('socket', (socket) => {
        over()
        arrived = meterOf(socket)
        written = writtenSince(socket)
        if (request.body !== undefined && !(request.body instanceof Uint8Array)) fitForFiller(socket)
        by = memberAt(socket)
        if (expect !== undefined && by !== expect) sent.destroy(new FailureError(WRONG_NODE))
      })
    })
    stream.on('response', (incoming: IncomingMessage) => {
      response = incoming
    })
    stream.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (onBytes) {
        if (!onBytes(piece.length, arrived)) finish()
        return
      }
      pieces.push(piece)
      if (bytes > maxBytes) settle(failed('protocol', `its answer is over ${maxBytes} bytes`))
    })
    stream.on('end', finish)
    stream.on('error', (error) => {
      const isStale = watch.isWarm && watch.heardNothing && /^(ECONNRESET|EPIPE)$/.test(codeOf(error))
      bugsOnly(onBug)(error)
      settle(refusal ?? (isStale ? { type: 'stale' } : failureOf(error)))
    })
  })
}

function writtenSince(socket: Socket): Meter {
  const before = socket.bytesWritten
  return () => socket.bytesWritten - before
}

/** A lookup that has been done. */
const standsFor =
  (ip: string): LookupFunction =>
  (_host, { all }, told) => {
    if (all === true) told(null, [{ address: ip, family: isIP(ip) }])
    else told(null, ip, isIP(ip))
  }

/** P2PRC sends bodies with GET, too. A filler's length is told, so that the other end knows what to expect. */
function gotOptions(agent: TimedAgent, { method, headers, body }: PeerRequest) {
  const isNothing = body === undefined && method === 'GET'
  const payload = body === undefined || body instanceof Uint8Array ? Buffer.from(body ?? '') : fillerStream(body.bytes)
  const length = payload instanceof Readable ? (body as { readonly bytes: number }).bytes : payload.length
  return {
    method,
    agent: { http: agent },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: false,
    headers: { 'user-agent': 'moonwalk', ...headers, ...(isNothing ? {} : { 'content-length': String(length) }) },
    ...(isNothing ? {} : { body: payload, allowGetBody: true }),
  }
}
