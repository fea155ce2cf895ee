// The users of a udp service, at the service's end: a local socket for each, so that the service tells them apart.
import type { DatagramPort, FrpClock, OpenDatagrams } from '../contract.ts'
import type { UdpAddress } from '../wire/messages.ts'
import { proxyHeader } from '../wire/proxy-protocol.ts'

/** A user's socket is closed when nothing has passed for this long; frp's figure. */
const IDLE_MS = 30_000
const MAX_USERS = 1_024
/** Datagrams of a user kept while its socket is being opened. */
const MAX_EARLY = 32

interface User {
  readonly early: Buffer[]
  socket: DatagramPort | null
  timer: unknown
  usedAt: number
  closed: boolean
}

export interface UdpUsersOptions {
  readonly clock: FrpClock
  readonly openDatagrams: OpenDatagrams
  /** `host:port` of the service. */
  readonly local: string
  /** The first datagram to a user's new socket has the PROXY protocol's header (v2) in front, as with stock frpc 0.70.1. Default: no. */
  readonly withHeader?: boolean
  /** What the service answers, and to whom. */
  readonly toUser: (bytes: Buffer, user: UdpAddress) => void
  /** A user can't be served. */
  readonly onFail: (why: string) => void
}

export class UdpUsers {
  readonly #options: UdpUsersOptions
  readonly #target: UdpAddress
  readonly #users = new Map<string, User>()

  constructor(options: UdpUsersOptions) {
    this.#options = options
    const colon = options.local.lastIndexOf(':')
    this.#target = { host: options.local.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(options.local.slice(colon + 1)) }
  }

  /** Ends every user's socket. */
  close(): void {
    for (const [key, user] of [...this.#users]) this.#forget(key, user)
  }

  /** A user's datagram; lost when there are 1,024 users already, or its socket can't be opened. */
  toService(bytes: Buffer, from: UdpAddress): void {
    const key = `${from.host} ${from.port}`
    const known = this.#users.get(key)
    const user = known ?? this.#open(key, from)
    if (user === null) return
    user.usedAt = this.#options.clock.now()
    const whole = known === undefined && this.#options.withHeader === true ? Buffer.concat([this.#headerFor(from), bytes]) : bytes
    if (user.socket !== null) user.socket.send(whole, this.#target)
    else if (user.early.length < MAX_EARLY) user.early.push(whole)
  }

  #headerFor(source: UdpAddress): Buffer {
    return proxyHeader('v2', { source, destination: this.#target, datagrams: true })
  }

  #open(key: string, from: UdpAddress): User | null {
    if (this.#users.size >= MAX_USERS) {
      this.#options.onFail(`more than ${MAX_USERS} users at once`)
      return null
    }
    const user: User = { early: [], socket: null, timer: null, usedAt: this.#options.clock.now(), closed: false }
    this.#users.set(key, user)
    this.#watch(key, user)
    void this.#options
      .openDatagrams(this.#bindAddress, (bytes, service) => {
        if (service.port !== this.#target.port) return // not the service's
        user.usedAt = this.#options.clock.now()
        this.#options.toUser(bytes, from)
      })
      .then((opened) => {
        if (opened.type === 'failed') {
          if (!user.closed) this.#options.onFail(`no local socket for a user: ${opened.text}`)
          return this.#forget(key, user)
        }
        if (user.closed) return void opened.close()
        user.socket = opened
        for (const bytes of user.early.splice(0)) opened.send(bytes, this.#target)
      })
    return user
  }

  /** A service on this machine is asked from a socket that others can't reach. */
  get #bindAddress(): string {
    const { host } = this.#target
    if (host === 'localhost' || host.startsWith('127.')) return '127.0.0.1:0'
    return host.includes(':') ? (host === '::1' ? '[::1]:0' : '[::]:0') : '0.0.0.0:0'
  }

  #watch(key: string, user: User): void {
    const { clock } = this.#options
    // The same sum both times: what is left must not be nothing while it is not over.
    const leftMs = (): number => user.usedAt + IDLE_MS - clock.now()
    user.timer = clock.setTimeout(() => (leftMs() <= 0 ? this.#forget(key, user) : this.#watch(key, user)), leftMs())
  }

  #forget(key: string, user: User): void {
    if (user.closed) return
    user.closed = true
    this.#users.delete(key)
    this.#options.clock.clearTimeout(user.timer)
    void user.socket?.close()
  }
}
