// The asking side of `v2/fresh-answer.ts`.
import { randomBytes } from 'node:crypto'
import { type Failure, isFailure, type PeerAnswer, type PeerRequest } from '../../ports.ts'
import { TOKEN_HEADER } from '../../v2/fresh-answer.ts'

export const randomToken = (): string => randomBytes(8).toString('hex')

interface Fresh {
  readonly headers: Readonly<Record<string, string>>
  /** The answer, or why it doesn't count. */
  check(answer: PeerAnswer | Failure): PeerAnswer | Failure
}

/** `token`: nobody else's guess. */
export function fresh({ over, headers = {} }: Pick<PeerRequest, 'over' | 'headers'>, token: () => string): Fresh {
  if (over !== 'channel') return { headers, check: (answer) => answer }
  const mine = token()
  return {
    headers: { ...headers, [TOKEN_HEADER]: mine },
    check: (answer) => (isFailure(answer) || answer.status !== 200 || answer.headers[TOKEN_HEADER] === mine ? answer : TOO_SOON),
  }
}

const TOO_SOON: Failure = { type: 'failed', reason: 'protocol', text: 'its answer is not to what was asked' }
