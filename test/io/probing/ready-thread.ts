import { createServer } from 'node:net'
import type { ProbingThread } from '../../../src/io/probing/probing-thread.ts'

/** Settles once the thread answers by itself. From the source that takes a second, since it is compiled as it is read. */
export async function readyThread(thread: ProbingThread): Promise<void> {
  const refused = await refusingAddress()
  const request = { path: '/', timeoutMs: 5_000, timed: { samples: 1, primer: 'cold' } } as const
  while ((await thread.ask(refused, request)) === null) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** Where nobody listens any more. */
export async function refusingAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `127.0.0.1:${address.port}`
}
