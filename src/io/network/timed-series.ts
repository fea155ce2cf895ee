// The order in which a latency is measured: one answer that warms connection, code and caches, then those that are timed. The same
// in a thread of its own, beside everything else of a process, and in a virtual world.
import { isServerInfo } from '../../p2prc/server-info.ts'
import { type Failure, isFailure, type PeerAnswer, type PeerRequest } from '../../ports.ts'
import { isLook } from '../../v2/look.ts'

/** One request's answer. `isLate`: whoever measured was too busy for the time to be believed. */
export interface Asked {
  readonly type: 'asked'
  readonly answer: PeerAnswer
  readonly isLate: boolean
}

interface Asking {
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly ask: (timeoutMs: number) => Promise<Asked | Failure>
}

/**
 * Requests beyond those that were wanted, in place of late ones and of those that had to connect anew; no more than were wanted. A look that
 * comes late again says nothing: the next one is soon, and this machine has enough to do.
 */
const MOST_EXTRA = 3
const NOTHING = { samplesMs: [], discarded: 0, roughMs: null }
const TOO_SLOW: Failure = { type: 'failed', reason: 'timeout', text: 'it did not answer in time' }

/** As `PeerRequest.timed` says. A failure where nothing was timed because a later request failed. */
export async function timedSeries(
  { timed, timeoutMs }: Required<Pick<PeerRequest, 'timed' | 'timeoutMs'>>,
  { now, ask }: Asking,
): Promise<PeerAnswer | Failure> {
  const deadline = now() + timeoutMs
  const first = await ask(timeoutMs)
  if (isFailure(first)) return first
  const { answer } = first
  const samplesMs: number[] = []
  const lateMs: number[] = []
  let failure: Failure | null = null
  const take = ({ answer: { timing }, isLate }: Asked): void => void (isLate ? lateMs : samplesMs).push(timing.answerMs)
  if (answer.status !== 200 || !(isServerInfo(answer.body) || (answer.by !== null && isLook(answer.body))))
    return { ...answer, timed: NOTHING }
  const isWarm = answer.timing.connectMs === null
  // A path so slow that more would not fit is measured by the first.
  const countsFirst = (timed.primer === 'cold' && isWarm) || answer.timing.answerMs * 2 > deadline - now()
  if (countsFirst) take(first)
  const most = timed.samples + Math.min(timed.samples, MOST_EXTRA)
  for (let asked = countsFirst ? 1 : 0; samplesMs.length < timed.samples && asked < most; asked++) {
    const left = deadline - now()
    const next = left > 0 ? await ask(left) : TOO_SLOW
    failure = failureIn(next)
    if (failure !== null) break // slow but there: what was measured stands
    if ('answer' in next && next.answer.timing.connectMs === null) take(next)
  }
  if (failure !== null && samplesMs.length + lateMs.length === 0) return failure
  const roughMs = samplesMs.length > 0 || lateMs.length === 0 ? null : Math.min(...lateMs)
  return { ...answer, timed: { samplesMs, discarded: lateMs.length, roughMs } }
}

function failureIn(asked: Asked | Failure): Failure | null {
  if (isFailure(asked)) return asked
  const { status } = asked.answer
  return status === 200 ? null : { type: 'failed', reason: 'protocol', text: `it answered ${status} to the same question` }
}

/** By a clock that is never late, or that nobody looks at. */
export const punctual = (answer: PeerAnswer | Failure): Asked | Failure =>
  isFailure(answer) ? answer : { type: 'asked', answer, isLate: false }
