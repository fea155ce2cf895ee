import { SHARE_ENV, Worker, type WorkerOptions } from 'node:worker_threads'
import { THREAD_SOURCE } from './thread-source.ts'
import type { FromThread, ThreadStart, ToThread } from './thread-words.ts'

/** What is used of a thread. `error` comes before `exit`, where it ended by one. */
export interface ThreadHandle {
  postMessage(word: ToThread): void
  on(event: 'message', listener: (word: FromThread) => void): unknown
  once(event: 'error', listener: (error: unknown) => void): unknown
  once(event: 'exit', listener: (code: number) => void): unknown
  unref(): void
  terminate(): Promise<unknown>
}

export type StartThread = (start: ThreadStart) => ThreadHandle

/** It holds no tables: some hundred connections, and what is under way on them. Over that it ends, and the node does not. */
const LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 48, stackSizeMb: 2 }

/** In the source, which only this repository runs, TypeScript is read on the way. */
const fromSource = (): URL => new URL('../../../scripts/thread-from-source.mjs', import.meta.url)

export const startThread: StartThread = (start) => {
  const options: WorkerOptions = {
    name: 'moonwalk probing',
    workerData: start,
    env: SHARE_ENV,
    resourceLimits: LIMITS,
    execArgv: [],
  }
  return THREAD_SOURCE === null ? new Worker(fromSource(), options) : new Worker(THREAD_SOURCE, { ...options, eval: true })
}
