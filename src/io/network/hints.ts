// Answers of 100 to 199, which come before the one that counts. A peer could send them without end: no limit of bytes sees them, and
// each costs whoever reads it as much as an answer.
import type { ClientRequest } from 'node:http'
import type { Failure } from '../../ports.ts'
import { failed } from './network-failure.ts'

const MOST_HINTS = 8
const TOO_MANY: Failure = failed('protocol', 'it sends hints without end')

/** `onTooMany` hears of the ninth, and of those after it. */
export function limitHints(sent: ClientRequest, onTooMany: (failure: Failure) => void): void {
  let hints = 0
  sent.on('information', () => {
    if (++hints > MOST_HINTS) onTooMany(TOO_MANY)
  })
}
