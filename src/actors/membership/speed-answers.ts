// What came of the requests that a speed test is made of: answers, or why there are none.
import { type Failure, isFailure, type PeerAnswer } from '../../ports.ts'
import { parseObject } from '../../v2/envelope.ts'

/** It has another test under way: when to ask again. */
export interface Busy {
  readonly type: 'busy'
  readonly retryAfterMs: number
}

export const BUSY: Busy = { type: 'busy', retryAfterMs: 1_000 }
/** Whoever names less would have this node come again at once, and again. */
const MIN_RETRY_MS = 100
const MAX_RETRY_MS = 3_600_000

export type Refused = Busy | Failure
export const isRefused = (one: { readonly type: string }): one is Refused => one.type === 'busy' || one.type === 'failed'

export type Asked = Promise<PeerAnswer | Failure>

/** Of an answer that is none, why. */
export function refusalOf(answer: PeerAnswer | Failure): Refused | null {
  if (isFailure(answer)) return answer
  if (answer.status === 429) return { type: 'busy', retryAfterMs: retryAfterMs(answer) }
  return answer.status === 200 ? null : protocolFailure(`it answered ${answer.status} to a speed test`)
}

/** The appointment that it gives, in ms, or in HTTP's own seconds. */
function retryAfterMs({ headers, body }: PeerAnswer): number {
  const told = Number(parseObject(body.toString('utf8'))?.retryAfterMs ?? Number(headers['retry-after']) * 1_000)
  return told > 0 ? Math.min(Math.max(told, MIN_RETRY_MS), MAX_RETRY_MS) : BUSY.retryAfterMs
}

interface Answers {
  readonly type: 'answers'
  readonly answers: readonly PeerAnswer[]
}

/** All answers, or the first refusal. */
export function everyAnswer(asked: readonly Asked[]): Promise<Answers | Refused> {
  return new Promise((resolve) => {
    const answers: PeerAnswer[] = []
    for (const one of asked)
      void one.then((answer) => {
        const refused = refusalOf(answer)
        if (refused !== null) return resolve(refused)
        if (!isFailure(answer)) answers.push(answer)
        if (answers.length === asked.length) resolve({ type: 'answers', answers })
      })
  })
}

/** The first answer, which the others would only repeat; the first refusal where there is none. */
export function firstAnswer(asked: readonly Asked[]): Promise<PeerAnswer | Refused> {
  return new Promise((resolve) => {
    const refusals: Refused[] = []
    for (const one of asked)
      void one.then((answer) => {
        const refused = refusalOf(answer)
        if (refused !== null) refusals.push(refused)
        else if (!isFailure(answer)) resolve(answer)
        const [first] = refusals
        if (first !== undefined && refusals.length === asked.length) resolve(first)
      })
  })
}

export const protocolFailure = (text: string): Failure => ({ type: 'failed', reason: 'protocol', text })
