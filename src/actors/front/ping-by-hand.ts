import type { PingAnswer, Refusal } from '../../answers.ts'
import { roundMs } from '../../domain/latency.ts'
import type { Prober } from '../membership/prober.ts'

/** Where this machine was too busy to time any answer of a burst. */
const TRIES = 3

export interface HandPing {
  /** As the person wrote it. */
  readonly peer: string
  readonly address: string
  /** Of its row; null: it has none. */
  readonly key: string | null
  /** The TURN that it is reached through. Default: none. */
  readonly via?: PingAnswer['via']
  /** The last handshake with it; null: none is known. */
  readonly connectMs: number | null
}

/** A person's ping. Whoever answers has a figure: a rough one where this machine was late at each of its answers. */
export async function pingByHand({ byHand }: Pick<Prober, 'byHand'>, asked: HandPing): Promise<PingAnswer | Refusal> {
  let discarded = 0
  let roughMs = Number.POSITIVE_INFINITY
  let connectMs = asked.connectMs
  for (let tries = 0; tries < TRIES; tries++) {
    const { burst, samplesMs, isLoaded = false, ...pinged } = await byHand(asked.address, asked.key)
    discarded += pinged.discarded
    connectMs = pinged.connectMs ?? connectMs
    if (burst.type === 'silent') return refused(`${asked.peer} does not answer: ${burst.why}`)
    if (burst.rttMs !== null) return answerOf(asked, burst.rttMs, samplesMs, { discarded, isLoaded, connectMs })
    roughMs = Math.min(roughMs, burst.roughMs ?? roughMs)
  }
  if (roughMs === Number.POSITIVE_INFINITY) return refused(`${asked.peer} answers, but this machine was too busy to time it; try again`)
  return { ...answerOf(asked, roughMs, [roughMs], { discarded: discarded - 1, isLoaded: false, connectMs }), isRough: true }
}

const refused = (text: string): Refusal => ({ type: 'refused', text })

const answerOf = (
  { via = null }: HandPing,
  rttMs: number,
  samplesMs: readonly number[],
  { discarded, isLoaded, connectMs }: Pick<PingAnswer, 'discarded' | 'isLoaded' | 'connectMs'>,
): PingAnswer => ({
  schemaVersion: 1,
  rttMs: roundMs(rttMs),
  samples: samplesMs.map(roundMs),
  discarded,
  isLoaded,
  connectMs: connectMs === null ? null : roundMs(connectMs),
  via,
})
