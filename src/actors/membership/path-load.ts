// Which paths carry a speed test now. What a ping takes beside one is the time of its queues, and no latency of the path.
import type { Clock, PeerRequest, Reply } from '../../ports.ts'
import type { PeerRequests } from './peer-requests.ts'
import { RecentMap } from './recent-map.ts'
import type { Speed } from './speed.ts'
import { SPEED_ROUTES } from './speed-service.ts'

export interface PathLoad {
  /** The same requests; those that move many bytes load the path to their address. */
  watching(http: PeerRequests): PeerRequests
  /** The same answers; each speed test loads the path to who asked, until it has gone out. */
  serving(answer: Answer): Answer
  /** Whether a path to any of these, by address, id or host, was loaded at that moment or since, or was just before. */
  wasLoaded(names: readonly string[], sinceMs: number): boolean
}

type Answer = Speed['answer']

/** Queues are empty again after this. */
const DRAINED_AFTER = 250
const MOST_PATHS = 1_024

export function createPathLoad(clock: Pick<Clock, 'now'>): PathLoad {
  const underWay = new Map<string, number>()
  const endedAt = new RecentMap<string, number>(MOST_PATHS)
  /** Answers the end of it; more than once is no harm. */
  const begin = (name: string): (() => void) => {
    let isOver = false
    underWay.set(name, (underWay.get(name) ?? 0) + 1)
    return () => {
      if (isOver) return
      isOver = true
      const left = (underWay.get(name) ?? 1) - 1
      if (left > 0) underWay.set(name, left)
      else underWay.delete(name)
      endedAt.set(name, clock.now())
    }
  }
  return {
    watching: (http) => ({
      request: async (address, request) => {
        if (request.onBytes === undefined && !isBulk(request.body)) return http.request(address, request)
        const end = begin(address)
        const answer = await http.request(address, request)
        end()
        return answer
      },
    }),
    serving: (answer) => async (request) => {
      if (!SPEED_ROUTES.includes(`${request.method} ${request.path}`)) return answer(request)
      const end = begin(request.by ?? request.remote.host)
      const reply = await answer(request)
      if (reply === null || !isBulk(reply.body)) {
        end()
        return reply
      }
      const onDone = (sentBytes: number): void => {
        end()
        reply.onDone?.(sentBytes)
      }
      return { ...reply, onDone }
    },
    wasLoaded: (names, sinceMs) => names.some((name) => underWay.has(name) || (endedAt.get(name) ?? -Infinity) + DRAINED_AFTER > sinceMs),
  }
}

const isBulk = (body: PeerRequest['body'] | Reply['body']): boolean =>
  body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)
