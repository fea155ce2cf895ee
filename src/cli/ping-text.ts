import type { PingAnswer } from '../answers.ts'
import { tame } from '../domain/tame.ts'

/** `0.04 ms, best of 0.13, 0.10, 0.04`, what makes them less than that, and the path. */
export function pingText({ rttMs, samples, discarded, isLoaded, isRough, via }: PingAnswer): string {
  const notes = [
    discarded > 0 ? `; ${discarded} thrown away, since this machine was late itself` : '',
    isLoaded ? '; beside a speed test over the same path' : '',
  ]
  const figure = isRough
    ? `at most ${rttMs.toFixed(2)} ms: this machine was late at every answer`
    : `${rttMs.toFixed(2)} ms, best of ${samples.map((ms) => ms.toFixed(2)).join(', ')}${notes.join('')}`
  return `${figure}; ${via === null ? 'direct' : `through ${tame(via.name)}`}`
}
