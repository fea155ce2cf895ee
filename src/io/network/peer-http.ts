// HTTP with peers: requests by got on warm connections, and the public port.
import { type OnBug, throwBug } from '../../frp/index.ts'
import type { Http } from '../../ports.ts'
import { servePublicPort } from '../front/public-port.ts'
import { countDials } from './counted-dials.ts'
import { type Descriptors, processDescriptors } from './descriptors.ts'
import { askPeer, loadGot } from './peer-request.ts'
import { TimedAgent } from './stopwatch.ts'

/** Connections to one peer: at once, and kept warm. */
const MAX_SOCKETS = 8
const MAX_IDLE = 4
/** A connection that nothing was asked on for this long is closed. Peers close theirs after 30 s; P2PRC's never do. */
const IDLE_MS = 60_000

export interface NodeHttp extends Http {
  /** Settles when requests can go out without loading anything first. */
  loaded(): Promise<void>
  /** Ends the warm connections. */
  close(): void
}

/** `onBug` hears of what a handler of the public port threw. By default it is thrown on and ends the process. */
export function createNodeHttp(onBug: OnBug = throwBug, descriptors: Descriptors = processDescriptors()): NodeHttp {
  const agent = new TimedAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_IDLE, noDelay: true, timeout: IDLE_MS })
  countDials(agent, descriptors)
  return {
    request: (address, request) => askPeer(agent, address, request, onBug),
    serve: async (options) => {
      const answer = await servePublicPort({ ...options, onBug })
      loadGot().catch(onBug)
      return answer
    },
    loaded: async () => {
      await loadGot()
    },
    // What is under way ends by its own timeout; what is asked from now on dials.
    dropWarm: () => {
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
    },
    close: () => agent.destroy(),
  }
}
