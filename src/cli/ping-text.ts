import type { PingAnswer } from '../answers.ts'
import { tame } from '../domain/tame.ts'

/** `0.04 ms, best of 0.13, 0.10, 0.04`, what makes them less than that, and the path. */
export function pingText({ rttMs, samples, discarded, isLoaded, via }: PingAnswer): string {
  const notes = [
    discarded > 0 ? `; ${discarded} thrown away, since this machine was late itself` : '',
    isLoaded ? '; beside a speed test over the same path' : '',
  ]
  return `${rttMs.toFixed(2)} ms, best of ${samples.map((ms) => ms.toFixed(2)).join(', ')}${notes.join('')}; ${via === null ? 'direct' : `through ${tame(via.name)}`}`
}
