// HTTP with peers: requests by got on warm connections, and the public port.
import type { AgentOptions } from 'node:http'
import { type OnBug, throwBug } from '../../frp/index.ts'
import type { Http, PeerRequest } from '../../ports.ts'
import { servePublicPort } from '../front/public-port.ts'
import { channelDialling } from './channel-agent.ts'
import { closeHere, freeIn, watchWarm } from './closed-by-peer.ts'
import { countDials } from './counted-dials.ts'
import { type Descriptors, processDescriptors } from './descriptors.ts'
import { fresh, randomToken } from './fresh-request.ts'
import type { ChannelSelf } from './members-channel.ts'
import { failed } from './network-failure.ts'
import { askPeer, loadGot } from './peer-request.ts'
import { bugsOnly } from './socket-errors.ts'
import { TimedAgent } from './stopwatch.ts'
import { punctual, timedSeries } from './timed-series.ts'
import { ToldAll } from './told-all.ts'

/** Connections to one peer: at once, and kept warm. */
const MAX_SOCKETS = 8
const MAX_IDLE = 4
/** A connection that nothing was asked on for this long is closed, before the peer would (`NODES_KEEP_ALIVE_MS`); P2PRC's never do. */
const IDLE_MS = 110_000
const APART_IDLE_MS = 10_000

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
  const agentFor = (over: PeerRequest['over'], options: AgentOptions, isApart = false): TimedAgent | undefined => {
    if (over === 'channel' && self === undefined) return undefined
    const agent =
      over === 'channel' && self
        ? new TimedAgent(options, channelDialling(self, bugsOnly(onBug), isApart), !isApart)
        : new TimedAgent(options)
    countDials(agent, descriptors)
    return agent
  }
  const clear = agentFor('clear', warmth)
  const channel = agentFor('channel', warmth)
  const closed = new ToldAll<string>()
  if (channel !== undefined) watchWarm(channel, closed.tell)
  const agents = [clear, channel].filter((agent) => agent !== undefined)
  /** What requests that are kept apart share. Its connections end by themselves, or when all is closed. */
  const apart = new WeakMap<object, TimedAgent>()
  let everApart: readonly WeakRef<TimedAgent>[] = []
  const agentOf = ({ over, apart: lot }: PeerRequest): TimedAgent | undefined => {
    if (lot === undefined) return over === 'channel' ? channel : clear
    const agent = apart.get(lot) ?? agentFor(over, { ...warmth, maxFreeSockets: MAX_SOCKETS, timeout: APART_IDLE_MS }, true)
    if (agent !== undefined && !apart.has(lot)) {
      apart.set(lot, agent)
      everApart = [...everApart.filter((one) => one.deref() !== undefined), new WeakRef(agent)]
    }
    return agent
  }
  return {
    request: async (address, request) => {
      const agent = agentOf(request)
      if (agent === undefined) return failed('protocol', "this node has no members' channel")
      const ask = (timeoutMs: number, headers = request.headers) =>
        askPeer(agent, address, { ...request, timeoutMs, ...(headers ? { headers } : {}) }, onBug)
      const askFreshly = async (leftMs: number) => {
        const { headers, check } = fresh(request, randomToken)
        return check(await ask(leftMs, headers))
      }
      const { timed, timeoutMs } = request
      if (timed === undefined) return ask(timeoutMs)
      return timedSeries({ timed, timeoutMs }, { now: () => performance.now(), ask: async (leftMs) => punctual(await askFreshly(leftMs)) })
    },
    serve: async (options) => {
      const answer = await servePublicPort({ ...options, onBug, self })
      loadGot().catch(onBug)
      return answer
    },
    loaded: async () => {
      await loadGot()
    },
    onClosed: closed.add,
    // What is under way ends by its own timeout; what is asked from now on dials.
    dropWarm: () => {
      for (const agent of agents) for (const socket of freeIn(agent)) closeHere(socket)
    },
    close: () => {
      for (const agent of agents) {
        for (const socket of freeIn(agent)) closeHere(socket)
        agent.destroy()
      }
      for (const one of everApart) one.deref()?.destroy()
    },
  }
}
