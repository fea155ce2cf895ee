import { failed } from '../network/network-failure.ts'
import type { NodeHttp } from '../network/peer-http.ts'
import type { ProbingThread } from './probing-thread.ts'

export interface ProbingHttp extends NodeHttp {
  /** Ends the warm connections and the thread; settles when it has ended. */
  close(): Promise<void>
}

/** HTTP whose timed requests are made by the thread, and without it while it is not there. */
export function withProbingThread(http: NodeHttp, thread: ProbingThread): ProbingHttp {
  let isClosed = false
  return {
    ...http,
    request: async (address, request) => {
      const { timed, method, body, onBytes, apart, ...said } = request
      const isMore = method !== 'GET' || body !== undefined || onBytes !== undefined || apart !== undefined
      if (timed === undefined || isMore) return http.request(address, request)
      const answer = await thread.ask(address, { ...said, timed })
      if (answer !== null) return answer
      return isClosed ? CALLED_OFF : http.request(address, request)
    },
    dropWarm: () => {
      http.dropWarm()
      thread.dropWarm()
    },
    onClosed: (tell) => {
      const stops = [http.onClosed(tell), thread.onClosed(tell)]
      return () => {
        for (const stop of stops) stop()
      }
    },
    close: async () => {
      isClosed = true
      http.close()
      await thread.close()
    },
  }
}

const CALLED_OFF = failed('aborted', 'it was called off')
