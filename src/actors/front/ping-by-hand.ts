import type { PingAnswer, Refusal } from '../../answers.ts'
import { roundMs } from '../../domain/latency.ts'
import type { Pinged } from '../membership/peer-ping.ts'
import type { Prober } from '../membership/prober.ts'

/** Where this machine was too busy to time any answer of a burst. */
const TRIES = 3

/**
 * A person's ping. `peer`: as the person wrote it. `key`: of its row;
 * null: it has none. `via`: the TURN that it is reached through.
 */
export async function pingByHand(
  { byHand }: Pick<Prober, 'byHand'>,
  peer: string,
  address: string,
  key: string | null,
  via: PingAnswer['via'] = null,
): Promise<PingAnswer | Refusal> {
  let thrownAway = 0
  for (let tries = 0; tries < TRIES; tries++) {
    const pinged = await byHand(address, key)
    thrownAway += pinged.discarded
    if (pinged.burst.type === 'silent') return refused(`${peer} does not answer: ${pinged.burst.why}`)
    if (pinged.burst.rttMs !== null) return { ...answerOf({ ...pinged, discarded: thrownAway }, pinged.burst.rttMs), via }
  }
  return refused(`${peer} answers, but this machine was too busy to time it; try again`)
}

const refused = (text: string): Refusal => ({ type: 'refused', text })

const answerOf = ({ samplesMs, discarded, connectMs, isLoaded }: Pinged, rttMs: number): Omit<PingAnswer, 'via'> => ({
  schemaVersion: 1,
  rttMs: roundMs(rttMs),
  samples: samplesMs.map(roundMs),
  discarded,
  isLoaded: isLoaded === true,
  connectMs: connectMs === null ? null : roundMs(connectMs),
})
