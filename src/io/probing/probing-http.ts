import type { NodeHttp } from '../network/peer-http.ts'
import type { ProbingThread } from './probing-thread.ts'

export interface ProbingHttp extends NodeHttp {
  /** Ends the warm connections and the thread; settles when it has ended. */
  close(): Promise<void>
}

/** HTTP whose timed requests are made by the thread, and without it while it is not there. */
export const withProbingThread = (http: NodeHttp, thread: ProbingThread): ProbingHttp => ({
  ...http,
  request: async (address, request) => {
    const { timed, method, body, onBytes, ...said } = request
    if (timed === undefined || method !== 'GET' || body !== undefined || onBytes !== undefined) return http.request(address, request)
    return (await thread.ask(address, { ...said, timed })) ?? http.request(address, request)
  },
  dropWarm: () => {
    http.dropWarm()
    thread.dropWarm()
  },
  close: async () => {
    http.close()
    await thread.close()
  },
})
