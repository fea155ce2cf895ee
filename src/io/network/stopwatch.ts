// Measures at the socket when a request was sent and when its answer came: got's own timings are whole milliseconds of the wall
// clock, and include time that got takes itself.
import { Agent, type AgentOptions, type ClientRequest, type ClientRequestArgs } from 'node:http'
import type { Socket } from 'node:net'
import { KEEP_ALIVE } from '../front/keep-alive.ts'
import { DialTurns } from './dial-turns.ts'

const dialledAt = new WeakMap<object, number>()
/** TCP's handshake of what was handed over connected. */
const connectedIn = new WeakMap<object, number>()

/** Gets a connection in another way than plain TCP; the callback has it with its handshake's time, or why there is none. */
export type Dialling = (
  options: ClientRequestArgs,
  created: (error: Error | null, opened?: { readonly socket: Socket; readonly connectMs: number }) => void,
) => void

/** Remembers when it began to dial. */
export class TimedAgent extends Agent {
  /** Of those whose connections take long to make, on the members' channel. Null: every request makes one where none is warm. */
  readonly turns: DialTurns | null

  /** `isShared`: a request waits for a connection that is being made, or that others will soon have done with. */
  constructor(options: AgentOptions, dialling?: Dialling, isShared = false) {
    // Node's own agent has the system ask each second on every connection that waits for its next request.
    super({ keepAliveMsecs: KEEP_ALIVE.keepAliveInitialDelay, ...options })
    this.turns = isShared ? new DialTurns(this) : null
    const plain = this.createConnection.bind(this)
    this.createConnection = (options, created) => {
      const at = performance.now()
      if (dialling === undefined) {
        const socket = plain(options, created)
        if (socket) dialledAt.set(socket, at)
        return socket
      }
      const told = created as ((error: Error | null, socket?: Socket) => void) | undefined // its types know no failure
      const ended = this.turns?.dial(this.getName(options as AgentOptions))
      dialling(options, (error, opened) => {
        if (opened) connectedIn.set(opened.socket, opened.connectMs)
        told?.(error, opened?.socket)
        ended?.()
      })
      return null
    }
  }
}

export class Stopwatch {
  /** Null on a warm connection. */
  connectMs: number | null = null
  /** It went out on a connection that had been used before. */
  isWarm = false
  #handedAt = performance.now()
  #sentAt = this.#handedAt
  #heardAt: number | null = null
  #socket: Socket | null = null

  /** From the request's last byte handed to the system to the last byte that arrived. */
  get answerMs(): number {
    return (this.#heardAt ?? this.#sentAt) - this.#sentAt
  }

  /** How long the write itself took. While it is long the request may have gone out any time in it, and the answer's time is too short. */
  get sendMs(): number {
    return this.#sentAt - this.#handedAt
  }

  /** Of the last byte; null: nothing came yet. */
  get heardAt(): number | null {
    return this.#heardAt
  }

  get heardNothing(): boolean {
    return this.#heardAt === null
  }

  watch(request: ClientRequest): void {
    // 'finish' comes right after the write, which itself takes this process several times as long as loopback's round trip.
    request.once('finish', () => {
      if (this.heardNothing) this.#sentAt = performance.now()
    })
    request.once('socket', (socket) => {
      this.#socket = socket
      this.isWarm = request.reusedSocket
      this.#setOut()
      socket.prependListener('data', this.#hear)
      if (this.isWarm) return
      const connected = (): void => {
        this.#setOut()
        this.connectMs = connectedIn.get(socket) ?? this.#sentAt - (dialledAt.get(socket) ?? this.#sentAt)
      }
      if (socket.connecting) socket.once('connect', connected)
      else connected()
    })
  }

  /** Leaves the socket to the next request. */
  stop(): void {
    this.#socket?.removeListener('data', this.#hear)
  }

  #setOut(): void {
    this.#handedAt = performance.now()
    this.#sentAt = this.#handedAt
  }

  readonly #hear = (): void => {
    this.#heardAt = performance.now()
  }
}
