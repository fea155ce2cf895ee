// One request of the thread that measures, by Node's own client: nothing is loaded for it, and little runs between the bytes and
// their stamps.
import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import type { HostPort } from '../../domain/address.ts'
import { ANOTHER_NODE } from '../../domain/seed-fault.ts'
import type { Failure } from '../../ports.ts'
import type { Over } from '../network/dial-turns.ts'
import { limitHints } from '../network/hints.ts'
import { memberAt } from '../network/members-channel.ts'
import { codeOf, FailureError, failed, failureOf } from '../network/network-failure.ts'
import { plainHeaders } from '../network/plain-headers.ts'
import { Stopwatch } from '../network/stopwatch.ts'
import type { Asked } from '../network/timed-series.ts'
import { TOO_SLOW } from '../network/within-time.ts'
import type { LoopWatch } from './loop-watch.ts'
import { NoPermit } from './probe-agent.ts'
import type { TimedRequest } from './thread-words.ts'

const DEFAULT_MAX_BYTES = 1024 * 1024
/** A write that takes longer was interrupted, and nobody knows on which side of the packet. */
const MOST_SEND_MS = 1

interface Asking {
  readonly agent: Agent
  readonly to: HostPort
  readonly request: TimedRequest
  readonly signal: AbortSignal
  readonly watch: LoopWatch
  /** It has its connection. */
  readonly over: Over
  readonly onError: (error: unknown) => void
}

/** `stale`: the warm connection was closed by the peer at the moment it was used. */
export type Outcome = Asked | Failure | { readonly type: 'stale' }

export function askOnce({ agent, to, request, signal, watch, over, onError }: Asking): Promise<Outcome> {
  const { path, headers, timeoutMs, maxBytes = DEFAULT_MAX_BYTES, expect } = request
  if (signal.aborted) return Promise.resolve(failed('aborted', 'it was called off'))
  return new Promise((resolve) => {
    const time = new Stopwatch()
    const pieces: Buffer[] = []
    let bytes = 0
    let by: string | null = null
    const isChannel = request.over === 'channel'
    const sent = httpRequest({ agent, ...to, path, headers: { ...(isChannel ? {} : { 'user-agent': 'moonwalk' }), ...headers } })
    // Nodes keep a connection without a word about it, as HTTP/1.1 says.
    if (isChannel) sent.removeHeader('connection')
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      time.stop()
      sent.on('error', onError)
      // A connection with an answer under way is of no use to the next request.
      if (outcome.type !== 'asked') sent.destroy()
      resolve(outcome)
    }
    const timer = setTimeout(() => settle(TOO_SLOW), timeoutMs)
    const abort = (): void => settle(failed('aborted', 'it was called off'))
    signal.addEventListener('abort', abort, { once: true })
    time.watch(sent)
    sent.once('socket', (socket) => {
      over()
      by = memberAt(socket)
      if (expect !== undefined && by !== expect) sent.destroy(new FailureError(failed('protocol', ANOTHER_NODE)))
    })
    limitHints(sent, settle)
    sent.once('response', (response: IncomingMessage) => {
      response.on('data', (piece: Buffer) => {
        bytes += piece.length
        pieces.push(piece)
        if (bytes > maxBytes) settle(failed('protocol', `its answer is over ${maxBytes} bytes`))
      })
      response.once('end', () => {
        const { connectMs, answerMs, heardAt, sendMs } = time
        const { statusCode: status = 0 } = response
        settle({
          type: 'asked',
          answer: {
            type: 'answer',
            by,
            status,
            headers: plainHeaders(response),
            body: Buffer.concat(pieces),
            timing: { connectMs, answerMs },
          },
          isLate: sendMs > MOST_SEND_MS || heardAt === null || watch.isLateAt(heardAt),
        })
      })
      response.once('error', (error) => settle(failureOf(error)))
    })
    sent.once('error', (error) => {
      const isStale = time.isWarm && time.heardNothing && /^(ECONNRESET|EPIPE)$/.test(codeOf(error))
      onError(error)
      settle(isStale || error instanceof NoPermit ? { type: 'stale' } : failureOf(error))
    })
    sent.end()
  })
}
