// The first line each way on a stream that reaches a service.
import type { MuxStream } from '../../frp/index.ts'
import type { Clock, Failure } from '../../ports.ts'
import { askLine, type ConnectAsk, lineIn, readAnswer } from '../../v2/connect.ts'

/** `open`: what follows on the stream is the service's; `rest` came already. `refused`: its node says no, in one sentence. */
export type Reached =
  | { readonly type: 'open'; readonly stream: MuxStream; readonly rest: Buffer | null }
  | { readonly type: 'refused'; readonly status: number; readonly text: string }

/** The first line that comes; null: there is none in time, or it is too long. The stream's listeners are free then. */
export function firstLine(
  stream: MuxStream,
  clock: Clock,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<{ readonly text: string; readonly rest: Buffer | null } | null> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0)
    const settle = (answer: { readonly text: string; readonly rest: Buffer | null } | null): void => {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', lose)
      stream.onBytes = null
      stream.onEnd = null
      stream.onGone = null
      resolve(answer)
    }
    const lose = (): void => settle(null)
    const timer = clock.setTimeout(lose, timeoutMs)
    signal?.addEventListener('abort', lose, { once: true })
    stream.onEnd = lose
    stream.onGone = lose
    stream.onBytes = (piece) => {
      bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece])
      const line = lineIn(bytes)
      if (line.type === 'line') settle(line)
      else if (line.type === 'long') settle(null)
    }
    if (signal?.aborted) lose()
  })
}

export async function ask(
  stream: MuxStream,
  asked: ConnectAsk,
  { clock, timeoutMs, signal }: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Reached | Failure> {
  stream.write(askLine(asked))
  const line = await firstLine(stream, clock, timeoutMs, signal)
  const answer = line && readAnswer(line.text)
  if (line === null || answer === null) {
    stream.reset()
    return { type: 'failed', reason: signal.aborted ? 'aborted' : 'timeout', text: 'it did not answer in time' }
  }
  if (answer.status === 200) return { type: 'open', stream, rest: line.rest }
  stream.end()
  return { type: 'refused', status: answer.status, text: answer.error ?? `it answered ${answer.status}` }
}
