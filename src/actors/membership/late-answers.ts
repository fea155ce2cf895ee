// Requests that whoever asked has given up, and that may still be answered. Whoever asks is told in time. What comes of it later counts all
// the same: a machine that is busy is met at the next try.
import { LATE_PROOF } from '../../domain/timings.ts'
import type { Clock, Failure, PeerAnswer, PeerRequest } from '../../ports.ts'
import type { PeerRequests } from './peer-requests.ts'

export interface LateAnswers {
  /** Answers within `timeoutMs`, and goes on up to `LATE_PROOF`. `onAnswer` is told once, in time or late. */
  request(
    address: string,
    request: PeerRequest,
    onAnswer: (answer: PeerAnswer | Failure, isLate: boolean) => void,
  ): Promise<PeerAnswer | Failure>
  /** Ends what may still come from that address. */
  end(address: string): Promise<unknown>
}

export function createLateAnswers(http: PeerRequests, clock: Clock): LateAnswers {
  /** By address: ends the request. */
  const late = new Map<string, () => Promise<unknown>>()
  return {
    request: (address, request, onAnswer) => {
      const ending = new AbortController()
      const signal = request.signal ? AbortSignal.any([request.signal, ending.signal]) : ending.signal
      const timeoutMs = Math.max(request.timeoutMs, LATE_PROOF)
      const asked = http.request(address, { ...request, timeoutMs, signal }).then((answer) => {
        const isLate = late.get(address) === end
        if (isLate) late.delete(address)
        onAnswer(answer, isLate)
        return answer
      })
      const end = (): Promise<unknown> => {
        ending.abort()
        return asked
      }
      return new Promise((resolve, reject) => {
        const timer = clock.setTimeout(() => {
          late.set(address, end)
          resolve({ type: 'failed', reason: 'timeout', text: 'it did not answer in time' })
        }, request.timeoutMs)
        asked.then(resolve, reject).finally(() => clock.clearTimeout(timer))
      })
    },
    end: (address) => late.get(address)?.() ?? Promise.resolve(),
  }
}
