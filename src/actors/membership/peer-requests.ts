// The port's requests to peers, and how to end them all.
import type { Ports } from '../../ports.ts'

export type PeerRequests = Pick<Ports['http'], 'request'>

/** Requests that `signal` ends: those under way, and every later one at once. */
export function endable(http: PeerRequests, signal: AbortSignal): PeerRequests {
  // One listener for all: hundreds on one signal make Node warn of a leak.
  const underWay = new Set<AbortController>()
  signal.addEventListener('abort', () => {
    for (const one of underWay) one.abort()
  })
  return {
    request: async (address, request) => {
      const one = new AbortController()
      const abort = (): void => one.abort()
      if (signal.aborted || request.signal?.aborted) abort()
      request.signal?.addEventListener('abort', abort, { once: true })
      underWay.add(one)
      const answer = await http.request(address, { ...request, signal: one.signal })
      underWay.delete(one)
      request.signal?.removeEventListener('abort', abort)
      return answer
    },
  }
}
