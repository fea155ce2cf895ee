// HTTP with peers: requests by got on warm connections, and the public port.
import { type OnBug, throwBug } from '../../frp/index.ts'
import type { Http } from '../../ports.ts'
import { servePublicPort } from '../front/public-port.ts'
import { channelDialling } from './channel-agent.ts'
import { countDials } from './counted-dials.ts'
import { type Descriptors, processDescriptors } from './descriptors.ts'
import type { ChannelSelf } from './members-channel.ts'
import { failed } from './network-failure.ts'
import { askPeer, loadGot } from './peer-request.ts'
import { bugsOnly } from './socket-errors.ts'
import { TimedAgent } from './stopwatch.ts'
import { punctual, timedSeries } from './timed-series.ts'

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

/**
 * `onBug` hears of what a handler of the public port threw. By default it is thrown on and ends the process. `self`: who this node
 * is on the members' channel; absent: it has none, neither asking nor asked.
 */
export function createNodeHttp(onBug: OnBug = throwBug, self?: ChannelSelf, descriptors: Descriptors = processDescriptors()): NodeHttp {
  const warmth = { keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_IDLE, noDelay: true, timeout: IDLE_MS }
  const clear = new TimedAgent(warmth)
  const channel = self && new TimedAgent(warmth, channelDialling(self, bugsOnly(onBug)))
  const agents = [clear, channel].filter((agent) => agent !== undefined)
  for (const agent of agents) countDials(agent, descriptors)
  return {
    request: async (address, request) => {
      const agent = request.over === 'channel' ? channel : clear
      if (agent === undefined) return failed('protocol', "this node has no members' channel")
      const ask = (timeoutMs: number) => askPeer(agent, address, { ...request, timeoutMs }, onBug)
      const { timed, timeoutMs } = request
      if (timed === undefined) return ask(timeoutMs)
      return timedSeries({ timed, timeoutMs }, { now: () => performance.now(), ask: async (leftMs) => punctual(await ask(leftMs)) })
    },
    serve: async (options) => {
      const answer = await servePublicPort({ ...options, onBug, self })
      loadGot().catch(onBug)
      return answer
    },
    loaded: async () => {
      await loadGot()
    },
    // What is under way ends by its own timeout; what is asked from now on dials.
    dropWarm: () => {
      for (const { freeSockets } of agents)
        for (const sockets of Object.values(freeSockets)) for (const socket of sockets ?? []) socket.destroy()
    },
    close: () => {
      for (const agent of agents) agent.destroy()
    },
  }
}
