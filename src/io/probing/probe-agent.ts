// The warm connections of the thread that measures, one to each peer and lane.
import type { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { KEEP_ALIVE } from '../front/keep-alive.ts'
import { channelDialling } from '../network/channel-agent.ts'
import { closeHere } from '../network/closed-by-peer.ts'
import type { ChannelSelf } from '../network/members-channel.ts'
import { FailureError } from '../network/network-failure.ts'
import { type Dialling, TimedAgent } from '../network/stopwatch.ts'
import { TOO_SLOW } from '../network/within-time.ts'
import type { Permits } from './permits.ts'

/** One that nothing was asked on for this long is closed, before the peer would; P2PRC's never do. */
const IDLE_MS = 60_000
/** One that is older is replaced, so that the handshake's time that is shown is no older either. */
const RENEWED_MS = 10 * 60_000
const DIAL_MS = 10_000

/** There was a warm connection when the request was made, and none was left when it went out. */
export class NoPermit extends Error {}

const madeAt = new WeakMap<object, number>()

/** `self`: null for clear HTTP. */
export function probeAgent(permits: Permits, self: ChannelSelf | null, onError: (error: unknown) => void): TimedAgent {
  const dialling = self === null ? clearDialling(onError) : channelDialling(self, onError)
  const permitted: Dialling = (options, created) => {
    const permit = permits.take(permitName(self !== null, { host: options.host ?? '', port: Number(options.port) }))
    if (permit === null) return created(new NoPermit())
    dialling({ ...options, host: permit.ip }, (error, opened) => {
      if (opened === undefined) permit.giveBack()
      else {
        madeAt.set(opened.socket, performance.now())
        opened.socket.once('close', permit.giveBack)
      }
      created(error, opened)
    })
  }
  return new TimedAgent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1, noDelay: true, timeout: IDLE_MS }, permitted, self !== null)
}

export const permitName = (isChannel: boolean, { host, port }: { readonly host: string; readonly port: number }): string =>
  `${isChannel ? 'channel' : 'clear'} ${host} ${port}`

/** Ends the one that is due. Answers whether there is another that is warm. */
export function isWarm(agent: Agent, to: { readonly host: string; readonly port: number }): boolean {
  const free = agent.freeSockets[agent.getName(to)] ?? []
  const isDue = (socket: Socket): boolean => performance.now() - (madeAt.get(socket) ?? 0) > RENEWED_MS
  for (const socket of free) if (isDue(socket)) closeHere(socket)
  return free.some((socket) => !socket.destroyed)
}

const clearDialling =
  (onError: (error: unknown) => void): Dialling =>
  ({ host = '', port }, created) => {
    const begunAt = performance.now()
    const socket = connect({ host: host ?? '', port: Number(port), noDelay: true, ...KEEP_ALIVE })
    const settle = (error: Error | null): void => {
      clearTimeout(timer)
      socket.on('error', onError).removeListener('error', settle).removeListener('connect', connected)
      if (error !== null) socket.destroy()
      created(error, error === null ? { socket, connectMs: performance.now() - begunAt } : undefined)
    }
    const connected = (): void => settle(null)
    const timer = setTimeout(() => settle(new FailureError(TOO_SLOW)), DIAL_MS)
    socket.once('error', settle).once('connect', connected)
  }
