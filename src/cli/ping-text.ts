import type { PingAnswer } from '../answers.ts'

/** `0.04 ms, best of 0.13, 0.10, 0.04`, and what makes them less than that. */
export function pingText({ rttMs, samples, discarded, isLoaded }: PingAnswer): string {
  const notes = [
    discarded > 0 ? `; ${discarded} thrown away, since this machine was late itself` : '',
    isLoaded ? '; beside a speed test over the same path' : '',
  ]
  return `${rttMs.toFixed(2)} ms, best of ${samples.map((ms) => ms.toFixed(2)).join(', ')}${notes.join('')}`
}
