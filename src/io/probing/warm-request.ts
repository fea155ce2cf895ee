// One request on a connection of the members' channel that stands. Most looks are that, and nothing of a client for all of HTTP is
// needed for it, which would take more of the processor and of memory than all else that a look is.
import type { Socket } from 'node:net'
import { addressOf, type HostPort } from '../../domain/address.ts'
import { memberAt } from '../network/members-channel.ts'
import { codeOf, failed, failureOf } from '../network/network-failure.ts'
import { TOO_SLOW } from '../network/within-time.ts'
import type { LoopWatch } from './loop-watch.ts'
import { readPlainAnswer } from './plain-answer.ts'
import { DEFAULT_MAX_BYTES, MOST_SEND_MS, type Outcome } from './probe-request.ts'
import type { TimedRequest } from './thread-words.ts'

interface WarmAsking {
  /** Nobody else uses it meanwhile. It is ended where no whole answer came. */
  readonly socket: Socket
  readonly to: HostPort
  readonly request: TimedRequest
  readonly signal: AbortSignal
  readonly watch: LoopWatch
}

/** `stale`: it was closed at that moment, or its answer is for another client to read. */
export function askWarm({ socket, to, request, signal, watch }: WarmAsking): Promise<Outcome> {
  const { path, headers = {}, timeoutMs, maxBytes = DEFAULT_MAX_BYTES, expect } = request
  const by = memberAt(socket)
  if (signal.aborted) return Promise.resolve(CALLED_OFF)
  if (expect !== undefined && by !== expect) {
    socket.destroy()
    return Promise.resolve(failed('protocol', 'another node answers there'))
  }
  return new Promise((resolve) => {
    let heard: Buffer | null = null
    const settle = (outcome: Outcome, isKept = false): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      socket.removeListener('data', hear).removeListener('error', fail).removeListener('close', end).removeListener('end', end)
      if (isKept) socket.unref()
      else socket.on('error', ignore).destroy()
      resolve(outcome)
    }
    const hear = (piece: Buffer): void => {
      const heardAt = performance.now()
      heard = heard === null ? piece : Buffer.concat([heard, piece])
      if (heard.length > maxBytes) return settle(failed('protocol', `its answer is over ${maxBytes} bytes`))
      const answer = readPlainAnswer(heard)
      if (answer === null) return
      if (answer === 'odd') return settle({ type: 'stale' })
      const { status, headers: told, body, isKept } = answer
      const timing = { connectMs: null, answerMs: heardAt - sentAt }
      const isLate = sentAt - handedAt > MOST_SEND_MS || watch.isLateAt(heardAt)
      settle({ type: 'asked', answer: { type: 'answer', by, status, headers: told, body, timing }, isLate }, isKept)
    }
    const fail = (error: Error): void =>
      settle(heard === null && /^(ECONNRESET|EPIPE)$/.test(codeOf(error)) ? { type: 'stale' } : failureOf(error))
    const end = (): void => settle(heard === null ? { type: 'stale' } : failed('reset', 'connection reset'))
    const abort = (): void => settle(CALLED_OFF)
    const timer = setTimeout(() => settle(TOO_SLOW), timeoutMs)
    signal.addEventListener('abort', abort, { once: true })
    socket.on('data', hear).once('error', fail).once('close', end).once('end', end).ref()
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const text = `GET ${path} HTTP/1.1\r\nhost: ${addressOf(to.host, to.port) ?? ''}\r\n${lines.join('')}\r\n`
    const handedAt = performance.now()
    socket.write(text, 'latin1')
    const sentAt = performance.now()
  })
}

const CALLED_OFF = failed('aborted', 'it was called off')
const ignore = (): void => {}
