// Waiting for one message on a stream that carries something else afterwards.
import type { FrpClock } from '../contract.ts'
import type { MuxStream } from '../mux/mux-contract.ts'
import type { Message } from './messages.ts'
import type { MessageSource } from './wire.ts'

export interface FirstMessageOptions {
  readonly clock: FrpClock
  /** Reads what the stream opens with; fresh. */
  readonly source: MessageSource
  /** Null waits for as long as the stream lives. Once the first byte is there, the rest may take `PARTIAL_MS`. */
  readonly timeoutMs: number | null
  /** `rest`: bytes that came behind it. The stream's handlers are cleared before. */
  readonly onMessage: (message: Message, rest: Buffer | null) => void
  /** No message will come: one clause. The stream is left as it is. */
  readonly onFail: (why: string) => void
}

/** How long a message that has begun may take to arrive whole. */
export const PARTIAL_MS = 10_000

/** Takes the stream's handlers until the message is there, or it fails. Call the answer to stop waiting. */
export function firstMessage(stream: MuxStream, options: FirstMessageOptions): () => void {
  const { clock, source } = options
  let settled = false
  let begun = false
  let timer = options.timeoutMs === null ? null : clock.setTimeout(() => fail('nothing came in time'), options.timeoutMs)
  const settle = (): void => {
    settled = true
    if (timer !== null) clock.clearTimeout(timer)
    stream.onBytes = null
    stream.onEnd = null
    stream.onGone = null
  }
  const fail = (why: string): void => {
    if (settled) return
    settle()
    options.onFail(why)
  }
  const take = (bytes: Buffer): void => {
    if (settled) return
    source.push(bytes)
    const read = source.next()
    if (read.type === 'fault') return fail(read.text)
    if (read.type === 'message') {
      settle()
      return options.onMessage(read.message, source.takeRest())
    }
    if (begun) return
    begun = true
    if (timer === null) timer = clock.setTimeout(() => fail('a message broke off'), PARTIAL_MS)
  }
  stream.onEnd = () => fail('the other end closed')
  stream.onGone = () => fail('the stream was closed')
  stream.onBytes = take
  return () => {
    if (!settled) settle()
  }
}
