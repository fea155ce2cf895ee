// What the thread that measures does for one request: permission where a connection has to be made, then the series.
import { type HostPort, parseAddress } from '../../domain/address.ts'
import { type Failure, isFailure, type PeerAnswer } from '../../ports.ts'
import { admittedHost } from '../network/admission.ts'
import { closeHere, freeIn, watchWarm } from '../network/closed-by-peer.ts'
import type { Over } from '../network/dial-turns.ts'
import { fresh, randomToken } from '../network/fresh-request.ts'
import type { ChannelSelf } from '../network/members-channel.ts'
import { failed } from '../network/network-failure.ts'
import type { TimedAgent } from '../network/stopwatch.ts'
import { timedSeries } from '../network/timed-series.ts'
import { TOO_SLOW, withinTime } from '../network/within-time.ts'
import { LoopWatch } from './loop-watch.ts'
import type { Permits } from './permits.ts'
import { isWarm, permitName, probeAgent } from './probe-agent.ts'
import { askOnce, type Outcome } from './probe-request.ts'
import type { TimedRequest } from './thread-words.ts'

interface AskNeeds {
  readonly permits: Permits
  /** Null: this node has no members' channel. */
  readonly self: ChannelSelf | null
  readonly onError: (error: unknown) => void
  /** Told of the address of each warm connection of the members' channel that the other end closed. */
  readonly onClosed: (address: string) => void
}

export interface TimedAsk {
  readonly address: string
  readonly request: TimedRequest
  readonly signal: AbortSignal
  /** Whether a connection may be made there, asked of the node's own thread. */
  readonly mayDial: (ip: string) => Promise<Failure | null>
}

/** A request that may go out on a connection of that agent. */
interface Turn {
  readonly agent: TimedAgent
  readonly to: HostPort
  readonly over: Over
  readonly leftMs: () => number
}

export interface ThreadAsks {
  ask(asked: TimedAsk): Promise<PeerAnswer | Failure>
  dropWarm(): void
}

export function createThreadAsks({ permits, self, onError, onClosed }: AskNeeds): ThreadAsks {
  const agents = {
    clear: probeAgent(permits, null, onError),
    channel: self === null ? null : probeAgent(permits, self, onError),
  }
  if (agents.channel !== null) watchWarm(agents.channel, onClosed)
  const watch = new LoopWatch()

  const once = async ({ address, request, signal, mayDial }: TimedAsk): Promise<Outcome> => {
    const isChannel = request.over === 'channel'
    const agent = agents[isChannel ? 'channel' : 'clear']
    const to = parseAddress(address)
    if (to === null) return failed('unreachable', `${address} is not host:port`)
    if (agent === null) return failed('protocol', "this node has no members' channel")
    const startedAt = performance.now()
    const leftMs = (): number => request.timeoutMs - (performance.now() - startedAt)
    const over = agent.turns === null ? () => {} : await agent.turns.take(agent.getName(to), leftMs())
    if (over === null) return TOO_SLOW
    const outcome = await inTurn({ address, request, signal, mayDial }, { agent, to, over, leftMs })
    over()
    return outcome
  }
  const inTurn = async ({ request, signal, mayDial }: TimedAsk, { agent, to, over, leftMs }: Turn): Promise<Outcome> => {
    const isChannel = request.over === 'channel'
    const around = { agent, to, signal, watch, over, onError }
    if (isWarm(agent, to)) return askOnce({ ...around, request: { ...request, timeoutMs: leftMs() } })
    const name = permitName(isChannel, to)
    const admitted = admittedHost(to.host, mayDial)
    const ip = await withinTime(admitted, leftMs())
    if (typeof ip !== 'string') {
      // What is allowed when nobody waits for it any more counts as well, until it is given back.
      if (ip === TOO_SLOW) void admitted.then((late) => typeof late === 'string' && permits.add(name, late)())
      return ip
    }
    const takeBack = permits.add(name, ip)
    const timeoutMs = leftMs()
    const outcome = timeoutMs > 0 ? await askOnce({ ...around, request: { ...request, timeoutMs } }) : TOO_SLOW
    takeBack()
    return outcome
  }
  /** A warm connection may be closed by the peer at the moment it is used. Then the request is sent again on a new one. */
  const twice = async (asked: TimedAsk): ReturnType<typeof once> => {
    const first = await once(asked)
    return first.type === 'stale' ? once(asked) : first
  }
  return {
    ask: async (asked) => {
      const { timed, timeoutMs } = asked.request
      const end = watch.begin()
      const answer = await timedSeries(
        { timed, timeoutMs },
        {
          now: () => performance.now(),
          ask: async (leftMs) => {
            const { headers, check } = fresh(asked.request, randomToken)
            const outcome = await twice({ ...asked, request: { ...asked.request, headers, timeoutMs: leftMs } })
            if (outcome.type === 'stale') return failed('reset', 'connection reset')
            if (isFailure(outcome)) return outcome
            const checked = check(outcome.answer)
            return isFailure(checked) ? checked : outcome
          },
        },
      )
      end()
      return answer
    },
    dropWarm: () => {
      for (const agent of Object.values(agents)) for (const socket of agent === null ? [] : freeIn(agent)) closeHere(socket)
    },
  }
}
