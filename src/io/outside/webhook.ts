// A person's web hook: each of the news is posted to it as JSON.
import type { IncomingMessage } from 'node:http'
import type { Request } from 'got'
import type { Deliver } from './outside-queue.ts'

export interface WebhookLimits {
  /** One try. Default: 10 s. */
  readonly timeoutMs?: number
  /** Between one try and the next. Default: 1, 5 and 25 s. */
  readonly retriesMs?: readonly number[]
}

/**
 * Done is any answer from 200 to 299; no redirect is followed. Whoever says no for
 * good (300 to 499, but not 408 or 429) is not asked again.
 */
export const webhook =
  (url: string, { timeoutMs = 10_000, retriesMs = [1_000, 5_000, 25_000] }: WebhookLimits = {}): Deliver =>
  async (text, signal) => {
    const { got } = await import('got')
    let why = ''
    for (const retryMs of [...retriesMs, null]) {
      try {
        const statusCode = await statusOf(
          got.stream.post(url, {
            body: text,
            headers: { 'content-type': 'application/json', 'user-agent': 'moonwalk' },
            timeout: { request: timeoutMs },
            retry: { limit: 0 },
            followRedirect: false,
            throwHttpErrors: false,
            decompress: false,
            signal,
          }),
        )
        if (statusCode >= 200 && statusCode < 300) return null
        why = `it answered ${statusCode}`
        if (statusCode < 500 && statusCode !== 408 && statusCode !== 429) return why
      } catch (error) {
        why = error instanceof Error ? error.message : String(error)
      }
      if (signal.aborted) return 'the node ends'
      if (retryMs !== null) await pause(retryMs, signal)
    }
    return why
  }

/** The status says all: the rest of an answer may be of any length, and is not read. */
const statusOf = (stream: Request): Promise<number> =>
  new Promise((resolve, reject) => {
    stream.once('response', ({ statusCode }: IncomingMessage) => {
      stream.destroy()
      resolve(statusCode ?? 0)
    })
    stream.on('error', reject)
  })

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', over)
      resolve()
    }
    const timer = setTimeout(over, ms)
    signal.addEventListener('abort', over, { once: true })
  })
