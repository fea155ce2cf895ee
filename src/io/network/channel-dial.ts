// The client's end of the members' channel.
import { connect as connectPlain, type LookupFunction } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { ANOTHER_NODE } from '../../domain/seed-fault.ts'
import type { Failure } from '../../ports.ts'
import { KEEP_ALIVE } from '../front/keep-alive.ts'
import { beginAgain } from './further-dials.ts'
import { CHANNEL_PROTOCOL, type ChannelSelf, channelContext, proveMembers, runsOver } from './members-channel.ts'
import { failed, failureOf } from './network-failure.ts'

export interface ChannelDial {
  readonly host: string
  readonly port: number
  readonly lookup?: LookupFunction | undefined
  /** Whole time until both ends are proven. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** The id that must be there; absent: any node of this network. */
  readonly expect?: string
  /** The other end may end its side and go on reading. */
  readonly allowHalfOpen: boolean
  /** `meterOf` the channel is to tell what has come under TLS. */
  readonly isMetered?: boolean
  /** What an error of the socket does once the channel has been handed over. */
  readonly onError: (error: unknown) => void
}

export interface OpenedChannel {
  readonly type: 'channel'
  /** Paused; nothing has come on it yet. */
  readonly socket: TLSSocket
  readonly id: string
  /** TCP's handshake. */
  readonly connectMs: number
}

export function dialChannel(self: ChannelSelf, dial: ChannelDial): Promise<OpenedChannel | Failure> {
  const { timeoutMs, signal, expect, onError } = dial
  if (signal?.aborted) return Promise.resolve(failed('aborted', 'it was called off'))
  return new Promise((resolve) => {
    /** Those that may still be used, and what an error does to each. */
    const begun = new Map<TLSSocket, (error: unknown) => void>()
    const leave = (socket: TLSSocket): void => {
      socket.on('error', onError).removeListener('error', begun.get(socket) ?? onError)
      begun.delete(socket)
    }
    const settle = (answer: OpenedChannel | Failure): void => {
      clearTimeout(timer)
      stop()
      signal?.removeEventListener('abort', abort)
      for (const socket of [...begun.keys()]) {
        leave(socket)
        if (answer.type === 'failed') socket.destroy()
      }
      resolve(answer)
    }
    /** One that is refused is told by the other end, which goes for all. What this machine lacks for one ends none that is under way beside it. */
    const failing = (socket: TLSSocket, failure: Failure): void => {
      if (begun.size <= 1 || failure.reason === 'refused') return settle(failure)
      leave(socket)
      socket.destroy()
    }
    const abort = (): void => settle(failed('aborted', 'it was called off'))
    const timer = setTimeout(() => settle(failed('timeout', 'it did not answer in time')), timeoutMs)
    const prove = async (socket: TLSSocket, connectMs: number): Promise<void> => {
      const proven = await proveMembers(socket, self, 'client', timeoutMs)
      if (proven.type === 'refused') return settle(failed('protocol', proven.text))
      if (expect !== undefined && proven.id !== expect) return settle(failed('protocol', ANOTHER_NODE))
      settle({ type: 'channel', socket, id: proven.id, connectMs })
    }
    /** The connection whose TCP handshake is through first is used. On the others nothing but that handshake was sent. */
    const choose = (chosen: TLSSocket): void => {
      stop()
      for (const socket of [...begun.keys()]) {
        if (socket === chosen) continue
        leave(socket)
        socket.destroy()
      }
    }
    const attempt = (): void => {
      const begunAt = performance.now()
      const { socket, wire } = begin(self, dial)
      const fail = (error: unknown): void => failing(socket, failureOf(error))
      let connectMs = 0
      begun.set(socket, fail)
      socket.once('connect', () => {
        connectMs = performance.now() - begunAt
        if (begun.has(socket)) choose(socket)
      })
      socket.on('error', fail)
      // TLS over a wire that never opened tells its end before that one's error.
      const ended = (): void => failing(socket, wire.errored ? failureOf(wire.errored) : failed('reset', 'it closed the connection'))
      socket.once('close', () => {
        if (begun.has(socket)) ended()
      })
      socket.once('secureConnect', () => {
        if (begun.has(socket)) prove(socket, connectMs).catch(onError)
      })
    }
    signal?.addEventListener('abort', abort, { once: true })
    const stop = beginAgain(attempt, {
      // A process that was busy runs its timers before it hears what has come meanwhile: that is heard first.
      setTimeout: (run, ms) => setTimeout(() => setImmediate(run), ms),
      clearTimeout: (started) => clearTimeout(started as NodeJS.Timeout),
    })
  })
}

/** `wire`: the connection under TLS where it has one of its own, else the same. */
function begin({ identity }: ChannelSelf, { host, port, lookup, allowHalfOpen, isMetered = false }: ChannelDial) {
  const plain = { host, port, allowHalfOpen, noDelay: true, ...KEEP_ALIVE, ...(lookup ? { lookup } : {}) }
  const rejectUnauthorized = false // who it is says its key
  const channel = { secureContext: channelContext(identity), ALPNProtocols: [CHANNEL_PROTOCOL], rejectUnauthorized }
  if (!isMetered) {
    const socket = connect({ ...plain, ...channel })
    return { socket, wire: socket }
  }
  const wire = connectPlain(plain)
  const socket = connect({ socket: wire, ...channel })
  runsOver(socket, wire)
  return { socket, wire }
}
