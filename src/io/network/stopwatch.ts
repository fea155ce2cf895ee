// Measures at the socket when a request was sent and when its answer came: got's own timings are whole milliseconds of the wall
// clock, and include time that got takes itself.
import type { ClientRequest } from 'node:http'
import { Agent, type AgentOptions } from 'node:http'
import type { Socket } from 'node:net'

const dialledAt = new WeakMap<object, number>()

/** Remembers when it began to dial. */
export class TimedAgent extends Agent {
  constructor(options: AgentOptions) {
    super(options)
    const dial = this.createConnection.bind(this)
    this.createConnection = (...how) => {
      const at = performance.now()
      const socket = dial(...how)
      if (socket) dialledAt.set(socket, at)
      return socket
    }
  }
}

export class Stopwatch {
  /** Null on a warm connection. */
  connectMs: number | null = null
  /** It went out on a connection that had been used before. */
  isWarm = false
  #sentAt = performance.now()
  #heardAt: number | null = null
  #socket: Socket | null = null

  /** From the request's last byte handed to the system to the last byte that arrived. */
  get answerMs(): number {
    return (this.#heardAt ?? this.#sentAt) - this.#sentAt
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
      this.#sentAt = performance.now()
      socket.prependListener('data', this.#hear)
      if (!socket.connecting) return
      socket.once('connect', () => {
        this.#sentAt = performance.now()
        this.connectMs = this.#sentAt - (dialledAt.get(socket) ?? this.#sentAt)
      })
    })
  }

  /** Leaves the socket to the next request. */
  stop(): void {
    this.#socket?.removeListener('data', this.#hear)
  }

  readonly #hear = (): void => {
    this.#heardAt = performance.now()
  }
}
